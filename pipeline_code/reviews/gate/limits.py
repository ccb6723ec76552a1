"""What the model may weigh and cost: size, latency, memory and the price of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.contract import GateFloors
from pipeline_code.reviews.gate.floors import at_most
from pipeline_code.reviews.gate.verdict import Rule

# Rule, what it says, unit, digits.
_SHOWN = {
    "artifact_mb": ("the model archive's size", " MB", 1),
    "p95_ms": ("95th percentile of the latency of one text", " ms", 1),
    "memory_mb": ("memory of a serving process", " MB", 0),
    "cost_per_1000": ("cost of 1,000 answers in US dollars", "", 5),
}


def rules(evaluation: dict[str, Any], gate: GateFloors) -> Iterator[Rule]:
    """One rule for each limit that the contract sets."""
    found = evaluation["constraints"]
    measured = {**found, "p95_ms": found["latency_ms"]["p95"]}
    for name, limit in gate.constraints.model_dump(exclude_none=True).items():
        what, unit, digits = _SHOWN[name]
        value = measured[name]
        if value is None:
            reason = f"{what} is not known: add {found['instance_type']} to the price list in config/prices"
            yield Rule(name, None, limit, "missed", reason)
        else:
            yield at_most(name, what, value, limit, unit, digits)
