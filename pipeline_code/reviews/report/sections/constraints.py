"""What the model weighs and costs, against the contract's limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.report.bars import Limit, limit_chart
from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import measure

# Rule of the gate, what it is, unit before and after the number.
_LIMITS = (
    ("artifact_mb", "Size of the model's file", "", " MB"),
    ("p95_ms", "19 of 20 answers come within", "", " ms"),
    ("memory_mb", "Memory of a serving process", "", " MB"),
    ("cost_per_1000", "Cost of 1,000 answers", "$", ""),
)


def section(pieces: Pieces) -> Section:
    """Size, latency, memory and cost beside their bounds, measured on the machine of Evaluate."""
    found = pieces.part("constraints")
    title = "What it weighs and costs"
    if not found:
        return Section("constraints", title, ["Size, speed and cost were not measured."])
    rows = list(_rows(found, pieces.evaluation["gate"]["rules"]))
    drawn = [
        Limit(row["label"], f"{row['shown']} of {row['shown_bound']}", row["value"], row["bound"])
        for row in rows
        if row["value"] is not None and row["bound"]
    ]
    charts = (
        {"limits": limit_chart(drawn, "What was measured against the contract's limits")} if drawn else {}
    )
    return Section(
        "constraints", title, list(_sentences(found, rows)), {"rows": rows, "measured": found}, charts
    )


def _rows(found: dict[str, Any], rules: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    bounds = {rule["name"]: rule["bound"] for rule in rules}
    values = {**found, "p95_ms": (found.get("latency_ms") or {}).get("p95")}
    for name, label, before, after in _LIMITS:
        value, bound = values.get(name), bounds.get(name)
        yield {
            "name": name,
            "label": label,
            "value": value,
            "bound": bound,
            "shown": "not known" if value is None else f"{before}{measure(value)}{after}",
            "shown_bound": "no limit" if bound is None else f"{before}{measure(bound)}{after}",
            "verdict": None if value is None or bound is None else "passed" if value <= bound else "missed",
        }


def _sentences(found: dict[str, Any], rows: list[dict[str, Any]]) -> Iterator[str]:
    latency = found.get("latency_ms") or {}
    machine = found.get("measured_on") or "the machine of Evaluate"
    if latency:
        yield (
            f"Measured with {latency['requests']} single requests on {machine}: half of the answers "
            "took at most "
            f"{measure(latency['p50'])} ms, 19 of 20 at most {measure(latency['p95'])} ms."
        )
    if found.get("cost_per_1000") is None:
        yield f"The cost is not known: no price of {found.get('instance_type') or 'the instance'} is listed."
    else:
        yield (
            f"The cost is that of answering one text after the other on {found['instance_type']} at "
            f"${measure(found['price_per_hour'])} an hour, without idle time."
        )
    if not any(row["bound"] is not None for row in rows):
        yield "The contract sets no limit."
