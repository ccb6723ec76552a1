import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.slices import slice_members

STARS = Path(__file__).resolve().parents[4] / "config" / "contracts" / "star-ratings.toml"
SLICES = [
    {"kind": "pattern", "name": "refund", "pattern": "(?i)refund"},
    {"kind": "attribute", "name": "dresses", "attribute": "department", "value": "Dresses"},
    {"kind": "attribute", "name": "nowhere", "attribute": "department", "value": ""},
    {"kind": "source", "name": "shop", "source": "reviews"},
    {"kind": "label", "name": "complaints", "label": "negative"},
    {"kind": "words", "name": "short", "max_words": 3},
    {"kind": "words", "name": "long", "min_words": 4},
]


@pytest.fixture(scope="module")
def contract() -> Contract:
    values = read_contract(STARS).model_dump() | {"slices": SLICES}
    values["sources"][0]["attributes"] = {"department": "Department Name"}
    return Contract.model_validate(values)


def row(text: str, **changes: Any) -> dict[str, Any]:
    values = {
        "review_body": text,
        "source": "other",
        "label": "positive",
        "attributes": '{"department": "Tops"}',
    }
    return values | changes


@pytest.mark.parametrize(
    ("item", "names"),
    [
        (row("Where is my REFUND, please?"), ["refund", "long"]),
        (row("nice", attributes=json.dumps({"department": "Dresses"})), ["dresses", "short"]),
        (row("one two three", attributes="{}"), ["nowhere", "short"]),
        (row("one two three four", source="reviews", label="negative"), ["shop", "complaints", "long"]),
    ],
)
def test_a_row_is_in_the_slices_that_describe_it(
    contract: Contract, item: dict[str, Any], names: list[str]
) -> None:
    assert slice_members(contract)(item) == names


@pytest.mark.parametrize(
    ("ratings", "names"),
    [("[5, 5, 4]", ["agreed"]), ("[5, 5, 1]", []), ("[5]", []), (None, [])],
)
def test_people_agree_on_a_row_only_where_several_rated_it(
    contract: Contract, ratings: str | None, names: list[str]
) -> None:
    agreed = {"kind": "agreement", "name": "agreed", "min_share": 0.9}
    asked = Contract.model_validate(contract.model_dump() | {"slices": [agreed]})
    attributes = "{}" if ratings is None else json.dumps({"ratings": ratings})
    assert slice_members(asked)(row("fine", attributes=attributes)) == names
