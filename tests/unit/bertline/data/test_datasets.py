"""Datasets are found by the beginning of their hash and shown with everything they were made of."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from bertline.data import datasets
from bertline.errors import BertlineError

CARD = {
    "rows_hash": "5" * 64,
    "rows": 3708,
    "classes": {"negative": 1216, "neutral": 764, "positive": 1728},
    "splits": {
        "train": {"rows": 2967, "classes": {"negative": 973, "neutral": 611, "positive": 1383}},
        "validation": {"rows": 371, "classes": {"negative": 122, "neutral": 76, "positive": 173}},
        "test": {"rows": 370, "classes": {"negative": 121, "positive": 172}},
    },
    "left_out": 0,
    "contract": {"name": "amazon-snippets", "version": "1.1.0", "sha256": "c" * 64},
    "tokenizer_fingerprint": "0123456789abcdef",
    "split_rule": "Hash 0.8/0.1/0.1",
    "max_seq_length": 40,
    "truncation": "Head",
    "features": "run",
    "feature_group": None,
    "sources": [
        {
            "tag": "amazon",
            "licence": "MIT",
            "reviews": 3708,
            "files": [{"name": "a/texts.txt", "bytes": 451000, "sha256": "d" * 64}],
        }
    ],
}


class FakeS3:
    def __init__(self, hashes: list[str]) -> None:
        self.cards = {f"datasets/{one}.json": {**CARD, "hash": one} for one in hashes}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[Any]:
        assert Bucket == "artifacts"
        found = [
            {"Key": key, "LastModified": datetime(2026, 11, 24, 10, minute, tzinfo=UTC)}
            for minute, key in enumerate(self.cards)
            if key.startswith(Prefix)
        ]
        return [{"Contents": found} if found else {}]

    def get_object(self, *, Bucket: str, Key: str) -> Any:
        return {"Body": io.BytesIO(json.dumps(self.cards[Key]).encode())}


ONE, OTHER = "ab12" + "0" * 60, "ab34" + "0" * 60


def test_the_beginning_of_the_hash_suffices() -> None:
    s3 = FakeS3([ONE, OTHER])
    assert datasets.find(s3, "artifacts", "ab1").hash == ONE
    assert datasets.find(s3, "artifacts", f" {OTHER.upper()}").hash == OTHER


def test_an_unknown_hash_names_the_list() -> None:
    with pytest.raises(BertlineError, match="no dataset begins with 'ff': `bertline data list`"):
        datasets.find(FakeS3([ONE]), "artifacts", "ff")


def test_a_beginning_of_several_is_refused() -> None:
    with pytest.raises(BertlineError, match="2 datasets begin with 'ab' .*give more of the hash"):
        datasets.find(FakeS3([ONE, OTHER]), "artifacts", "ab")


def test_the_list_begins_with_the_newest_and_ends_in_time() -> None:
    assert [card.hash for card in datasets.newest(FakeS3([ONE, OTHER]), "artifacts", 5)] == [OTHER, ONE]
    assert [card.hash for card in datasets.newest(FakeS3([ONE, OTHER]), "artifacts", 1)] == [OTHER]


def shown(render: Any) -> str:
    console = Console(file=io.StringIO(), width=200)
    render(console)
    return console.file.getvalue()


def test_a_card_is_shown_whole() -> None:
    card = datasets.find(FakeS3([ONE]), "artifacts", ONE)
    text = shown(lambda console: datasets.show(card, console))
    for part in (ONE, "5" * 64, "amazon-snippets 1.1.0", "c" * 64, "Hash 0.8/0.1/0.1", "0123456789abcdef",
                 "40, Head", "3,708", "1,383", "a/texts.txt", "451,000", "MIT"):  # fmt: skip
        assert part in text, part


def test_a_class_without_rows_in_a_split_is_a_zero() -> None:
    card = datasets.find(FakeS3([ONE]), "artifacts", ONE)
    text = shown(lambda console: datasets.show(card, console))
    (line,) = [line for line in text.splitlines() if "test" in line and "370" in line]
    assert [cell.strip() for cell in line.split("│")[1:-1]] == ["test", "370", "121", "0", "172"]


def test_the_list_says_contract_and_features() -> None:
    cards = datasets.newest(FakeS3([ONE]), "artifacts", 1)
    text = shown(lambda console: console.print(datasets.listed(cards)))
    assert ONE[:16] in text and "amazon-snippets 1.1.0" in text and "2026-11-24 10:00:00" in text


def test_a_dataset_that_was_also_read_from_the_store_shows_the_run_that_made_it() -> None:
    s3 = FakeS3(["ab" * 32])
    later = {**CARD, "hash": "ab" * 32, "features": "2026-11-24T10:00:00.000Z"}
    s3.cards[f"datasets/{'ab' * 32}.as-of-2026-11-24T100000.000Z.json"] = later
    assert datasets.find(s3, "artifacts", "ab").content["features"] == "run"
