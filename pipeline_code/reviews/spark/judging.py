"""From raw rows to judged rows: the contract and the rules that look at one row by itself."""

from __future__ import annotations

import json
from typing import Any

from pipeline_code.reviews.cleaning.cleaner import id_is_checked
from pipeline_code.reviews.cleaning.row_rules import RowRules
from pipeline_code.reviews.cleaning.text import text_key
from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.sources import Fault, Row, pack_position
from pipeline_code.reviews.sources.rows import printable
from pipeline_code.reviews.spark.frames import JUDGED, REVIEW_NAMES, place_key
from pipeline_code.reviews.validation import Judge, Review

Judged = tuple[Any, ...]
_NAMES = JUDGED.names


class Desk:
    """Judges the rows of one source as Validate does, and puts them into the columns of `JUDGED`."""

    def __init__(self, contract: Contract, source_index: int) -> None:
        self._source_index = source_index
        self._source = contract.sources[source_index]
        self._judge, self._rules = Judge(contract), RowRules(contract.cleaning)
        self._id_checked = id_is_checked(self._source, contract.cleaning)

    def judged(self, row: Row | Fault) -> Judged:
        """The row or fault with its verdict."""
        if isinstance(row, Fault):
            return self._refused(row)
        found = self._judge.check(row, self._source)
        if isinstance(found, Fault):
            return self._refused(found)
        met = []
        for rule, detail in self._rules.met(found):
            met.append(rule.value)
            if self._rules.removes(rule):
                return self._refused(row.fault(Reason(rule.value), detail), found, met)
        return self._columns(row, met=met, **self._review(found))

    def _refused(self, fault: Fault, review: Review | None = None, met: list[str] | None = None) -> Judged:
        line = json.dumps(fault.record(), ensure_ascii=False)
        values = {} if review is None else self._review(review)
        return self._columns(fault, line=line, reason=fault.reason.value, met=met or [], **values)

    def _review(self, review: Review) -> dict[str, Any]:
        values = {name: getattr(review, name) for name in REVIEW_NAMES}
        return values | {"id_checked": self._id_checked, "text_key": text_key(review.review_body)}

    def _columns(self, row: Row | Fault, **values: Any) -> Judged:
        values |= {
            "position": place_key(pack_position(self._source_index, row.file_index, row.row)),
            "file": printable(row.file),
            "row": row.row,
            "raw": printable(row.raw),
        }
        return tuple(values.get(name) for name in _NAMES)


def stopped(message: str) -> Judged:
    """A row that says why a source as a whole cannot be read."""
    return tuple(message if name == "stop" else None for name in _NAMES)
