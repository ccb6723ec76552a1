"""From the named values of a table's row to a Row, or to the fault that shows already here."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.scalars import text_of
from pipeline_code.reviews.sources.pieces import Piece
from pipeline_code.reviews.sources.rows import Fault, Row, is_undecodable


def row_of(
    piece: Piece, number: int, raw: str, values: Mapping[str, object], source: TableSource
) -> Row | Fault:
    """The row that the contract's columns make of `values` (column -> value)."""
    fields = {
        field: values.get(column) for field, column in source.columns.model_dump(exclude_none=True).items()
    }
    attributes = {name: text_of(values.get(column)) for name, column in source.attributes.items()}
    row = Row(piece.name, number, raw, **fields, attributes=attributes, file_index=piece.index)
    texts = [value for value in (*fields.values(), *attributes.values()) if isinstance(value, str)]
    if any(map(is_undecodable, texts)):
        return row.fault(Reason.UNDECODABLE, f"not {source.encoding}")
    if any("\0" in value for value in texts):
        return row.fault(Reason.NUL_CHARACTER, "a NUL character in a column that the contract names")
    missing = [column for column in source.required if not text_of(values.get(column))]
    if missing:
        return row.fault(Reason.MISSING_VALUE, f"the required {', '.join(map(repr, missing))} is missing")
    return row
