from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.identity import DatasetTally, Recipe, RowsHash, dataset_card, dataset_hash

RECIPE = Recipe("tok", "rule", 128, "Head")
CONTRACT = {"name": "c", "version": "1.0.0", "sha256": "ab"}


def row(number: int) -> dict[str, Any]:
    return {
        "review_id": str(number),
        "group_id": "g",
        "split_key": "g",
        "review_body": "good",
        "source": "amazon",
        "label": "positive" if number % 2 else "negative",
        "label_id": number % 2,
        "event_time": 1.5,
        "attributes": "{}",
        "split": "train" if number < 6 else "test",
    }


def card(rows: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    tally = DatasetTally()
    for item in rows:
        tally.add(item)
    source = {"tag": "a", "licence": "MIT", "labelled_by": None, "reviews": 3, "files": []}
    values = {
        "contract": CONTRACT,
        "splits": ("train", "validation", "test"),
        "class_names": ["negative", "positive"],
        "sources": [source],
    }
    return dataset_card(tally, RECIPE, **(values | changes))


@given(st.permutations(range(8)), st.integers(0, 8))
def test_the_rows_hash_knows_neither_order_nor_shards(order: list[int], cut: int) -> None:
    whole, first, second = DatasetTally(), DatasetTally(), DatasetTally()
    for number in range(8):
        whole.add(row(number))
    for shard, numbers in ((first, order[:cut]), (second, order[cut:])):
        for number in numbers:
            shard.add(row(number))
    first.merge(second)
    assert first.content.hexdigest() == whole.content.hexdigest()
    assert first.splits == whole.splits
    assert RowsHash.parse(whole.content.hexdigest()).hexdigest() == whole.content.hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"review_id": "9"},
        {"group_id": "h"},
        {"split_key": "h"},
        {"review_body": "bad"},
        {"source": "b"},
        {"label_id": 0},
        {"event_time": 2.0},
        {"attributes": '{"a": "b"}'},
        {"split": "test"},
    ],
)
def test_the_rows_hash_sees_every_change(change: dict[str, Any]) -> None:
    before, after = RowsHash(), RowsHash()
    before.add(row(1))
    after.add(row(1) | change)
    assert before.hexdigest() != after.hexdigest()


def test_the_same_row_twice_is_another_dataset() -> None:
    assert card([row(1), row(1)])["rows_hash"] not in {card([row(1)])["rows_hash"], card([])["rows_hash"]}


@pytest.mark.parametrize(
    "recipe",
    [
        replace(RECIPE, tokenizer_fingerprint="other"),
        replace(RECIPE, split_rule="other"),
        replace(RECIPE, max_seq_length=64),
        replace(RECIPE, truncation="HeadTail"),
    ],
)
def test_the_dataset_hash_covers_tokenizer_split_rule_length_and_truncation(recipe: Recipe) -> None:
    assert dataset_hash("00", "ab", recipe) != dataset_hash("00", "ab", RECIPE)
    assert dataset_hash("01", "ab", RECIPE) != dataset_hash("00", "ab", RECIPE)
    assert dataset_hash("00", "ac", RECIPE) != dataset_hash("00", "ab", RECIPE)


def test_the_card_counts_rows_and_names_what_the_dataset_is_made_of() -> None:
    found = card([row(number) for number in range(8)], left_out=2)
    assert found["rows"] == 8
    assert found["classes"] == {"negative": 4, "positive": 4}
    assert found["splits"]["train"] == {"rows": 6, "classes": {"negative": 3, "positive": 3}}
    assert found["splits"]["validation"] == {"rows": 0, "classes": {"negative": 0, "positive": 0}}
    assert (found["left_out"], found["features"], found["feature_group"]) == (2, "run", None)
    assert found["sources"] == [{"tag": "a", "licence": "MIT", "reviews": 3, "files": []}]
    assert (found["contract"], found["max_seq_length"], found["truncation"]) == (CONTRACT, 128, "Head")


def test_the_way_the_features_were_read_is_on_the_card_and_not_in_the_hash() -> None:
    from_store = card([row(1)], features="2026-11-24T10:00:00.000Z", feature_group="reviews")
    assert from_store["features"] == "2026-11-24T10:00:00.000Z"
    assert from_store["feature_group"] == "reviews"
    assert from_store["hash"] == card([row(1)])["hash"]
