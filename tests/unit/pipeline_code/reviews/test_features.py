from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews import store
from pipeline_code.reviews.encoder import load_tokenizer
from pipeline_code.reviews.features import (
    SCHEMA,
    ContentHash,
    Featurizer,
    SplitTally,
    features_version,
    ragged,
)
from pipeline_code.reviews.tokenization import Ragged, backend_for
from pipeline_code.reviews.truncation import HEAD, HEAD_TAIL, truncation_for
from tests.unit.pipeline_code.workspace import Workspace


def review(text: str, **changes: Any) -> dict[str, Any]:
    return {
        "review_id": "1_1",
        "group_id": "1",
        "split_key": "1",
        "review_body": text,
        "source": "amazon",
        "rating": 1.0,
        "label": "positive",
        "label_id": 2,
        "event_time": 0.0,
        "attributes": "{}",
        "split": "train",
    } | changes


def reviews(*rows: dict[str, Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=store.SCHEMA)


def rows(*numbers: int, **changes: Any) -> pa.RecordBatch:
    """Features of reviews with these ids."""
    made = [
        review("good", review_id=str(number))
        | {"length": 3, "input_ids": [2, number, 3], "attention_mask": [1, 1, 1]}
        | changes
        for number in numbers
    ]
    return pa.RecordBatch.from_pylist(made, schema=SCHEMA)


def featurizer(workspace: Workspace, kind: str = HEAD) -> Featurizer:
    tokenizer = load_tokenizer(workspace.encoder)
    return Featurizer(backend_for(tokenizer), truncation_for(tokenizer, kind, 12))


def digest(*batches: pa.RecordBatch) -> str:
    content = ContentHash()
    for batch in batches:
        content.add(batch)
    return content.hexdigest()


def test_features_are_unpadded_and_keep_the_mask(prepared: Workspace) -> None:
    batch, lengths = featurizer(prepared).features(reviews(review("good phone"), review("bad")))
    assert batch.schema == SCHEMA
    short = batch.to_pylist()[0]
    assert lengths[0] == short["length"] == len(short["input_ids"]) == len(short["attention_mask"]) == 4
    assert set(short["attention_mask"]) == {1}


def test_truncation_keeps_the_closing_token_and_tells_the_full_length(prepared: Workspace) -> None:
    texts = reviews(review("good " * 20), review("bad"), review("love " * 30))
    batch, lengths = featurizer(prepared).features(texts)
    assert lengths.tolist() == [22, 3, 32]
    assert batch.column("length").to_pylist() == [12, 3, 12]
    closing = load_tokenizer(prepared.encoder).token_to_id("[SEP]")
    assert {row["input_ids"][-1] for row in batch.to_pylist()} == {closing}
    tally = SplitTally()
    tally.add(batch, lengths)
    report = tally.report()
    assert (report["truncated"], report["longest"], report["tokens"]) == (2, 32, 27)
    assert report["classes"] == {"positive": 3}
    assert report["length_histogram"] == {"0": 1, "16": 1, "32": 1}


@pytest.mark.parametrize("kind", [HEAD, HEAD_TAIL])
def test_ids_from_the_store_stay_and_outdated_ones_are_made_again(prepared: Workspace, kind: str) -> None:
    texts = reviews(review("good " * 20), review("bad"), review("love " * 30), review("box blue"))
    expected, full_lengths = featurizer(prepared, kind).features(texts)
    stored = ragged(expected.column("input_ids")).lists()
    stored[1], stored[2] = [7, 7], [8] * 5
    current = np.array([True, False, False, True])
    batch, lengths = featurizer(prepared, kind).stored_features(texts, Ragged.of_lists(stored), current)
    assert batch.equals(expected)
    assert lengths.tolist() == full_lengths.tolist()
    stored[3] = [9, 9, 9]
    batch, _ = featurizer(prepared, kind).stored_features(texts, Ragged.of_lists(stored), current)
    assert batch.column("input_ids").to_pylist()[3] == [9, 9, 9]


def test_the_version_names_tokenizer_length_and_truncation() -> None:
    versions = {
        features_version("a", 12, HEAD),
        features_version("b", 12, HEAD),
        features_version("a", 16, HEAD),
        features_version("a", 12, HEAD_TAIL),
    }
    assert len(versions) == 4
    assert {len(version) for version in versions} == {16}


@given(st.permutations(range(8)), st.integers(0, 8))
def test_the_content_hash_knows_neither_order_nor_shards(order: list[int], cut: int) -> None:
    first, second = ContentHash(), ContentHash()
    first.add(rows(*order[:cut]))
    second.add(rows(*order[cut:]))
    first.merge(ContentHash.parse(second.hexdigest()))
    assert first.hexdigest() == digest(rows(*range(8)))


@pytest.mark.parametrize(
    "change",
    [
        {"review_body": "bad"},
        {"label_id": 0},
        {"input_ids": [2, 3]},
        {"group_id": "2"},
        {"event_time": 1.0},
        {"attributes": '{"a":"b"}'},
        {"split": "test"},
        {"review_id": "11", "group_id": ""},
    ],
)
def test_the_content_hash_sees_every_change(change: dict[str, Any]) -> None:
    assert digest(rows(1)) != digest(rows(1, **change))


def test_the_content_hash_of_a_slice_is_that_of_its_rows() -> None:
    assert digest(rows(1, 2, 3, 4).slice(1, 2)) == digest(rows(2, 3))


def test_the_same_row_twice_is_another_content() -> None:
    assert digest(rows(1, 1)) not in {digest(rows(1)), digest()}
