"""Validated reviews as Parquet: written in several shards, read back in batches."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.files import atomic, require_directory
from pipeline_code.reviews.validation import Review

SCHEMA = pa.schema(
    [
        ("review_id", pa.string()),
        ("group_id", pa.string()),
        ("review_body", pa.string()),
        ("source", pa.string()),
        ("rating", pa.float64()),
        ("label", pa.string()),
        ("label_id", pa.int64()),
        ("event_time", pa.float64()),
    ]
)
ROW_GROUP = 8192


class ParquetPart:
    """One Parquet file (zstd), written row group by row group; it appears only when complete."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.rows = 0
        self.metadata: dict[str, str] = {}
        self._schema = schema
        self._buffer: list[dict[str, Any]] = []
        self._stack = contextlib.ExitStack()
        temporary = self._stack.enter_context(atomic(path))
        self._writer = pq.ParquetWriter(temporary, schema, compression="zstd")

    def add(self, record: dict[str, Any]) -> None:
        """Buffer one row; a full row group goes to disk."""
        self._buffer.append(record)
        self.rows += 1
        if len(self._buffer) >= ROW_GROUP:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file; drop it if the block failed."""
        if error is None:
            self._flush()
            self._writer.add_key_value_metadata(self.metadata)
        self._writer.close()
        self._stack.__exit__(kind, error, trace)

    def _flush(self) -> None:
        if self._buffer:
            self._writer.write_table(pa.Table.from_pylist(self._buffer, schema=self._schema))
            self._buffer.clear()


class ReviewShards:
    """Context manager that spreads reviews over `count` files by group; empty files are not written."""

    def __init__(self, directory: Path, count: int) -> None:
        self._directory, self._count = directory, count
        self._parts: dict[int, ParquetPart] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def add(self, review: Review) -> None:
        """Write a review to the shard of its group."""
        digest = hashlib.sha256(f"shard\0{review.group_id}".encode()).digest()
        number = int.from_bytes(digest[:8], "big") % self._count
        if number not in self._parts:
            part = ParquetPart(self._directory / f"part-{number:05d}.parquet", SCHEMA)
            self._parts[number] = self._stack.enter_context(part)
        self._parts[number].add(asdict(review))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def parquet_files(directory: Path, what: str) -> list[Path]:
    """Part files of a directory and the folders below it, by name."""
    return sorted(require_directory(directory, what).rglob("part-*.parquet"))


def read_batches(path: Path, schema: pa.Schema, rows: int = ROW_GROUP) -> Iterator[list[dict[str, Any]]]:
    """Yield rows of one Parquet file as lists of dicts.

    Raises
    ------
    FileError
        The file is no Parquet, or lacks a column of the schema.
    """
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in schema.names if name not in file.schema_arrow.names]
            if missing:
                raise FileError(f"{path} lacks the columns {', '.join(missing)}")
            for batch in file.iter_batches(rows, columns=schema.names):
                yield batch.to_pylist()
    except pa.ArrowException as error:
        raise FileError(f"{path} is not readable Parquet: {error}") from None
