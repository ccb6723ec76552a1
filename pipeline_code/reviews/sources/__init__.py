"""Readers of raw sources: rows out, each with its file and row number, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline_code.reviews.contract import Contract, MultiRaterSource, Source
from pipeline_code.reviews.sources.multi_rater import read_multi_rater
from pipeline_code.reviews.sources.rows import Fault, Reason, Row, SourceError, files_of
from pipeline_code.reviews.sources.table import read_table

__all__ = ["Fault", "Reason", "Row", "SourceError", "read_source", "source_files"]


def read_source(source: Source, contract: Contract, directory: Path) -> Iterator[Row | Fault]:
    """Stream the rows of one source of the contract.

    Raises
    ------
    SourceError
        A file or a column that the contract names is not there, or a file cannot be read at all.
    """
    if isinstance(source, MultiRaterSource):
        return read_multi_rater(source, contract.label_rule, directory)
    return read_table(source, directory)


def source_files(source: Source, directory: Path) -> list[Path]:
    """All files that a source consists of."""
    if isinstance(source, MultiRaterSource):
        return files_of(directory, source.texts.files, source.tag) + files_of(
            directory, source.ratings.files, source.tag
        )
    return files_of(directory, source.files, source.tag)
