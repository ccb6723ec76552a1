"""Judged reviews on scratch disk: written once in order, read back as often as needed."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from pipeline_code.reviews.sources.rows import Row, printable
from pipeline_code.reviews.validation import Review

BATCH = 2048
REVIEW_FIELDS = (
    ("review_id", pa.string()),
    ("group_id", pa.string()),
    ("review_body", pa.string()),
    ("source", pa.string()),
    ("rating", pa.float64()),
    ("label", pa.string()),
    ("label_id", pa.int64()),
    ("event_time", pa.float64()),
    ("attributes", pa.string()),
)
SCHEMA = pa.schema([*REVIEW_FIELDS, ("file", pa.string()), ("row", pa.int64()), ("raw", pa.string())])
REVIEW_COLUMNS = [name for name, _ in REVIEW_FIELDS]
_PLACE = struct.Struct("<IQ")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some reviews that follow each other; the first has number `first`."""

    first: int
    table: pa.RecordBatch

    def column(self, name: str) -> list[Any]:
        """The values of a column."""
        values: list[Any] = self.table.column(name).to_pylist()
        return values


class Spill:
    """A scratch file of reviews, each with the place that it was read from.

    `finish` ends the writing; then `batches` may be read any number of times, and `place` asked.
    """

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._path = path
        self._files: list[str] = []
        self._places = path.with_suffix(".places").open("w+b")
        self._buffer: list[tuple[Any, ...]] = []
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_stream(str(path), SCHEMA, options=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._places.close()

    def add(self, review: Review, row: Row) -> None:
        """Append a review and the row that it was."""
        values = (getattr(review, name) for name in REVIEW_COLUMNS)
        file = printable(row.file)
        if not self._files or self._files[-1] != file:
            self._files.append(file)
        self._buffer.append((*values, file, row.row, printable(row.raw)))
        self._places.write(_PLACE.pack(len(self._files) - 1, row.row))
        self.rows += 1
        if len(self._buffer) >= BATCH:
            self._flush()

    def finish(self) -> None:
        """End the writing."""
        self._flush()
        self._writer.close()
        self._places.flush()

    def place(self, number: int) -> str:
        """Where a review was read, such as 'reviews.csv, row 7'."""
        content = os.pread(self._places.fileno(), _PLACE.size, number * _PLACE.size)
        file, row = _PLACE.unpack(content)
        return f"{self._files[file]}, row {row}"

    def batches(self) -> Iterator[Batch]:
        """Yield the reviews in the order in which they came."""
        first = 0
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as reader:
            for table in reader:
                yield Batch(first, table)
                first += table.num_rows

    def _flush(self) -> None:
        if self._buffer:
            columns = zip(*self._buffer, strict=True)
            arrays = [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
            self._writer.write_batch(pa.record_batch(arrays, schema=SCHEMA))
            self._buffer.clear()
