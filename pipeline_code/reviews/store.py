"""Parquet files of the jobs: written row group by row group, read back batch by batch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.files import atomic, require_directory

SCHEMA = pa.schema(
    [
        ("review_id", pa.string()),
        ("group_id", pa.string()),
        ("split_key", pa.string()),
        ("review_body", pa.string()),
        ("source", pa.string()),
        ("rating", pa.float64()),
        ("label", pa.string()),
        ("label_id", pa.int64()),
        ("event_time", pa.float64()),
        ("attributes", pa.string()),
        ("split", pa.string()),
    ]
)
ROW_GROUP = 8192
_PART_ROW_GROUP = 2 * ROW_GROUP
# Texts and token ids are left to zstd, which finds more in them than a dictionary of values does.
_DICTIONARIES = (
    "group_id",
    "split_key",
    "source",
    "label",
    "label_id",
    "event_time",
    "attributes",
    "split",
    "length",
)
_ZSTD_LEVEL = 3
_PAGE_BYTES = 4 << 20  # zstd looks for repetitions within a page


class ParquetPart:
    """Context manager for one Parquet file (zstd); it appears only when complete.

    Memory holds at most one row group, and the last batch. `metadata` is written at the end.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.metadata: dict[str, str] = {}
        self._schema = schema
        self._buffer: list[pa.RecordBatch] = []
        self._rows = 0
        self._stack = contextlib.ExitStack()
        temporary = self._stack.enter_context(atomic(path))
        self._writer = pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            data_page_size=_PAGE_BYTES,
            use_dictionary=[name for name in _DICTIONARIES if name in schema.names],
        )

    def add(self, batch: pa.RecordBatch) -> None:
        """Buffer rows; a full row group goes to disk."""
        self._buffer.append(batch)
        self._rows += batch.num_rows
        if self._rows >= _PART_ROW_GROUP:
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
        if self._rows:
            table = pa.Table.from_batches(self._buffer, schema=self._schema).combine_chunks()
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._buffer, self._rows = [], 0
        pa.default_memory_pool().release_unused()  # or the process keeps what Arrow does not use


def parquet_files(directory: Path, what: str) -> list[Path]:
    """Part files of a directory and the folders below it, by name."""
    return sorted(require_directory(directory, what).rglob("part-*.parquet"))


def read_batches(path: Path, columns: Sequence[str], rows: int = ROW_GROUP) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one Parquet file with these columns, a row group or less at a time.

    Raises
    ------
    FileError
        The file is no Parquet, or lacks a column.
    """
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in columns if name not in file.schema_arrow.names]
            if missing:
                raise FileError(f"{path} lacks the columns {', '.join(missing)}")
            yield from file.iter_batches(rows, columns=list(columns))
    except pa.ArrowException as error:
        raise FileError(f"{path} is not readable Parquet: {error}") from None
