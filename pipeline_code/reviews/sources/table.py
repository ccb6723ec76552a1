"""Tables with named columns in any format: one schema for all files of a source, then their rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.sources import delimited, json_lines, parquet
from pipeline_code.reviews.sources.pieces import Piece, pieces_of
from pipeline_code.reviews.sources.rows import Fault, Row
from pipeline_code.reviews.sources.schema import require_same

_FORMATS = {"csv": delimited, "tsv": delimited, "jsonl": json_lines, "parquet": parquet}


def read_table(source: TableSource, directory: Path) -> Iterator[Row | Fault]:
    """Yield the rows of all files of a table source, in the order of the files' names.

    Before the first row, the columns of every file are compared with those of the first file.

    Raises
    ------
    SourceError
        No file matches, a file is not readable, or a file's columns are not those of the first file.
    """
    pieces = pieces_of(directory, source.files, source)
    _require_one_schema(pieces, source)
    for piece in pieces:
        yield from _FORMATS[source.format].rows(piece, source)


def read_table_file(source: TableSource, directory: Path, path: Path) -> Iterator[Row | Fault]:
    """Yield the rows of one file, after comparing its columns with those of the source's first file."""
    pieces = pieces_of(directory, source.files, source)
    mine = [piece for piece in pieces if piece.path == path]
    _require_one_schema(list(dict.fromkeys([*pieces[:1], *mine])), source)
    for piece in mine:
        yield from _FORMATS[source.format].rows(piece, source)


def _require_one_schema(pieces: list[Piece], source: TableSource) -> None:
    first = None
    for piece in pieces:
        schema = _FORMATS[source.format].schema(piece, source)
        if first is None:
            first = schema
        elif schema is not None:
            require_same(first, schema, source)
