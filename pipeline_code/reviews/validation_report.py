"""The figures of one Validate run, as they go to validation.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline_code.reviews.cleaning.receipts import Receipt, Rule
from pipeline_code.reviews.contract import Contract, Source
from pipeline_code.reviews.files import sha256_file
from pipeline_code.reviews.identity import DatasetTally
from pipeline_code.reviews.lengths import LengthTally
from pipeline_code.reviews.slices import slice_members
from pipeline_code.reviews.sources import Fault, source_files
from pipeline_code.reviews.splits import SPLITS
from pipeline_code.reviews.validation import failure


@dataclass
class Tally:
    """Counts of one run: of all rows read, and of the rows that were kept."""

    contract: Contract
    rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    removed: int = 0
    left_out: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    slices: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    longest: int = 0
    lengths: LengthTally = field(default_factory=LengthTally)
    dataset: DatasetTally = field(default_factory=DatasetTally)

    def __post_init__(self) -> None:
        self._members = slice_members(self.contract)

    def out(self, fault: Fault) -> None:
        """Count a row that goes to quarantine: it breaks the contract, or a cleaning rule removes it."""
        if fault.reason.value in set(Rule):
            self.removed += 1
        else:
            self.reasons[fault.reason.value] += 1

    def keep(self, row: Mapping[str, Any]) -> None:
        """Count a row that stays; without a split the protocol left it out."""
        self.classes[row["label"]] += 1
        self.sources[row["source"]] += 1
        self.characters += len(row["review_body"])
        self.longest = max(self.longest, len(row["review_body"]))
        self.slices.update(self._members(row))
        if row["split"] is None:
            self.left_out += 1
        else:
            self.dataset.add(row)

    @property
    def quarantined(self) -> int:
        """Rows that break the contract."""
        return sum(self.reasons.values())

    @property
    def accepted(self) -> int:
        """Rows that are neither faulty nor removed by cleaning."""
        return self.rows - self.quarantined - self.removed

    def failure(self) -> str | None:
        """Why the run must fail, or None; known when all rows are judged."""
        reason = failure(self.rows, dict(self.reasons), self.contract.max_quarantine_share)
        if reason is None and not self.accepted:
            reason = f"no row is left of {self.rows}: cleaning removed {self.removed} (see 'cleaning')"
        return reason


def source_reports(tally: Tally, directory: Path) -> list[dict[str, Any]]:
    """Each source with its licence, its files and their hashes, and the reviews that it gave."""
    return [_source_report(source, tally, directory) for source in tally.contract.sources]


def _source_report(source: Source, tally: Tally, directory: Path) -> dict[str, Any]:
    files = [
        {
            "name": path.relative_to(directory).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": sha256_file(path),
        }
        for path in source_files(source, directory)
    ]
    return {
        "tag": source.tag,
        "licence": source.licence,
        "labelled_by": source.labelled_by,
        "reviews": tally.sources[source.tag],
        "files": files,
    }


def validation_report(
    tally: Tally,
    *,
    receipts: Mapping[Rule, Receipt],
    groups: int,
    lengths: Mapping[str, Any],
    sources: list[dict[str, Any]],
    card: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The content of validation.json; `card` is None for a run that failed."""
    contract, accepted = tally.contract, tally.accepted
    return {
        "contract": contract.describe(),
        "failed": tally.failure(),
        "rows": tally.rows,
        "accepted": accepted,
        "quarantined": tally.quarantined,
        "quarantine_share": tally.quarantined / tally.rows if tally.rows else 0.0,
        "max_quarantine_share": contract.max_quarantine_share,
        "reasons": dict(tally.reasons.most_common()),
        "removed": tally.removed,
        "cleaning": {rule.value: receipt.report() for rule, receipt in receipts.items()},
        "classes": {name: tally.classes[name] for name in contract.class_names},
        "groups": groups,
        "slices": {item.name: tally.slices[item.name] for item in contract.slices},
        "characters": {"mean": tally.characters / accepted if accepted else 0.0, "max": tally.longest},
        "lengths": dict(lengths),
        "splits": tally.dataset.split_report(SPLITS, contract.class_names),
        "left_out": tally.left_out,
        "sources": sources,
        "dataset": card,
    }
