"""Readers of raw sources: rows out, each with its file and row number, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline_code.reviews.contract import Contract, MultiRaterSource, Source
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.sources.multi_rater import read_multi_rater
from pipeline_code.reviews.sources.pieces import files_of
from pipeline_code.reviews.sources.rows import Fault, Row, SourceError, pack_position
from pipeline_code.reviews.sources.table import read_table, read_table_file

__all__ = [
    "Fault",
    "Reason",
    "Row",
    "SourceError",
    "pack_position",
    "read_file",
    "read_source",
    "source_files",
]


def read_source(source: Source, contract: Contract, directory: Path) -> Iterator[Row | Fault]:
    """Stream the rows of one source of the contract.

    Raises
    ------
    SourceError
        A file or a column that the contract names is not there, files of the source have different
        columns, or a file cannot be read at all.
    """
    if isinstance(source, MultiRaterSource):
        return read_multi_rater(source, contract.label_rule, directory)
    return read_table(source, directory)


def read_file(source: Source, contract: Contract, directory: Path, path: Path) -> Iterator[Row | Fault]:
    """Stream the rows of one file of a table source, as `read_source` gives them for this file.

    The files of a multi-rater source belong together: only `read_source` reads them.

    Raises
    ------
    SourceError
        As `read_source`, for this file and the first one.
    """
    if isinstance(source, MultiRaterSource):
        raise SourceError(f"source '{source.tag}': texts and ratings belong together; read it as a whole")
    return read_table_file(source, directory, path)


def source_files(source: Source, directory: Path) -> list[Path]:
    """All files that a source consists of."""
    if isinstance(source, MultiRaterSource):
        return files_of(directory, source.texts.files, source.tag) + files_of(
            directory, source.ratings.files, source.tag
        )
    return files_of(directory, source.files, source.tag)
