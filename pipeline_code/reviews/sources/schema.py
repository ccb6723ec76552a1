"""The columns of a file, and drift between the files of one source."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.sources.pieces import Piece
from pipeline_code.reviews.sources.rows import SourceError

_COLUMN_NAME = re.compile(r"[A-Za-z0-9_.-][A-Za-z0-9_. -]{0,39}")
_LISTED = 30


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns of a file and what they hold: text, number, true or false, time; "" if that is not known."""

    file: str
    columns: Mapping[str, str]


def unique_names(piece: Piece, source: TableSource, names: list[str]) -> list[str]:
    """The names of a header; one that stands there twice is a SourceError."""
    twice = [name for name, count in Counter(names).items() if count > 1 and name.strip()]
    if twice:
        shown = [name for name in twice if _COLUMN_NAME.fullmatch(name)]
        which = f"the column {', '.join(map(repr, shown))}" if shown else "a column"
        raise SourceError(
            f"source '{source.tag}': {piece.name} has {which} more than once; rename one of them"
        )
    return names


def require_columns(piece: Piece, source: TableSource, present: list[str]) -> None:
    """Raise SourceError unless every column that the contract names is there."""
    wanted = source.column_names()
    missing = [column for column in wanted if column not in present]
    if missing:
        is_header = len(missing) < len(wanted) or source.format == "parquet"
        raise SourceError(
            f"source '{source.tag}': {piece.name} has no column {', '.join(map(repr, missing))} "
            f"({_described(present, missing, is_header=is_header)}); "
            "correct the file or the contract's columns"
        )


def require_same(first: Schema, other: Schema, source: TableSource) -> None:
    """Raise SourceError unless two files of one source have the same columns, of the same kinds."""
    missing = [repr(name) for name in first.columns if name not in other.columns]
    new = [name for name in other.columns if name not in first.columns]
    shared = [name for name in first.columns if name in other.columns]
    retyped = [
        f"{name!r} holds {other.columns[name]} instead of {first.columns[name]}"
        for name in shared
        if first.columns[name] and other.columns[name] and first.columns[name] != other.columns[name]
    ]
    if not (missing or new or retyped):
        return
    visible = [repr(name) for name in new if shared and _COLUMN_NAME.fullmatch(name)]
    changes = [
        *([f"column {', '.join(missing)} is missing"] if missing else []),
        *([f"new is {', '.join(visible[:_LISTED]) or f'{len(new)} columns'}"] if new else []),
        *(f"column {change}" for change in retyped),
    ]
    raise SourceError(
        f"source '{source.tag}': {other.file} has not the columns of {first.file}: {'; '.join(changes)}. "
        "Files of one source need one schema: correct the file, or make it a source of its own"
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
