"""Parquet, streamed by batches of its row groups."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.sources.pieces import Piece, open_piece
from pipeline_code.reviews.sources.records import row_of
from pipeline_code.reviews.sources.rows import Fault, Row, SourceError
from pipeline_code.reviews.sources.schema import Schema, require_columns, unique_names

_BATCH_ROWS = 1024
_BUFFER = 1 << 20  # without it, a whole column of a row group is read at once
_A_SECOND = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}


def schema(piece: Piece, source: TableSource) -> Schema:
    """The columns of a file with the kinds of their values."""
    with _open(piece, source) as file:
        fields = list(file.schema_arrow)
        names = unique_names(piece, source, [field.name for field in fields])
        require_columns(piece, source, names)
        return Schema(piece.name, {field.name: _kind(field.type) for field in fields})


def rows(piece: Piece, source: TableSource) -> Iterator[Row | Fault]:
    """The rows of a file; only the contract's columns are read."""
    with _open(piece, source) as file:
        number = 0
        for batch in file.iter_batches(_BATCH_ROWS, columns=source.column_names(), use_threads=False):
            for values in _values(_plain_times(batch, source.columns.event_time)):
                number += 1
                raw = json.dumps(values, default=str, ensure_ascii=False)
                yield row_of(piece, number, raw, values, source)


@contextmanager
def _open(piece: Piece, source: TableSource) -> Iterator[Any]:
    with (
        open_piece(piece, source) as stream,
        _seekable(piece, stream) as content,
        _readable(piece, source),
        pq.ParquetFile(content, buffer_size=_BUFFER) as file,
    ):
        yield file


@contextmanager
def _readable(piece: Piece, source: TableSource) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise SourceError(
            f"source '{source.tag}': {piece.name} is not readable Parquet: {str(error)[:300]}"
        ) from None


@contextmanager
def _seekable(piece: Piece, stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """Parquet is read from its end: what is packed goes to a nameless temporary file first."""
    if piece.member is None and piece.path.suffix.lower() != ".gz":
        yield stream
        return
    with tempfile.TemporaryFile() as unpacked:
        shutil.copyfileobj(stream, unpacked, 1 << 20)
        unpacked.seek(0)
        yield unpacked


def _kind(type_: Any) -> str:
    types = pa.types
    if types.is_dictionary(type_):
        return _kind(type_.value_type)
    if types.is_null(type_):
        return ""
    if types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_):
        return "text"
    if types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_):
        return "numbers"
    if types.is_temporal(type_):
        return "times"
    return "true or false" if types.is_boolean(type_) else str(type_)


def _plain_times(batch: Any, event_time: str | None) -> Any:
    """The batch with timestamps of `event_time` as UNIX seconds, others as text.

    Python has no datetime for all of them.
    """
    for index, field in enumerate(batch.schema):
        if not pa.types.is_timestamp(field.type):
            continue
        column = batch.column(index)
        if field.name == event_time:
            ticks = column.cast(pa.int64()).cast(pa.float64(), safe=False)
            plain = pc.divide(ticks, _A_SECOND[field.type.unit])
        else:
            plain = column.cast(pa.string())
        batch = batch.set_column(index, field.name, plain)
    return batch


def _values(batch: Any) -> list[dict[str, Any]]:
    try:
        return list(batch.to_pylist())
    except UnicodeDecodeError:
        return _escaped(batch)


def _escaped(batch: Any) -> list[dict[str, Any]]:
    """The rows of a batch whose strings are not all UTF-8; wrong bytes become lone surrogates."""
    columns = {}
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if _kind(field.type) != "text":
            columns[field.name] = column.to_pylist()
            continue
        plain = column.dictionary_decode() if pa.types.is_dictionary(field.type) else column
        columns[field.name] = [
            None if value is None else value.decode("utf-8", "surrogateescape")
            for value in plain.cast(pa.large_binary()).to_pylist()
        ]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
