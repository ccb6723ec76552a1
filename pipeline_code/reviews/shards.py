"""Validated reviews written batch by batch into several Parquet files, spread by group."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_code.reviews.files import atomic
from pipeline_code.reviews.store import SCHEMA

_ROW_GROUP = 2048  # small: one of each file is in memory


def shard_of(group_id: str, count: int) -> int:
    """Which of `count` files the reviews of a group are in."""
    digest = hashlib.sha256(f"shard\0{group_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % count


class ReviewShards:
    """Context manager for `part-*.parquet`; files appear only if the block succeeds, empty ones not at all.

    Memory holds at most one row group of each file, as Arrow.
    """

    def __init__(self, directory: Path, count: int) -> None:
        self._directory, self._count = directory, count
        self._parts: dict[int, _Part] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def add(self, batch: pa.RecordBatch) -> None:
        """Write rows, which have the columns of `store.SCHEMA`, each to the file of its group."""
        groups = batch.column("group_id").to_pylist()
        numbers = np.array([shard_of(group, self._count) for group in groups], np.int64)
        for number in np.unique(numbers).tolist():
            if number not in self._parts:
                path = self._directory / f"part-{number:05d}.parquet"
                self._parts[number] = self._stack.enter_context(_Part(path))
            self._parts[number].add(batch.take(np.flatnonzero(numbers == number)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


class _Part:
    """One file (zstd), written row group by row group."""

    def __init__(self, path: Path) -> None:
        self._stack = contextlib.ExitStack()
        temporary = self._stack.enter_context(atomic(path))
        self._writer = pq.ParquetWriter(temporary, SCHEMA, compression="zstd")
        self._buffer: list[pa.RecordBatch] = []
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def add(self, batch: pa.RecordBatch) -> None:
        self._buffer.append(batch)
        self._rows += batch.num_rows
        if self._rows >= _ROW_GROUP:
            self._flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
        self._writer.close()
        self._stack.__exit__(kind, error, trace)

    def _flush(self) -> None:
        if self._rows:
            table = pa.Table.from_batches(self._buffer, schema=SCHEMA).combine_chunks()
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._buffer, self._rows = [], 0
