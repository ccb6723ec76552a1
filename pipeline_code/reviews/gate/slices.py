"""Critical slices: good enough by themselves, and no worse than under the live model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.contract import GateFloors
from pipeline_code.reviews.gate.verdict import Rule, rule


def rules(evaluation: dict[str, Any], gate: GateFloors) -> Iterator[Rule]:
    """The worst critical slice's lower bound, and each critical slice against the live model."""
    critical = {name: item for name, item in evaluation["slices"].items() if item["critical"]}
    enough = {
        name: item
        for name, item in critical.items()
        if item["rows"] >= gate.slice_min_rows and item["accuracy"] is not None
    }
    for name in [name for name in critical if name not in enough]:
        rows, needed = critical[name]["rows"], gate.slice_min_rows
        reason = f"critical slice {name} has {rows} test texts of {needed} needed"
        if rows >= needed:
            reason = f"the {rows} test texts of critical slice {name} belong to one group, too few to tell"
        yield Rule(f"slice_{name}", None, gate.critical_slice_floor or 0.0, "not judged", reason)
    if gate.critical_slice_floor is not None and enough:
        yield _worst(enough, gate.critical_slice_floor)
    for name, item in enough.items():
        if item["live_difference"] is not None:
            yield _no_regression(name, item, gate.slice_margin)


def _worst(slices: dict[str, Any], floor: float) -> Rule:
    name = min(slices, key=lambda item: slices[item]["accuracy"]["interval"][0])
    found = slices[name]["accuracy"]
    low = found["interval"][0]
    passed = low >= floor
    side = "is" if passed else "is not surely"
    reason = (
        f"in the worst critical slice, {name}, accuracy {found['value']:.3f} on {slices[name]['rows']} texts "
        f"{side} at or above {floor:.3f} (lower end of the 95 % interval {low:.3f})"
    )
    return rule("worst_critical_slice", low, floor, passed, reason)


def _no_regression(name: str, item: dict[str, Any], margin: float) -> Rule:
    """Judged by the difference itself: in a small slice hardly any interval excludes harm."""
    found = item["live_difference"]
    value, (low, high) = found["value"], found["interval"]
    passed = value >= -margin
    word = "keeps within" if passed else "falls by more than"
    reason = (
        f"accuracy in critical slice {name} ({100 * item['share']:.1f} % of the texts) {value:+.3f} against "
        f"the live model (95 % interval {low:+.3f} to {high:+.3f}) {word} {margin:.3f}"
    )
    return rule(f"live_slice_{name}", value, -margin, passed, reason)
