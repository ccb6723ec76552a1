"""Training data from the Feature Store: a snapshot's rows with their splits, and which dataset they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_code.reviews import store
from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.feature_store import Snapshot
from pipeline_code.reviews.identity import DatasetTally
from pipeline_code.reviews.lengths import LengthTally
from pipeline_code.reviews.splits import HASH, SplitShares, course_split
from pipeline_code.reviews.tokenization import Backend, Ragged

Row = dict[str, Any]
_UNKNOWN_LICENCE = "not in this contract"


class RetrievalError(BertlineError):
    """The Feature Store holds nothing to train from, or a review that the contract does not allow."""


@dataclass(frozen=True)
class StoredBatch:
    """Reviews of a snapshot: the columns of `store.SCHEMA`, their token ids and those ids' version."""

    reviews: pa.RecordBatch
    tokens: Ragged
    versions: list[str]

    def made_with(self, version: str) -> NDArray[np.bool_]:
        """Which rows have ids of this version."""
        return np.array([found == version for found in self.versions], np.bool_)


class StoredReviews:
    """The reviews of a snapshot as a dataset. It is read several times and never held in memory.

    Parameters
    ----------
    snapshot
        What the Feature Store held at a time.
    contract
        Whose classes the labels must be.
    shares, protocol, seed
        The split rule. Under the protocol Course, ids and labels are held in memory.

    Raises
    ------
    RetrievalError
        The snapshot is empty, or a label is no class of the contract.
    """

    def __init__(
        self, snapshot: Snapshot, contract: Contract, shares: SplitShares, protocol: str, seed: int
    ) -> None:
        if not snapshot.rows:
            raise RetrievalError(
                f"feature group {snapshot.group} held no reviews at that time: choose a later FeaturesAsOf"
            )
        self._snapshot, self._contract = snapshot, contract
        self._split_of = self._split_rule(shares, protocol, seed)

    def rows(self, index: int = 0, count: int = 1) -> Iterator[list[Row]]:
        """Yield the rows of a share that have a split, with it."""
        for batch in self._snapshot.batches(index, count):
            placed = [row | {"split": self._split_of(row), "rating": None} for row in batch]
            yield [row for row in placed if row["split"] is not None]

    def batches(self, index: int, count: int) -> Iterator[StoredBatch]:
        """Yield the rows of a share as Arrow, with their token ids."""
        for rows in self.rows(index, count):
            yield StoredBatch(
                pa.RecordBatch.from_pylist(rows, schema=store.SCHEMA),
                Ragged.of_lists([row["input_ids"] for row in rows]),
                [row["features_version"] for row in rows],
            )

    def choose_length(self, backend: Backend, positions: int) -> int:
        """The length that suits these texts; it depends on nothing else, so it stays the same."""
        lengths = LengthTally()
        for rows in self.rows():
            lengths.add_lengths(backend.encode([row["review_body"] for row in rows]).lengths.tolist())
        return lengths.choose(positions)

    def count(self) -> tuple[DatasetTally, int, list[dict[str, Any]]]:
        """Return the tally of all rows, how many the split rule left out, and their sources."""
        tally, sources = DatasetTally(), Counter[str]()
        for rows in self.rows():
            for row in rows:
                tally.add(row)
                sources[row["source"]] += 1
        licences = {source.tag: source.licence for source in self._contract.sources}
        named = [
            {"tag": tag, "licence": licences.get(tag, _UNKNOWN_LICENCE), "reviews": reviews, "files": []}
            for tag, reviews in sorted(sources.items())
        ]
        return tally, self._snapshot.rows - sources.total(), named

    def _split_rule(self, shares: SplitShares, protocol: str, seed: int) -> Callable[[Row], str | None]:
        if protocol == HASH:
            for _ in self._checked():
                pass
            return lambda row: shares.split_of(row["split_key"])
        review_ids: list[str] = []
        label_ids: list[int] = []
        for row in self._checked():
            review_ids.append(row["review_id"])
            label_ids.append(row["label_id"])
        splits = course_split(review_ids, np.array(label_ids, np.int64), shares, seed)
        chosen = dict(zip(review_ids, splits, strict=True))
        return lambda row: chosen[row["review_id"]]

    def _checked(self) -> Iterator[Row]:
        classes = dict(enumerate(self._contract.class_names))
        for batch in self._snapshot.batches():
            for row in batch:
                if classes.get(row["label_id"]) != row["label"]:
                    raise RetrievalError(
                        f"review_id {row['review_id']} of feature group {self._snapshot.group} has label "
                        f"{row['label']!r} with label_id {row['label_id']}, which is no class of contract "
                        f"{self._contract.name}: write a corrected event"
                    )
                yield row
