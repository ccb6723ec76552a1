"""Prepared features as a job reads them: checked against their own metadata, compact in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_code.reviews import features, store
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.features import ContentHash, numbers, ragged
from pipeline_code.reviews.splits import hash_order

_AGREED = (
    "contract",
    "split_rule",
    "max_seq_length",
    "truncation",
    "tokenizer_fingerprint",
    "features_version",
    "dataset_hash",
    "split",
)
_KEPT = ("review_id", "group_id", "review_body", "source", "attributes", "label_id", "input_ids")


class DatasetError(BertlineError):
    """Prepared features are missing, damaged, or were not made together."""


@dataclass(frozen=True)
class FeatureSet:
    """The rows of one split. `tokens` holds all ids end to end, row i at offsets[i]:offsets[i + 1].

    `attributes` are JSON objects with text values.
    """

    review_ids: list[str]
    group_ids: list[str]
    texts: list[str]
    label_ids: np.ndarray[Any, np.dtype[np.int64]]
    tokens: np.ndarray[Any, np.dtype[np.int32]]
    offsets: np.ndarray[Any, np.dtype[np.int64]]
    metadata: dict[str, str]
    content_hash: str
    sources: list[str]
    attributes: list[str]

    def __len__(self) -> int:
        return len(self.review_ids)

    @property
    def max_seq_length(self) -> int:
        """Tokens at which Prepare truncated."""
        return int(self.metadata["max_seq_length"])

    @property
    def dataset_hash(self) -> str:
        """Identity of the dataset that the split belongs to."""
        return self.metadata["dataset_hash"]

    def ids(self, row: int) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Token ids of one row, unpadded."""
        return self.tokens[self.offsets[row] : self.offsets[row + 1]]

    def lengths(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Tokens a row."""
        return np.diff(self.offsets)


def read_features(directory: Path, split: str) -> FeatureSet:
    """Read all part files of a split, in the order of review ids.

    Raises
    ------
    DatasetError
        No rows, parts made with different parameters, or rows that do not match the recorded hash.
    """
    paths = store.parquet_files(directory, split)
    if not paths:
        raise DatasetError(
            f"{directory} holds no part-*.parquet: the {split} split is empty, give it a larger share"
        )
    metadata = _common_metadata(paths, split)
    content, recorded = ContentHash(), ContentHash()
    batches: list[pa.RecordBatch] = []
    for path in paths:
        recorded.merge(ContentHash.parse(_metadata(path)["content_hash"]))
        for batch in store.read_batches(path, features.SCHEMA.names):
            content.add(batch)
            batches.append(batch.select(list(_KEPT)))
    if content.hexdigest() != recorded.hexdigest():
        raise DatasetError(
            f"{directory}: the rows do not match the hash in the files' metadata; run Prepare again"
        )
    return _assemble(batches, metadata, content.hexdigest())


def balanced_rows(dataset: FeatureSet) -> list[int]:
    """Rows that remain when every class is cut down to the rarest: the first of each in hash order."""
    order = sorted(range(len(dataset)), key=lambda row: hash_order(dataset.review_ids[row]))
    classes, counts = np.unique(dataset.label_ids, return_counts=True)
    kept: list[int] = []
    for label in classes:
        kept += [row for row in order if dataset.label_ids[row] == label][: int(counts.min())]
    return sorted(kept)


def first_rows(dataset: FeatureSet, count: int) -> list[int]:
    """A fixed random sample of `count` rows: the first in hash order."""
    order = sorted(range(len(dataset)), key=lambda row: hash_order(dataset.review_ids[row]))
    return sorted(order[:count])


def _metadata(path: Path) -> dict[str, str]:
    try:
        raw = pq.read_metadata(path).metadata or {}
    except pa.ArrowException as error:
        raise DatasetError(f"{path} is not readable Parquet: {error}") from None
    found = {key.decode(): value.decode() for key, value in raw.items() if not key.startswith(b"ARROW")}
    missing = [key for key in (*_AGREED, "content_hash") if key not in found]
    if missing:
        raise DatasetError(f"{path} lacks the metadata {', '.join(missing)}: it was not written by Prepare")
    return found


def _common_metadata(paths: list[Path], split: str) -> dict[str, str]:
    first = {key: _metadata(paths[0])[key] for key in _AGREED}
    if first["split"] != split:
        raise DatasetError(f"{paths[0]} belongs to the {first['split']} split, not to {split}")
    for path in paths[1:]:
        other = _metadata(path)
        for key in _AGREED:
            if other[key] != first[key]:
                raise DatasetError(f"{path} and {paths[0].name} differ in {key}: {other[key]} / {first[key]}")
    return first


def _assemble(batches: list[pa.RecordBatch], metadata: dict[str, str], content_hash: str) -> FeatureSet:
    table = pa.Table.from_batches(batches).sort_by("review_id").combine_chunks()
    tokens = ragged(table["input_ids"].combine_chunks())
    return FeatureSet(
        review_ids=table["review_id"].to_pylist(),
        group_ids=table["group_id"].to_pylist(),
        texts=table["review_body"].to_pylist(),
        label_ids=numbers(table["label_id"].combine_chunks()).copy(),
        tokens=tokens.ids.copy(),
        offsets=tokens.offsets,
        metadata=metadata,
        content_hash=content_hash,
        sources=table["source"].to_pylist(),
        attributes=table["attributes"].to_pylist(),
    )
