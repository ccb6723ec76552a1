"""A candidate source, read under its own contract as Validate would, and made fit to join the data."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_code.reviews.cleaning.cleaner import Cleaner
from pipeline_code.reviews.cleaning.receipts import Rule
from pipeline_code.reviews.cleaning.text import text_key
from pipeline_code.reviews.contract import Contract, Source
from pipeline_code.reviews.levers.rows import LeverError, Rows
from pipeline_code.reviews.sources import Fault, Row, read_source
from pipeline_code.reviews.validation import Judge, failure

_KNOWN_TEXT = "text_known"


@dataclass(frozen=True)
class Candidate:
    """Rows of a candidate source; `left_out` counts what was read and not taken, by reason."""

    contract: Contract
    rows: Rows
    read: int
    left_out: dict[str, int] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """As JSON: where the rows come from and what they are."""
        return {
            "contract": self.contract.describe(),
            "sources": [
                {"tag": source.tag, "licence": source.licence, "labelled_by": source.labelled_by}
                for source in self.contract.sources
            ],
            "read": self.read,
            "rows": len(self.rows),
            "left_out": self.left_out,
            "classes": self.rows.class_counts(self.contract.class_names),
        }


def read_candidate(contract: Contract, directory: Path, known: Rows, class_names: list[str]) -> Candidate:
    """Read all sources of a contract, clean them, and drop the texts that the own data already holds.

    A candidate text that is also an evaluated text would make the candidate look better than it is.

    Parameters
    ----------
    known
        The own rows.
    class_names
        The classes of the own contract; the candidate's must be the same in the same order.

    Raises
    ------
    LeverError
        Other classes, more faults than the candidate's contract allows, or no row left.
    SourceError
        A source cannot be read.
    """
    if contract.class_names != class_names:
        raise LeverError(
            f"contract {contract.name} has the classes {contract.class_names}, the own data {class_names}: "
            "map the candidate's labels to these classes, in this order"
        )
    rows, read, faults = read_rows(contract, directory)
    problem = failure(read, _bad_rows(faults), contract.max_quarantine_share)
    if problem:
        raise LeverError(f"candidate {contract.name}: {problem}")
    keys = {text_key(text) for text in known.texts}
    new = [row for row, text in enumerate(rows.texts) if text_key(text) not in keys]
    if not new:
        raise LeverError(f"candidate {contract.name}: none of its {read} rows is left, or new to the data")
    left_out = dict(sorted(faults.items()))
    if len(new) < len(rows):
        left_out[_KNOWN_TEXT] = len(rows) - len(new)
    return Candidate(contract, rows.take(new), read, left_out)


def _bad_rows(faults: Counter[str]) -> dict[str, int]:
    """Faults that count against the quarantine's limit; what cleaning removes is no fault of the source."""
    return {reason: count for reason, count in faults.items() if reason not in set(Rule)}


def read_rows(contract: Contract, directory: Path) -> tuple[Rows, int, Counter[str]]:
    """The rows that satisfy a contract and its cleaning, how many were read, and why others are out."""
    judge, read, faults = Judge(contract), 0, Counter[str]()
    with (
        tempfile.TemporaryDirectory(prefix="bertline-candidate-") as scratch,
        Cleaner(contract, Path(scratch)) as cleaner,
    ):
        for source in contract.sources:
            for row in read_source(source, contract, directory):
                read += 1
                fault = _fault_of(row, source, judge, cleaner)
                if fault is not None:
                    faults[fault.reason.value] += 1
        return _kept(cleaner, faults), read, faults


def _fault_of(row: Row | Fault, source: Source, judge: Judge, cleaner: Cleaner) -> Fault | None:
    if isinstance(row, Fault):
        return row
    judged = judge.check(row, source)
    return judged if isinstance(judged, Fault) else cleaner.take(judged, row, source)


def _kept(cleaner: Cleaner, faults: Counter[str]) -> Rows:
    verdicts = cleaner.resolve()
    found: list[dict[str, Any]] = []
    for batch in cleaner.batches():
        kept = verdicts.kept_in(batch.first, batch.table.num_rows)
        found += batch.table.take(kept).to_pylist()
        faults.update(fault.reason.value for fault in cleaner.faults(batch, verdicts))
    return Rows(
        review_ids=[row["review_id"] for row in found],
        group_ids=[row["group_id"] for row in found],
        texts=[row["review_body"] for row in found],
        label_ids=np.array([row["label_id"] for row in found], dtype=np.int64),
        sources=[row["source"] for row in found],
        attributes=[row["attributes"] for row in found],
    )
