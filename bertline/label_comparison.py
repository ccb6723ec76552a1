"""Label reports before and after a change of the rubric: do people agree more, where is the ceiling now?"""

from dataclasses import dataclass
from typing import Any

MARGIN = 0.01  # a loss below this is none that anyone would notice
_NORMAL = 1.96


@dataclass(frozen=True)
class Change:
    """One figure before and after. `comparison` has value, interval, verdict and words."""

    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    comparison: dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """All changes, and what they come to in words."""

    changes: list[Change]
    words: list[str]


def compare_reports(before: dict[str, Any], after: dict[str, Any]) -> Comparison:
    """Compare agreement and human level of two labels.json.

    The interval of a difference takes the two reports as independent: where both hold ratings of the same
    texts it is too wide rather than too narrow.
    """
    figures = [_figures(report) for report in (before, after)]
    changes = [
        Change(
            name, figures[0][name], figures[1][name], _difference(name, figures[0][name], figures[1][name])
        )
        for name in figures[0]
        if name in figures[1]
    ]
    return Comparison(changes, [*_verdict(changes), *_definition(before, after)])


def _figures(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    alphas = (report["agreement"] or {}).get("alpha", {})
    found = {f"alpha, {name}": figure for name, figure in alphas.items()}
    for size, level in report["human"].get("levels", {}).items():
        found |= {f"HLP({size}) {metric}": level[metric] for metric in ("accuracy", "macro_f1")}
    return {name: figure for name, figure in found.items() if figure["value"] is not None}


def _difference(name: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    value = after["value"] - before["value"]
    below = _length(after, 0, -1), _length(before, 1, 1)
    above = _length(after, 1, 1), _length(before, 0, -1)
    low, high = value - _root(*below), value + _root(*above)
    verdict = _verdict_of(low, high)
    words = f"{name}: {verdict}, {value:+.3f} ({low:+.3f} to {high:+.3f})"
    return {"value": value, "interval": [low, high], "verdict": verdict, "words": words}


def _length(figure: dict[str, Any], side: int, sign: int) -> float:
    """How far a figure's interval reaches to one side."""
    return max(0.0, sign * (float(figure["interval"][side]) - float(figure["value"])))


def _root(first: float, second: float) -> float:
    return float((first**2 + second**2) ** 0.5)


def _verdict_of(low: float, high: float) -> str:
    if low > 0:
        return "better"
    if low >= -MARGIN:
        return "not worse"
    return "worse" if high < 0 else "can't tell"


def _verdict(changes: list[Change]) -> list[str]:
    found = {change.name: change.comparison for change in changes}
    agreement, ceiling = found.get("alpha, nominal"), found.get("HLP(1) accuracy")
    if agreement is None or ceiling is None:
        return ["Nothing to compare: one of the two has no text that several people rated."]
    agree = {
        "better": "People agree more than before",
        "worse": "People agree less than before",
        "not worse": "People agree no less than before",
        "can't tell": "Whether people agree more cannot be told from so many texts",
    }[agreement["verdict"]]
    moved = f"The ceiling that a model is judged against moved by {ceiling['value']:+.3f} for one rater"
    largest = [change for change in changes if change.name.endswith("accuracy")][-1]
    if largest.name != "HLP(1) accuracy":
        moved += f", {largest.comparison['value']:+.3f} for {largest.name.removesuffix(' accuracy')}"
    return [f"{agree} ({agreement['words']}).", f"{moved} ({ceiling['words']})."]


def _definition(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """A warning when classes were redefined: another task is not the same task done better."""
    used = [next((one for one in report["definition"] if one["in_use"]), None) for report in (before, after)]
    if used[0] is None or used[1] is None or used[0]["cuts"] == used[1]["cuts"]:
        return []
    cuts = [", ".join(f"{cut:g}" for cut in one["cuts"]) for one in used if one]
    return [
        f"The cuts moved from {cuts[0]} to {cuts[1]}: classes mean something else now, so figures of models "
        "from before and after do not compare."
    ]
