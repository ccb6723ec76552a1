"""The reports of all Prepare hosts as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.features import ContentHash
from pipeline_code.reviews.files import read_json, require_directory

_STORE_COUNTS = ("records", "unchanged", "superseded", "calls", "retried")


def merge_reports(directory: Path) -> dict[str, Any]:
    """Add up prepare-<host>.json of all hosts.

    Raises
    ------
    FileError
        No report, fewer reports than hosts, or hosts that together do not hold the rows of the dataset.
    """
    paths = sorted(require_directory(directory, "prepare").rglob("prepare-*.json"))
    reports: list[dict[str, Any]] = [read_json(path) for path in paths]
    if not reports or len(reports) != reports[0]["hosts"]:
        wanted = reports[0]["hosts"] if reports else "at least 1"
        raise FileError(f"{directory} holds {len(reports)} prepare-<host>.json, expected {wanted}")
    merged = dict(reports[0]) | {"host": [report["host"] for report in reports]}
    merged["retokenised"] = sum(report["retokenised"] for report in reports)
    merged["splits"] = {
        split: _merge([report["splits"][split] for report in reports]) for split in reports[0]["splits"]
    }
    _check_complete(merged, reports, directory)
    stored = [report["feature_store"] for report in reports if report["feature_store"]]
    if stored:
        totals = {name: sum(item[name] for item in stored) for name in _STORE_COUNTS}
        merged["feature_store"] = stored[0] | totals
    return merged


def _check_complete(merged: dict[str, Any], reports: list[dict[str, Any]], directory: Path) -> None:
    """Raise unless the hosts wrote one dataset, as many rows of each class and split as its card says."""
    card = merged["dataset"]
    if any(report["dataset"] != card for report in reports):
        raise FileError(f"{directory}: the hosts of Prepare wrote different datasets: run Prepare again")
    for split, wanted in card["splits"].items():
        found = merged["splits"][split]["classes"]
        if found != {name: rows for name, rows in wanted["classes"].items() if rows}:
            raise FileError(
                f"{directory}: the {len(reports)} hosts of Prepare wrote {found} to {split}, the dataset has "
                f"{wanted['classes']}: rows were lost or doubled on the way, run Validate and Prepare again"
            )


def _merge(tallies: list[dict[str, Any]]) -> dict[str, Any]:
    content = ContentHash()
    for tally in tallies:
        content.merge(ContentHash.parse(tally["content_hash"]))
    rows, truncated = (sum(tally[name] for tally in tallies) for name in ("rows", "truncated"))
    return {
        "rows": rows,
        "tokens": sum(tally["tokens"] for tally in tallies),
        "truncated": truncated,
        "truncated_share": truncated / rows if rows else 0.0,
        "longest": max(tally["longest"] for tally in tallies),
        "classes": _add([tally["classes"] for tally in tallies]),
        "length_histogram": _add([tally["length_histogram"] for tally in tallies]),
        "content_hash": content.hexdigest(),
    }


def _add(counts: list[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for key, value in count.items():
            total[key] = total.get(key, 0) + value
    return total
