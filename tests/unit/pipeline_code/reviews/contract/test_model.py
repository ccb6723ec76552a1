from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline_code.reviews.contract import Contract, read_contract

STARS = Path(__file__).resolve().parents[5] / "config" / "contracts" / "star-ratings.toml"


def contract(**changes: Any) -> Contract:
    values = read_contract(STARS).model_dump()
    values["sources"][0]["attributes"] = {"department": "Department Name"}
    return Contract.model_validate(values | changes)


def source(**changes: Any) -> dict[str, Any]:
    return contract().sources[0].model_dump() | changes


NAMED = {"kind": "named_class", "values": {"n": "negative", "m": "neutral", "p": "positive"}}
SNIPPETS = read_contract(STARS.with_name("amazon-snippets.toml"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sources": [source(), source()]}, "more than one has reviews"),
        (
            {"sources": [source(query={"engine": "duckdb", "sql": "SELECT 1"})]},
            "query goes with format = 'parquet'",
        ),
        (
            {"sources": [source(query={"engine": "athena", "sql": "SELECT 1"}, format="parquet")]},
            "files must name the one file",
        ),
        ({"sources": [source(attributes={"Not A Name": "x"})]}, "sources.0.table.attributes"),
        ({"slices": [{"kind": "source", "name": "a", "source": "shop"}]}, "no source has the tag 'shop'"),
        ({"slices": [{"kind": "label", "name": "a", "label": "bad"}]}, "slices.0.label: no such class: bad"),
        (
            {"slices": [{"kind": "attribute", "name": "a", "attribute": "size", "value": "1"}]},
            "attribute 'size'",
        ),
        ({"slices": [{"kind": "pattern", "name": "a", "pattern": "("}]}, "is not a regular expression"),
        ({"slices": [{"kind": "words", "name": "a"}]}, "needs min_words or max_words"),
        ({"slices": [{"kind": "words", "name": "a", "min_words": 3, "max_words": 2}]}, "must not be less"),
        ({"slices": [{"kind": "words", "name": "a", "max_words": 2}] * 2}, "more than one has a"),
        ({"must_pass": [{"text": "good", "label": "fine"}]}, "must_pass.0.label: no such class: fine"),
        ({"must_pass": [{"text": " ", "label": "positive"}]}, "must_pass.0.text"),
        ({"label_rule": NAMED | {"values": {"n": "bad"}}}, "label_rule.values: no such class: bad"),
        ({"label_rule": NAMED | {"values": {"n": "negative"}}}, "no value means neutral, positive"),
        ({"label_rule": {"kind": "guess"}}, "label_rule"),
        ({"cleaning": {"near_duplicates": "count"}}, "cleaning.near_duplicates"),
        ({"cleaning": {"near_duplicate_similarity": 0.2}}, "cleaning.near_duplicate_similarity"),
        ({"cleaning": {"languages": ["english"]}}, "cleaning.languages.0"),
    ],
)
def test_sections_that_contradict_each_other_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        contract(**changes)
    assert named in str(caught.value)


def test_ratings_of_several_people_need_a_scale() -> None:
    with pytest.raises(ValidationError, match="need a label_rule with a scale"):
        Contract.model_validate(SNIPPETS.model_dump() | {"label_rule": NAMED})


def test_the_columns_of_a_source_stand_there_once() -> None:
    shop = contract(
        sources=[source(attributes={"when": "review_date", "size": "Size"}, required=["Size", "Title"])]
    )
    (table,) = shop.sources
    assert table.kind == "table"
    assert table.column_names() == ["review_body", "star_rating", "review_id", "review_date", "Size", "Title"]
    assert shop.attribute_names == ["size", "when"]
