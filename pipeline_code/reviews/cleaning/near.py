"""Near duplicates among any number of texts: candidates through bands on disk, each verified exactly."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_code.reviews.cleaning.minhash import Hashes, MinHash, Shingles, shingles_of, similarity
from pipeline_code.reviews.cleaning.partitions import BANDED, Partitions, Records, key_starts

_CHARACTERS = 1 << 18
_RECORDS_OF_A_PARTITION = 100_000
_MOST_PARTITIONS = 4096


class Components:
    """Connected components of numbers from 0; the name of a component is its smallest number."""

    def __init__(self, count: int) -> None:
        self._parent = np.arange(count, dtype=np.uint32)

    def root(self, number: int) -> int:
        """The smallest number of the component."""
        path = []
        while (parent := int(self._parent[number])) != number:
            path.append(number)
            number = parent
        for passed in path:
            self._parent[passed] = number
        return number

    def join(self, first: int, second: int) -> None:
        """Make one component of two."""
        low, high = sorted((self.root(first), self.root(second)))
        self._parent[high] = low

    def roots(self) -> NDArray[np.uint32]:
        """The root of every number."""
        roots = self._parent
        while not np.array_equal(roots, shorter := roots[roots]):
            roots = shorter
        return roots


class NearDuplicates:
    """Finds near duplicates: texts of one component are linked by pairs at or above the threshold.

    Shingles and band keys lie on disk; in memory are 4 bytes a row and one partition of keys.

    Parameters
    ----------
    directory
        An empty folder, made here.
    rows
        How many texts `add` will be given in all.
    threshold
        Least Jaccard similarity of near duplicates.
    """

    def __init__(self, directory: Path, rows: int, threshold: float) -> None:
        directory.mkdir()
        self._threshold = threshold
        self._minhash = MinHash(threshold)
        records = rows * self._minhash.bands
        partitions = min(_MOST_PARTITIONS, 1 + records // _RECORDS_OF_A_PARTITION)
        self._keys = Partitions(directory / "keys", BANDED, partitions)
        self._store = _ShingleFile(directory)
        self._components = Components(rows)
        self._added = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()

    def add(self, texts: Sequence[str]) -> None:
        """Take the texts of the next rows; an empty text is a near duplicate of none."""
        for part in _parts(texts):
            shingles = shingles_of(part)
            self._store.append(shingles)
            numbers, keys = self._minhash.band_keys(shingles)
            records = np.empty(keys.size, BANDED)
            records["high"] = keys.ravel()
            records["row"] = np.repeat(numbers + self._added, self._minhash.bands)
            self._keys.add(records)
            self._added += len(part)

    def resolve(self) -> NDArray[np.uint32]:
        """For each row the first row of its component: itself, or an earlier one that it repeats."""
        for records in self._keys:
            for bucket in _buckets(records):
                self._join(bucket)
        return self._components.roots()

    def _join(self, bucket: list[int]) -> None:
        known = {row: self._store.read(row) for row in bucket}
        parts: list[list[int]] = []
        for row in bucket:
            near = [part for part in parts if self._belongs(row, part, known)]
            for part in near:
                self._components.join(part[0], row)
            parts = [part for part in parts if part not in near]
            parts.append([row, *(member for part in near for member in part)])

    def _belongs(self, row: int, part: list[int], known: dict[int, Hashes]) -> bool:
        if self._components.root(row) == self._components.root(part[0]):
            return True
        return any(similarity(known[row], known[other]) >= self._threshold for other in part)


class _ShingleFile:
    """The shingles of all rows on disk, read back row by row without growing the resident memory."""

    def __init__(self, directory: Path) -> None:
        self._values = (directory / "shingles").open("w+b")
        self._ends = (directory / "ends").open("w+b")
        self._end = 0
        self._is_written = False

    def append(self, shingles: Shingles) -> None:
        self._values.write(shingles.values.tobytes())
        self._ends.write((shingles.starts[1:] + self._end).astype("<i8").tobytes())
        self._end += len(shingles.values)

    def read(self, row: int) -> Hashes:
        if not self._is_written:
            self._values.flush()
            self._ends.flush()
            self._is_written = True
        before = b"\0" * 8 if row == 0 else b""
        bounds = before + os.pread(self._ends.fileno(), 16 - len(before), max(0, row - 1) * 8)
        start, end = np.frombuffer(bounds, "<i8").tolist()
        return np.frombuffer(os.pread(self._values.fileno(), (end - start) * 8, start * 8), np.uint64)

    def close(self) -> None:
        self._values.close()
        self._ends.close()


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut so that each part, hashed at once, has about 2**18 characters."""
    start = characters = 0
    for number, text in enumerate(texts):
        characters += len(text)
        if characters >= _CHARACTERS:
            yield texts[start : number + 1]
            start, characters = number + 1, 0
    if start < len(texts):
        yield texts[start:]


def _buckets(records: Records) -> Iterator[list[int]]:
    starts = key_starts(records)
    ends = np.append(starts[1:], len(records))
    several = ends - starts > 1
    for start, end in zip(starts[several].tolist(), ends[several].tolist(), strict=True):
        yield records["row"][start:end].tolist()
