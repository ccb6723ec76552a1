"""BERT-readable features: unpadded token ids with their mask, batch by batch as Arrow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_code.reviews.identity import MultisetHash
from pipeline_code.reviews.tokenization import Backend, Ragged
from pipeline_code.reviews.truncation import Truncation

SCHEMA = pa.schema(
    [
        ("review_id", pa.string()),
        ("group_id", pa.string()),
        ("split_key", pa.string()),
        ("review_body", pa.string()),
        ("source", pa.string()),
        ("label", pa.string()),
        ("label_id", pa.int64()),
        ("event_time", pa.float64()),
        ("attributes", pa.string()),
        ("split", pa.string()),
        ("length", pa.int32()),
        ("input_ids", pa.list_(pa.int32())),
        ("attention_mask", pa.list_(pa.int8())),
    ]
)
HISTOGRAM_BIN = 8
REVIEW_COLUMNS = SCHEMA.names[: SCHEMA.names.index("length")]
_TEXTS = [name for name in REVIEW_COLUMNS if SCHEMA.field(name).type == pa.string()]
_ID_BYTES = 4
_DIGEST_WORDS = 8


def features_version(tokenizer_fingerprint: str, max_seq_length: int, truncation: str) -> str:
    """16 hex digits that name what token ids were made with."""
    made_with = f"{tokenizer_fingerprint}\0{max_seq_length}\0{truncation}"
    return hashlib.sha256(made_with.encode()).hexdigest()[:16]


class ContentHash(MultisetHash):
    """A hash of rows of features, token ids included: the same in any order, over any number of shards.

    A row counts with the SHA-256 of its numbers and of its texts' lengths, its texts, and its token ids.
    """

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch with the columns of `SCHEMA`."""
        numeric, texts, tokens = _numeric(batch), _texts(batch), ragged(batch.column("input_ids"))
        ids, bounds = tokens.ids.astype("<i4").tobytes(), (tokens.offsets * _ID_BYTES).tolist()
        digests = [
            hashlib.sha256(number + text + ids[start:end]).digest()
            for number, text, start, end in zip(numeric, texts, bounds[:-1], bounds[1:], strict=True)
        ]
        words = np.frombuffer(b"".join(digests), ">u4").reshape(-1, _DIGEST_WORDS)
        for power, total in enumerate(reversed(words.sum(axis=0, dtype=np.uint64).tolist())):
            self.merge(MultisetHash(total << (32 * power)))


def _numeric(batch: pa.RecordBatch) -> list[bytes]:
    """Class, time and the lengths of the texts of each row, as bytes."""
    columns = [
        numbers(batch.column("label_id")).astype("<i8"),
        numbers(batch.column("event_time")).astype("<f8"),
        *(numbers(pc.binary_length(batch.column(name))).astype("<i4") for name in _TEXTS),
    ]
    table = np.hstack([column[:, np.newaxis].view("u1") for column in columns])
    width, whole = table.shape[1], table.tobytes()
    return [whole[start : start + width] for start in range(0, len(whole), width)]


def _texts(batch: pa.RecordBatch) -> list[bytes]:
    """The texts of each row end to end, as UTF-8."""
    columns = (batch.column(name).to_pylist() for name in _TEXTS)
    return ["".join(row).encode() for row in zip(*columns, strict=True)]


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

    def add(self, batch: pa.RecordBatch, full_lengths: NDArray[np.int64]) -> None:
        """Count rows of features; `full_lengths` are their tokens before truncation."""
        lengths = numbers(batch.column("length"))
        self.rows += batch.num_rows
        self.tokens += int(lengths.sum())
        self.truncated += int((full_lengths > lengths).sum())
        self.longest = max(self.longest, int(full_lengths.max(initial=0)))
        for counted in batch.column("label").value_counts().to_pylist():
            self.classes[counted["values"]] = self.classes.get(counted["values"], 0) + counted["counts"]
        starts, counts = np.unique(full_lengths // HISTOGRAM_BIN * HISTOGRAM_BIN, return_counts=True)
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            self.histogram[start] = self.histogram.get(start, 0) + count
        self.content.add(batch)

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


@dataclass(frozen=True)
class Featurizer:
    """Makes features of reviews; without state, so that any rows may come in any batches.

    Parameters
    ----------
    backend
        Turns texts into ids.
    truncation
        Cuts what is too long.
    """

    backend: Backend
    truncation: Truncation

    def features(self, reviews: pa.RecordBatch) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
        """Return features of reviews (columns of `store.SCHEMA`), and their lengths before truncation."""
        whole = self.backend.encode(reviews.column("review_body").to_pylist())
        return assemble(reviews, self.truncation.cut(whole)), whole.lengths

    def stored_features(
        self, reviews: pa.RecordBatch, tokens: Ragged, current: NDArray[np.bool_]
    ) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
        """As `features`, of reviews whose token ids are known already.

        Parameters
        ----------
        reviews
            With the columns of `store.SCHEMA`.
        tokens
            Their ids.
        current
            Which of these were made with this tokenizer and truncation; the others are made again.
        """
        ids, full_lengths = tokens.lists(), tokens.lengths
        asked = np.flatnonzero(~current | (full_lengths >= self.truncation.max_seq_length))
        whole = self.backend.encode(reviews.column("review_body").take(asked).to_pylist())
        full_lengths[asked] = whole.lengths
        for row, fresh in zip(asked.tolist(), self.truncation.cut(whole).lists(), strict=True):
            if not current[row]:
                ids[row] = fresh
        return assemble(reviews, Ragged.of_lists(ids)), full_lengths


def assemble(reviews: pa.RecordBatch, tokens: Ragged) -> pa.RecordBatch:
    """Rows with the columns of `SCHEMA` from reviews and their token ids."""
    offsets = arrow(tokens.offsets.astype(np.int32), pa.int32())
    made = [
        arrow(tokens.lengths.astype(np.int32), pa.int32()),
        pa.ListArray.from_arrays(offsets, arrow(tokens.ids, pa.int32())),
        pa.ListArray.from_arrays(offsets, arrow(np.ones(len(tokens.ids), np.int8), pa.int8())),
    ]
    return pa.RecordBatch.from_arrays(
        [*(reviews.column(name) for name in REVIEW_COLUMNS), *made], schema=SCHEMA
    )


def arrow(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """As `pa.array`, which would load pandas."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def ragged(column: pa.ListArray) -> Ragged:
    """Lists of ids of an Arrow column."""
    return Ragged.of_lengths(numbers(column.flatten()), numbers(column.value_lengths()).astype(np.int64))


def numbers(column: pa.Array) -> NDArray[Any]:
    """A numeric column without nulls as numpy; `to_numpy` would load pandas."""
    return np.from_dlpack(column)
