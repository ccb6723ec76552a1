"""Validate: raw sources in; reviews that satisfy the contract out, all other rows to quarantine."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline_code.jobs import entry
from pipeline_code.reviews.contract import Contract, Source, read_contract_directory
from pipeline_code.reviews.files import require_directory, sha256_file, write_json
from pipeline_code.reviews.sources import Fault, Row, read_source, source_files
from pipeline_code.reviews.store import ReviewShards
from pipeline_code.reviews.validation import Judge, Review, ValidationFailed, failure


@dataclass
class Tally:
    """Counts of one run, as they go to validation.json."""

    rows: int = 0
    characters: int = 0
    longest: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    groups: set[str] = field(default_factory=set)

    def add(self, item: Review | Fault) -> None:
        """Count one judged row."""
        self.rows += 1
        if isinstance(item, Fault):
            self.reasons[item.reason.value] += 1
            return
        self.classes[item.label] += 1
        self.sources[item.source] += 1
        self.groups.add(item.group_id)
        self.characters += len(item.review_body)
        self.longest = max(self.longest, len(item.review_body))


def main(arguments: Sequence[str]) -> None:
    """Run the job with its command-line arguments."""
    parser = entry.JobArguments(__doc__ or "")
    parser.directories("input", "contract", "reviews", "quarantine", "report")
    parser.add_argument("--shards", type=int, default=8, help="files to spread the reviews over")
    options = parser.parse_args(arguments)
    contract = read_contract_directory(options.contract_dir)
    judge, tally = Judge(contract), Tally()
    require_directory(options.input_dir, "input")
    for folder in (options.reviews_dir, options.quarantine_dir):
        folder.mkdir(parents=True, exist_ok=True)
    # Quarantine is sent while the job runs: a temporary name would be sent too, and stay behind.
    with (
        ReviewShards(options.reviews_dir, options.shards) as shards,
        (options.quarantine_dir / "quarantine.jsonl").open("w", encoding="utf-8") as quarantine,
    ):
        for item in _judged(contract, judge, options.input_dir):
            tally.add(item)
            if isinstance(item, Review):
                shards.add(item)
            else:
                quarantine.write(json.dumps(item.record(), ensure_ascii=False) + "\n")
    report = _report(contract, judge, tally, options.input_dir)
    write_json(options.report_dir / "validation.json", report)
    print(f"rows={tally.rows} accepted={report['accepted']} quarantined={report['quarantined']}", flush=True)
    if report["failed"]:  # raised last: whoever looks for the reasons finds complete files
        raise ValidationFailed(report["failed"])


def _judged(contract: Contract, judge: Judge, directory: Path) -> Iterator[Review | Fault]:
    for source in contract.sources:
        for item in read_source(source, contract, directory):
            yield judge.check(item, source) if isinstance(item, Row) else item


def _report(contract: Contract, judge: Judge, tally: Tally, directory: Path) -> dict[str, Any]:
    refused = sum(tally.reasons.values())
    accepted = tally.rows - refused
    return {
        "contract": contract.describe(),
        "failed": failure(tally.rows, dict(tally.reasons), contract.max_quarantine_share),
        "rows": tally.rows,
        "accepted": accepted,
        "quarantined": refused,
        "quarantine_share": refused / tally.rows if tally.rows else 0.0,
        "max_quarantine_share": contract.max_quarantine_share,
        "reasons": dict(tally.reasons.most_common()),
        "classes": {name: tally.classes[name] for name in contract.class_names},
        "groups": len(tally.groups),
        "repeated_texts": judge.repeated_texts,
        "characters": {
            "mean": tally.characters / accepted if accepted else 0.0,
            "max": tally.longest,
        },
        "sources": [_source_report(source, tally, directory) for source in contract.sources],
    }


def _source_report(source: Source, tally: Tally, directory: Path) -> dict[str, Any]:
    files = [
        {"name": str(path.relative_to(directory)), "bytes": path.stat().st_size, "sha256": sha256_file(path)}
        for path in source_files(source, directory)
    ]
    return {
        "tag": source.tag,
        "licence": source.licence,
        "reviews": tally.sources[source.tag],
        "files": files,
    }


if __name__ == "__main__":
    sys.exit(entry.run(main, sys.argv[1:]))
