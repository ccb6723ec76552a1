"""Tables with named columns: CSV, TSV, JSON Lines and Parquet, streamed."""

from __future__ import annotations

import csv
import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.sources.rows import (
    Fault,
    Reason,
    Row,
    SourceError,
    files_of,
    is_undecodable,
    name_of,
    numbered_lines,
    open_text,
)

_FIELD_CHARACTERS = 1 << 24
_BATCH_ROWS = 4096
_COLUMN_NAME = re.compile(r"[A-Za-z0-9_.-][A-Za-z0-9_. -]{0,39}")
_LISTED = 30


def read_table(source: TableSource, directory: Path) -> Iterator[Row | Fault]:
    """Yield the rows of all files of a table source, in the order of the files' names.

    TSV is read without quoting (a quotation mark is part of the text), CSV with it.
    """
    readers = {"csv": _delimited, "tsv": _delimited, "jsonl": _json_lines, "parquet": _parquet}
    for path in files_of(directory, source.files, source.tag):
        yield from readers[source.format](path, name_of(path, directory), source)


def _wanted(source: TableSource) -> dict[str, str]:
    """Our field -> the source's column."""
    columns = source.columns.model_dump(exclude_none=True)
    return {field: str(column) for field, column in columns.items()}


def _require(file: str, source: TableSource, present: list[str]) -> None:
    wanted = list(_wanted(source).values())
    missing = [column for column in wanted if column not in present]
    if missing:
        is_header = len(missing) < len(wanted) or source.format == "parquet"
        raise SourceError(
            f"source '{source.tag}': {file} has no column {', '.join(map(repr, missing))} "
            f"({_described(present, missing, is_header=is_header)}); "
            "correct the file or the contract's columns"
        )


def _described(present: list[str], missing: list[str], *, is_header: bool) -> str:
    """What may be said of a first row: it may be a review, when a file has no header at all."""
    names = [name for name in present if _COLUMN_NAME.fullmatch(name)]
    count = f"{len(present)} column{'' if len(present) == 1 else 's'}"
    if is_header:
        more = ", ..." if len(names[:_LISTED]) < len(present) else ""
        return f"{count}: {', '.join(names[:_LISTED])}{more}"
    close = {near for name in missing for near in difflib.get_close_matches(name, names, n=1)}
    like = f", the nearest names: {', '.join(sorted(close))}" if close else ""
    return f"{count} in the first row{like}; is it a header?"


def _row(file: str, number: int, raw: str, values: dict[str, object], source: TableSource) -> Row | Fault:
    fields = {field: values[column] for field, column in _wanted(source).items()}
    if any(isinstance(value, str) and is_undecodable(value) for value in fields.values()):
        return Fault(file, number, Reason.UNDECODABLE, f"not {source.encoding}", raw)
    return Row(file, number, raw, **fields)


def _delimited(path: Path, file: str, source: TableSource) -> Iterator[Row | Fault]:
    csv.field_size_limit(_FIELD_CHARACTERS)
    tab = source.format == "tsv"
    with open_text(path, source.encoding, newline="") as stream:
        reader = csv.reader(
            stream,
            delimiter="\t" if tab else ",",
            quoting=csv.QUOTE_NONE if tab else csv.QUOTE_MINIMAL,
        )
        header = next(reader, [])
        _require(file, source, header)
        while True:
            number = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise SourceError(f"source '{source.tag}': {file}, row {number}: {error}") from None
            if fields:
                yield _fields(file, number, header, fields, source)


def _fields(file: str, number: int, header: list[str], fields: list[str], source: TableSource) -> Row | Fault:
    raw = ("\t" if source.format == "tsv" else ",").join(fields)
    if len(fields) != len(header):
        reason = Reason.TOO_FEW_FIELDS if len(fields) < len(header) else Reason.TOO_MANY_FIELDS
        return Fault(file, number, reason, f"{len(fields)} fields, the header has {len(header)}", raw)
    return _row(file, number, raw, dict(zip(header, fields, strict=True)), source)


def _json_lines(path: Path, file: str, source: TableSource) -> Iterator[Row | Fault]:
    for number, line in numbered_lines(path, source.encoding):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Fault(file, number, Reason.INVALID_JSON, str(error), line)
            continue
        if not isinstance(values, dict):
            yield Fault(file, number, Reason.INVALID_JSON, "not a JSON object", line)
            continue
        missing = [column for column in _wanted(source).values() if column not in values]
        if missing:
            yield Fault(file, number, Reason.MISSING_VALUE, f"no {', '.join(missing)}", line)
        else:
            yield _row(file, number, line, values, source)


def _parquet(path: Path, file: str, source: TableSource) -> Iterator[Row | Fault]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as parquet:
            _require(file, source, parquet.schema_arrow.names)
            number = 0
            for batch in parquet.iter_batches(_BATCH_ROWS, columns=list(_wanted(source).values())):
                for values in _seconds_in(batch, source.columns.event_time).to_pylist():
                    number += 1
                    yield _row(file, number, json.dumps(values, default=str), values, source)
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise SourceError(f"source '{source.tag}': {file} is not readable Parquet: {error}") from None


def _seconds_in(batch: Any, column: str | None) -> Any:
    """The batch with timestamps of `column` as UNIX seconds: Python has no datetime for all of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column is None or not pa.types.is_timestamp(batch.schema.field(column).type):
        return batch
    kind = batch.schema.field(column).type
    a_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
    seconds = pc.divide(batch.column(column).cast(pa.int64()).cast(pa.float64(), safe=False), a_second)
    return batch.set_column(batch.schema.get_field_index(column), column, seconds)
