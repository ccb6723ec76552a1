"""Records on disk, parted by a hash, so that equal keys can be brought together in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEYED = np.dtype([("high", "<u8"), ("low", "<u8"), ("row", "<u4"), ("label", "<u2")])
"""A key of 16 bytes, the row that has it, and its class."""
BANDED = np.dtype([("high", "<u8"), ("row", "<u4")])
"""The key of a band, and the row that has it."""
_BUFFERED_BYTES = 1 << 19

Records = NDArray[Any]


def keyed(keys: list[bytes], rows: NDArray[Any], labels: NDArray[Any]) -> Records:
    """Records of 16-byte keys."""
    records = np.empty(len(keys), KEYED)
    halves = np.frombuffer(b"".join(keys), "<u8").reshape(-1, 2)
    records["high"], records["low"] = halves[:, 0], halves[:, 1]
    records["row"], records["label"] = rows, labels
    return records


class Partitions:
    """Files of records; all records of one key are in one file.

    Parameters
    ----------
    directory
        An empty folder, made here.
    kind
        `KEYED` or `BANDED`.
    count
        Number of files; what is read at a time is about the whole divided by it.
    """

    def __init__(self, directory: Path, kind: np.dtype[Any], count: int = 64) -> None:
        self._directory, self._kind, self._count = directory, kind, count
        self._buffer: list[Records] = []
        self._buffered = 0
        directory.mkdir()

    def add(self, records: Records) -> None:
        """Take records, in the order of their rows."""
        self._buffer.append(records)
        self._buffered += records.nbytes
        if self._buffered >= _BUFFERED_BYTES:
            self._flush()

    def __iter__(self) -> Iterator[Records]:
        """Yield the records of each file, sorted by key and row."""
        self._flush()
        for number in range(self._count):
            path = self._path(number)
            if path.exists():
                records = np.fromfile(path, self._kind)
                yield records[np.lexsort([records[name] for name in self._order()])]

    def _order(self) -> list[str]:
        return [name for name in ("row", "low", "high") if name in (self._kind.names or ())]

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:05d}"

    def _flush(self) -> None:
        if not self._buffered:
            return
        records = np.concatenate(self._buffer)
        numbers = (records["high"] % np.uint64(self._count)).astype(np.int64)
        order = np.argsort(numbers, kind="stable")
        ends = np.searchsorted(numbers[order], np.arange(self._count + 1))
        for number in np.flatnonzero(np.diff(ends)).tolist():
            with self._path(number).open("ab") as file:
                file.write(records[order[ends[number] : ends[number + 1]]].tobytes())
        self._buffer.clear()
        self._buffered = 0


def key_starts(records: Records) -> NDArray[np.int64]:
    """Where each key begins in sorted records."""
    fresh = np.ones(len(records), dtype=bool)
    for name in ("high", "low"):
        if name in (records.dtype.names or ()):
            changed = records[name][1:] != records[name][:-1]
            fresh[1:] = changed if name == "high" else fresh[1:] | changed
    return np.flatnonzero(fresh)
