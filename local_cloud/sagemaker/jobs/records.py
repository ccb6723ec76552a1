"""Cuts the objects of a transform job into records and packs them into requests."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 2**20


class TooLarge(Exception):
    """A record is larger than a payload may be."""


@dataclass(frozen=True)
class Batch:
    """The records of one request, and the payload they make."""

    records: tuple[bytes, ...]
    payload: bytes


@dataclass(frozen=True)
class Cutter:
    """How objects become requests.

    Parameters
    ----------
    lines : bool
        Whether a record is a line (SplitType Line); the whole object otherwise.
    several : bool
        Whether a request takes as many records as fit (BatchStrategy MultiRecord).
    most : int
        Bytes that a payload may have; 0: any number.
    before : callable
        What the model sees of a record.
    """

    lines: bool
    several: bool
    most: int
    before: Callable[[bytes], bytes]

    def batches(self, file: Path, *, zipped: bool) -> Iterator[Batch]:
        """The requests of an object, in order.

        Raises
        ------
        TooLarge
            A record does not fit into a payload.
        OSError, EOFError
            The object is not gzip, though it should be.
        """
        with file.open("rb") as plain:
            yield from self._packed(gzip.GzipFile(fileobj=plain) if zipped else plain)

    def _packed(self, stream: Iterable[bytes]) -> Iterator[Batch]:
        records: list[bytes] = []
        parts: list[bytes] = []
        size = 0
        for record in self._records(stream):
            part = self.before(record)
            if self.most and len(part) > self.most:
                raise TooLarge(f"a record has {len(part)} bytes; MaxPayloadInMB allows {self.most}")
            full = bool(self.most) and size + len(part) + len(parts) > self.most
            if parts and (not self.several or full):
                yield Batch((*records,), b"\n".join(parts))
                records, parts, size = [], [], 0
            records.append(record)
            parts.append(part)
            size += len(part)
        if parts:
            yield Batch((*records,), b"\n".join(parts))

    def _records(self, stream: Iterable[bytes]) -> Iterator[bytes]:
        if not self.lines:
            whole = b"".join(stream)
            if whole:
                yield whole
            return
        for line in stream:
            record = line.rstrip(b"\n")
            if record.strip():
                yield record
