"""One JSON object a line, streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.reasons import Reason, Refused
from pipeline_code.reviews.sources.pieces import Piece
from pipeline_code.reviews.sources.records import row_of
from pipeline_code.reviews.sources.rows import Fault, Row, SourceError
from pipeline_code.reviews.sources.schema import Schema
from pipeline_code.reviews.sources.text import LINE_CHARACTERS, numbered_lines

_SAMPLE = 1000
_KINDS = {
    str: "text",
    bool: "true or false",
    int: "numbers",
    float: "numbers",
    list: "lists",
    dict: "objects",
}


def schema(piece: Piece, source: TableSource) -> Schema | None:
    """The contract's columns as the first objects of a file have them; None if no line is an object.

    JSON objects may leave keys out, so a column counts as missing only if a thousand objects lack it.
    """
    objects = [values for line in _sample(piece, source) if (values := _readable(line, source)) is not None]
    if not objects:
        return None
    kinds: dict[str, set[str]] = {column: set() for column in source.column_names()}
    for column, found in kinds.items():
        found |= {_KINDS[type(item[column])] for item in objects if item.get(column) is not None}
    missing = [column for column in kinds if not any(column in item for item in objects)]
    if missing:
        raise SourceError(
            f"source '{source.tag}': {piece.name} has no key {', '.join(map(repr, missing))} in its first "
            f"{len(objects)} objects; correct the file or the contract's columns"
        )
    single = {column: next(iter(found)) if len(found) == 1 else "" for column, found in kinds.items()}
    return Schema(piece.name, single)


def rows(piece: Piece, source: TableSource) -> Iterator[Row | Fault]:
    """The objects of a file; empty lines are passed over."""
    for number, line in numbered_lines(piece, source):
        if not line.strip():
            continue
        try:
            values = _object(line, source)
        except Refused as refused:
            yield Fault(piece.name, number, refused.reason, refused.detail, line, piece.index)
        else:
            yield row_of(piece, number, line, values, source)


def _sample(piece: Piece, source: TableSource) -> list[str]:
    return [line for _, line in islice(numbered_lines(piece, source), _SAMPLE)]


def _readable(line: str, source: TableSource) -> dict[str, Any] | None:
    try:
        return _object(line, source)
    except Refused as refused:
        return refused.values if isinstance(refused, _KeyMissing) else None


def _object(line: str, source: TableSource) -> dict[str, Any]:
    if len(line) > LINE_CHARACTERS:
        raise Refused(Reason.LINE_TOO_LONG, f"more than {LINE_CHARACTERS} characters in one line")
    try:
        values = json.loads(line, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.INVALID_JSON, str(error)) from None
    if not isinstance(values, dict):
        raise Refused(Reason.INVALID_JSON, "not a JSON object")
    missing = [name for name in source.columns.model_dump(exclude_none=True).values() if name not in values]
    if missing:
        raise _KeyMissing(values, f"no {', '.join(missing)}")
    return values


class _KeyMissing(Refused):
    def __init__(self, values: dict[str, Any], detail: str) -> None:
        super().__init__(Reason.MISSING_VALUE, detail)
        self.values = values


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands in one object twice")
    return values
