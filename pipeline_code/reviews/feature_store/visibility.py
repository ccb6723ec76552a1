"""Which events of the online store the offline store does not show yet, in a few bytes a review."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from pipeline_code.reviews.feature_store.client import CONNECTIONS
from pipeline_code.reviews.feature_store.online import IDS_PER_CALL, OnlineReader
from pipeline_code.reviews.feature_store.parallel import ahead, slices

_Keys = np.ndarray[Any, np.dtype[np.uint64]]
_EVENT = np.dtype([("review", np.uint64), ("event_time", np.float64), ("deleted", np.bool_)])


class OfflineEvents:
    """The events that were read from the offline store."""

    COLUMNS: ClassVar = ("review_id", "event_time", "record_hash", "label_id", "is_deleted")

    def __init__(self) -> None:
        self._versions: list[_Keys] = [np.empty(0, np.uint64)]
        self._events: list[Any] = [np.empty(0, _EVENT)]

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the rows of a batch with the columns `COLUMNS`."""
        columns = [batch[name].to_pylist() for name in self.COLUMNS]
        versions = [_version(*row[:4]) for row in zip(*columns, strict=True)]
        self._versions.append(np.array(versions, np.uint64))
        events = [(_hash(name), at, bool(gone)) for name, at, _, _, gone in zip(*columns, strict=True)]
        self._events.append(np.array(events, _EVENT))

    def lacks(self, versions: _Keys) -> Any:
        """Which of these versions are not there, as booleans."""
        self._versions = [np.unique(np.concatenate(self._versions))]
        return ~np.isin(versions, self._versions[0])

    def live(self, reviews: _Keys) -> Any:
        """Which of these reviews have a latest event that is no deletion, as booleans."""
        events = np.concatenate(self._events)
        events = events[np.lexsort((events["deleted"], events["event_time"], events["review"]))]
        last = np.append(events["review"][1:] != events["review"][:-1], True)
        events = events[last[: len(events)]]
        self._events = [events]
        return np.isin(reviews, events["review"][~events["deleted"]])


class OnlineEvents:
    """The latest events of the online store, for the reviews that were asked for.

    Parameters
    ----------
    reader
        Reads event_time, record_hash and label_id.
    as_of
        UNIX seconds; later events are of no interest.
    """

    def __init__(self, reader: OnlineReader, as_of: float) -> None:
        self._reader, self._as_of = reader, as_of
        self._asked = np.empty(0, np.uint64)
        self._versions, self._ids = np.empty(0, np.uint64), pa.chunked_array([], pa.string())
        self._absent, self._absent_ids = np.empty(0, np.uint64), pa.chunked_array([], pa.string())

    @property
    def count(self) -> int:
        """How many events there are, counting each absent review as one that may be a deletion."""
        return len(self._versions) + len(self._absent)

    def ask(self, ids: Iterable[str]) -> None:
        """Read the reviews of `ids` that were not read before."""
        for some in slices(ids, 100 * IDS_PER_CALL):
            keys = {name: _hash(name) for name in dict.fromkeys(some)}
            known = np.isin(np.fromiter(keys.values(), np.uint64, len(keys)), self._asked)
            new = [name for name, there in zip(keys, known, strict=True) if not there]
            self._asked = np.union1d(self._asked, np.array([keys[name] for name in new], np.uint64))
            self._read(new)

    def missing(self, offline: OfflineEvents) -> list[str]:
        """The review_ids whose event, or deletion, is not in the offline store."""
        lagging = self._ids.filter(pa.array(offline.lacks(self._versions)))
        deleted = self._absent_ids.filter(pa.array(offline.live(self._absent)))
        return [*lagging.to_pylist(), *deleted.to_pylist()]

    def _read(self, ids: list[str]) -> None:
        present: dict[str, int] = {}
        absent: list[str] = []
        batches = list(slices(ids, IDS_PER_CALL))
        found = ahead(self._reader.read, batches, threads=CONNECTIONS, in_flight=2 * CONNECTIONS)
        for batch, records in zip(batches, found, strict=True):
            absent += [name for name in batch if name not in records]
            for name, values in records.items():
                at = float(values["event_time"])
                if at <= self._as_of:
                    label = int(values["label_id"]) if "label_id" in values else None
                    present[name] = _version(name, at, values.get("record_hash"), label)
        self._versions = np.append(self._versions, np.fromiter(present.values(), np.uint64, len(present)))
        self._ids = _longer(self._ids, list(present))
        self._absent = np.append(self._absent, np.array([_hash(name) for name in absent], np.uint64))
        self._absent_ids = _longer(self._absent_ids, absent)


def _longer(names: pa.ChunkedArray, more: list[str]) -> pa.ChunkedArray:
    return pa.chunked_array([*names.chunks, pa.array(more, pa.string())], pa.string())


def _version(review_id: str, event_time: float, record_hash: str | None, label_id: int | None) -> int:
    return _hash(f"{review_id}\0{event_time!r}\0{record_hash}\0{label_id}")


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
