"""BERT-readable features: unpadded token ids with their mask, as Parquet with provenance metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from tokenizers import Tokenizer

SCHEMA = pa.schema(
    [
        ("review_id", pa.string()),
        ("group_id", pa.string()),
        ("review_body", pa.string()),
        ("source", pa.string()),
        ("label", pa.string()),
        ("label_id", pa.int64()),
        ("event_time", pa.float64()),
        ("split", pa.string()),
        ("length", pa.int32()),
        ("input_ids", pa.list_(pa.int32())),
        ("attention_mask", pa.list_(pa.int8())),
    ]
)
HISTOGRAM_BIN = 8
_MODULUS = 1 << 256


class ContentHash:
    """A hash of a set of rows: the same in any order, over any number of shards.

    The SHA-256 of the rows are added modulo 2**256 (a multiset hash), so shards add up.
    """

    def __init__(self, value: int = 0) -> None:
        self._value = value

    @classmethod
    def parse(cls, text: str) -> ContentHash:
        """From `hexdigest`."""
        return cls(int(text, 16))

    def add(self, row: dict[str, Any]) -> None:
        """Add one row of features."""
        fields = (row["review_id"], row["group_id"], row["review_body"], row["label_id"], row["event_time"])
        digest = hashlib.sha256(repr(fields).encode())
        digest.update(" ".join(map(str, row["input_ids"])).encode())
        self._value = (self._value + int.from_bytes(digest.digest(), "big")) % _MODULUS

    def merge(self, other: ContentHash) -> None:
        """Add the rows that another hash stands for."""
        self._value = (self._value + other._value) % _MODULUS

    def hexdigest(self) -> str:
        """64 hex digits; all zero for no rows."""
        return f"{self._value:064x}"


@dataclass
class SplitTally:
    """What one split holds, as it goes to the report of Prepare."""

    rows: int = 0
    tokens: int = 0
    truncated: int = 0
    longest: int = 0
    classes: dict[str, int] = field(default_factory=dict)
    histogram: dict[int, int] = field(default_factory=dict)
    content: ContentHash = field(default_factory=ContentHash)

    def add(self, row: dict[str, Any], full_length: int) -> None:
        """Count one row; `full_length` is its number of tokens before truncation."""
        self.rows += 1
        self.tokens += row["length"]
        self.truncated += full_length > row["length"]
        self.longest = max(self.longest, full_length)
        self.classes[row["label"]] = self.classes.get(row["label"], 0) + 1
        start = full_length // HISTOGRAM_BIN * HISTOGRAM_BIN
        self.histogram[start] = self.histogram.get(start, 0) + 1
        self.content.add(row)

    def report(self) -> dict[str, Any]:
        """As JSON; lengths are in tokens before truncation, the histogram's keys are bin starts."""
        return {
            "rows": self.rows,
            "classes": dict(sorted(self.classes.items())),
            "tokens": self.tokens,
            "truncated": self.truncated,
            "truncated_share": self.truncated / self.rows if self.rows else 0.0,
            "longest": self.longest,
            "length_histogram": {str(start): count for start, count in sorted(self.histogram.items())},
            "content_hash": self.content.hexdigest(),
        }


def featurize(
    reviews: Iterable[list[dict[str, Any]]], tokenizer: Tokenizer, max_seq_length: int
) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield (features of a review without its split, its length in tokens before truncation).

    `reviews` are batches of validated reviews. Truncation keeps the start of a text and the closing
    special token, as the tokenizer itself does it.
    """
    for batch in reviews:
        texts = [row["review_body"] for row in batch]
        tokenizer.no_truncation()
        ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
        lengths = [len(item) for item in ids]
        long = [position for position, length in enumerate(lengths) if length > max_seq_length]
        tokenizer.enable_truncation(max_seq_length)
        cut = tokenizer.encode_batch_fast([texts[position] for position in long])
        for position, encoding in zip(long, cut, strict=True):
            ids[position] = encoding.ids
        for row, kept, length in zip(batch, ids, lengths, strict=True):
            yield _features(row, kept), length


def _features(row: dict[str, Any], ids: list[int]) -> dict[str, Any]:
    kept = {name: row[name] for name in row if name != "rating"}
    return kept | {"length": len(ids), "input_ids": ids, "attention_mask": [1] * len(ids)}
