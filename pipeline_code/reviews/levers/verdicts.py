"""Verdicts of experiments: what the intervals of a treatment's differences allow to say, in words.

To accept, harm must be excluded overall and in every slice: each of the intervals is one the claim could
fail by, so none has to be wider for being one of many (an intersection-union test, Berger 1982).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline_code.reviews.levers.paired import Figure, points, spoken

Decision = Literal["accept", "refuse", "can't tell"]
_NAMES = {"accuracy": "accuracy", "macro_f1": "macro-F1"}


@dataclass(frozen=True)
class Margins:
    """What counts as harm and as gain, in shares of 1.

    Parameters
    ----------
    overall
        Loss of accuracy and of macro-F1 that would be tolerated.
    slice
        Loss of accuracy in a slice that would be tolerated.
    slice_min_rows
        Slices with fewer rows are reported and not judged.
    least_gain
        A gain in macro-F1 that is surely smaller is not worth having.
    """

    overall: float = 0.01
    slice: float = 0.05
    slice_min_rows: int = 20
    least_gain: float = 0.005


@dataclass
class Findings:
    """What the intervals show: harm, doubts (harm beyond a margin is not excluded), in words."""

    harms: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def look(self, what: str, figure: Figure, margin: float, hint: str = "") -> None:
        """Note what one difference shows."""
        low, high = figure["interval"]
        if high < 0:
            self.harms.append(f"{what} falls: {spoken(figure)}")
        elif low < -margin:
            self.doubts.append(
                f"{what} may fall by more than {100 * margin:g} points: {spoken(figure)}{hint}"
            )


def look_for_harm(overall: dict[str, Figure], slices: dict[str, Any], margins: Margins) -> Findings:
    """Harm and doubts overall and in each judged slice."""
    found = Findings()
    for name, figure in overall.items():
        found.look(_NAMES[name], figure, margins.overall)
    for name, facts in slices.items():
        if facts["difference"] is not None:
            hint = rows_needed(facts, margins.slice)
            found.look(f"accuracy in slice {name}", facts["difference"], margins.slice, hint)
    return found


def worst_slice(slices: dict[str, Any]) -> str | None:
    """The slice whose interval reaches lowest; None if no slice was judged."""
    judged = [name for name, facts in slices.items() if facts["difference"] is not None]
    return min(judged, key=lambda name: float(slices[name]["difference"]["interval"][0]), default=None)


def rows_needed(facts: dict[str, Any], margin: float) -> str:
    """How many rows of a slice would settle it, in words; an interval narrows with the root of the rows."""
    value, (low, _) = facts["difference"]["value"], facts["difference"]["interval"]
    if value <= -margin:
        return f" on {facts['rows']} rows"
    needed = facts["rows"] * ((value - low) / (value + margin)) ** 2
    return f" on {facts['rows']} rows; about {round(needed / 10 + 0.5) * 10} rows of it would settle it"


def judge_treatment(
    overall: dict[str, Figure], slices: dict[str, Any], margins: Margins
) -> tuple[Decision, str]:
    """The verdict on one treatment against none, and why, in words."""
    found = look_for_harm(overall, slices, margins)
    gain = overall["macro_f1"]
    if found.harms:
        return "refuse", "harm is shown: " + "; ".join(found.harms)
    if gain["interval"][1] < margins.least_gain:
        return "refuse", f"it brings too little: macro-F1 {spoken(gain)}"
    if found.doubts:
        return "can't tell", "harm is not excluded: " + "; ".join(found.doubts)
    if gain["value"] <= 0:
        return "can't tell", f"no harm, but no gain to be seen either: macro-F1 {spoken(gain)}"
    shown = "the gain is shown" if gain["interval"][0] > 0 else "the gain itself is not shown beyond doubt"
    return "accept", f"harm is excluded overall and in every slice, and {shown}: macro-F1 {spoken(gain)}"


def describe_margins(margins: Margins) -> str:
    """The rule in one sentence."""
    return (
        f"Accepted is what surely loses no more than {100 * margins.overall:g} points of accuracy and "
        f"macro-F1 overall and {100 * margins.slice:g} points of accuracy in every slice of at least "
        f"{margins.slice_min_rows} rows, at 95 %, and gains macro-F1. Refused is what shows a loss in one of "
        f"them, or surely gains less than {points(margins.least_gain).lstrip('+')} points."
    )
