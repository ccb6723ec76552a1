from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.encoder import load_tokenizer
from pipeline_code.reviews.features import ContentHash, SplitTally, featurize
from tests.unit.pipeline_code.workspace import Workspace


def review(text: str) -> dict[str, Any]:
    return {
        "review_id": "1_1",
        "group_id": "1",
        "review_body": text,
        "source": "amazon",
        "rating": 1.0,
        "label": "positive",
        "label_id": 2,
        "event_time": 0.0,
    }


def row(number: int, text: str = "good") -> dict[str, Any]:
    return review(text) | {"review_id": str(number), "input_ids": [2, number, 3]}


def test_features_are_unpadded_and_keep_the_mask(prepared: Workspace) -> None:
    tokenizer = load_tokenizer(prepared.encoder)
    ((short, length),) = featurize([[review("good phone")]], tokenizer, 12)
    assert length == short["length"] == len(short["input_ids"]) == len(short["attention_mask"]) == 4
    assert set(short["attention_mask"]) == {1}
    assert "rating" not in short


def test_truncation_keeps_the_closing_token_and_tells_the_full_length(prepared: Workspace) -> None:
    tokenizer = load_tokenizer(prepared.encoder)
    texts = [review("good " * 20), review("bad"), review("love " * 30)]
    found = list(featurize([texts], tokenizer, 12))
    assert [length for _, length in found] == [22, 3, 32]
    assert [item["length"] for item, _ in found] == [12, 3, 12]
    assert {item["input_ids"][-1] for item, _ in found} == {tokenizer.token_to_id("[SEP]")}
    tally = SplitTally()
    for item, length in found:
        tally.add(item, length)
    assert tally.report()["truncated"] == 2
    assert tally.report()["longest"] == 32


@given(st.permutations(range(8)), st.integers(0, 8))
def test_the_content_hash_knows_neither_order_nor_shards(order: list[int], cut: int) -> None:
    whole, first, second = ContentHash(), ContentHash(), ContentHash()
    for number in range(8):
        whole.add(row(number))
    for shard, numbers in ((first, order[:cut]), (second, order[cut:])):
        for number in numbers:
            shard.add(row(number))
    first.merge(ContentHash.parse(second.hexdigest()))
    assert first.hexdigest() == whole.hexdigest()


@pytest.mark.parametrize(
    "change",
    [{"review_body": "bad"}, {"label_id": 0}, {"input_ids": [2, 3]}, {"group_id": "2"}, {"event_time": 1.0}],
)
def test_the_content_hash_sees_every_change(change: dict[str, Any]) -> None:
    before, after = ContentHash(), ContentHash()
    before.add(row(1))
    after.add(row(1) | change)
    assert before.hexdigest() != after.hexdigest()


def test_the_same_row_twice_is_another_content() -> None:
    twice = ContentHash()
    twice.add(row(1))
    twice.add(row(1))
    assert twice.hexdigest() != ContentHash().hexdigest()
