"""The reports of all Prepare hosts as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.features import ContentHash
from pipeline_code.reviews.files import read_json, require_directory


def merge_reports(directory: Path) -> dict[str, Any]:
    """Add up prepare-<host>.json of all hosts.

    Raises
    ------
    FileError
        No report, or fewer reports than hosts.
    """
    paths = sorted(require_directory(directory, "prepare").rglob("prepare-*.json"))
    reports: list[dict[str, Any]] = [read_json(path) for path in paths]
    if not reports or len(reports) != reports[0]["hosts"]:
        wanted = reports[0]["hosts"] if reports else "at least 1"
        raise FileError(f"{directory} holds {len(reports)} prepare-<host>.json, expected {wanted}")
    merged = dict(reports[0]) | {"host": [report["host"] for report in reports]}
    merged["splits"] = {
        split: _merge([report["splits"][split] for report in reports]) for split in reports[0]["splits"]
    }
    stored = [report["feature_store"] for report in reports if report["feature_store"]]
    if stored:
        totals = {name: sum(item[name] for item in stored) for name in ("records", "calls", "retried")}
        merged["feature_store"] = stored[0] | totals
    return merged


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
