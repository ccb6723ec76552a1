"""Tables with named columns: CSV, TSV, JSON Lines and Parquet, streamed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.sources.rows import (
    Fault,
    Reason,
    Row,
    SourceError,
    files_of,
    is_undecodable,
    numbered_lines,
    without_bom,
)

_FIELD_CHARACTERS = 1 << 24
_BATCH_ROWS = 4096


def read_table(source: TableSource, directory: Path) -> Iterator[Row | Fault]:
    """Yield the rows of all files of a table source, in the order of the files' names.

    TSV is read without quoting (a quotation mark is part of the text), CSV with it.
    """
    readers = {"csv": _delimited, "tsv": _delimited, "jsonl": _json_lines, "parquet": _parquet}
    for path in files_of(directory, source.files, source.tag):
        yield from readers[source.format](path, source)


def _wanted(source: TableSource) -> dict[str, str]:
    """Our field -> the source's column."""
    columns = source.columns.model_dump(exclude_none=True)
    return {field: str(column) for field, column in columns.items()}


def _require(path: Path, source: TableSource, present: list[str]) -> None:
    missing = [column for column in _wanted(source).values() if column not in present]
    if missing:
        raise SourceError(
            f"source '{source.tag}': {path.name} has no column {', '.join(map(repr, missing))} "
            f"(columns: {', '.join(present[:30]) or 'none'}); correct the file or the contract's columns"
        )


def _row(path: Path, number: int, raw: str, values: dict[str, object], source: TableSource) -> Row | Fault:
    fields = {field: values[column] for field, column in _wanted(source).items()}
    if any(isinstance(value, str) and is_undecodable(value) for value in fields.values()):
        return Fault(path.name, number, Reason.UNDECODABLE, f"not {source.encoding}", raw)
    return Row(path.name, number, raw, **fields)


def _delimited(path: Path, source: TableSource) -> Iterator[Row | Fault]:
    csv.field_size_limit(_FIELD_CHARACTERS)
    tab = source.format == "tsv"
    with path.open(encoding=without_bom(source.encoding), errors="surrogateescape", newline="") as stream:
        reader = csv.reader(
            stream,
            delimiter="\t" if tab else ",",
            quoting=csv.QUOTE_NONE if tab else csv.QUOTE_MINIMAL,
        )
        header = next(reader, [])
        _require(path, source, header)
        while True:
            number = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise SourceError(f"source '{source.tag}': {path.name}, row {number}: {error}") from None
            if fields:
                yield _fields(path, number, header, fields, source)


def _fields(
    path: Path, number: int, header: list[str], fields: list[str], source: TableSource
) -> Row | Fault:
    raw = ("\t" if source.format == "tsv" else ",").join(fields)
    if len(fields) != len(header):
        reason = Reason.TOO_FEW_FIELDS if len(fields) < len(header) else Reason.TOO_MANY_FIELDS
        return Fault(path.name, number, reason, f"{len(fields)} fields, the header has {len(header)}", raw)
    return _row(path, number, raw, dict(zip(header, fields, strict=True)), source)


def _json_lines(path: Path, source: TableSource) -> Iterator[Row | Fault]:
    for number, line in numbered_lines(path, source.encoding):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Fault(path.name, number, Reason.INVALID_JSON, str(error), line)
            continue
        if not isinstance(values, dict):
            yield Fault(path.name, number, Reason.INVALID_JSON, "not a JSON object", line)
            continue
        missing = [column for column in _wanted(source).values() if column not in values]
        if missing:
            yield Fault(path.name, number, Reason.MISSING_VALUE, f"no {', '.join(missing)}", line)
        else:
            yield _row(path, number, line, values, source)


def _parquet(path: Path, source: TableSource) -> Iterator[Row | Fault]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _require(path, source, file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(_BATCH_ROWS, columns=list(_wanted(source).values())):
                for values in batch.to_pylist():
                    number += 1
                    yield _row(path, number, json.dumps(values, default=str), values, source)
    except pa.ArrowException as error:
        raise SourceError(f"source '{source.tag}': {path.name} is not readable Parquet: {error}") from None
