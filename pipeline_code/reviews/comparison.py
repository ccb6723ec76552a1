"""A difference between two models, said in words: better, not worse, worse, or can't tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

_HOPELESS = 1000
Verdict = Literal["better", "not worse", "worse", "can't tell"]


@dataclass(frozen=True)
class Comparison:
    """A paired difference (first minus second, as a share of 1) with its 95 % interval and a verdict."""

    value: float
    interval: tuple[float, float]
    verdict: Verdict
    words: str

    def report(self) -> dict[str, Any]:
        """The form of evaluation.json: a figure with `verdict` and `words`."""
        return {
            "value": self.value,
            "interval": list(self.interval),
            "verdict": self.verdict,
            "words": self.words,
        }


def compare(
    difference: Mapping[str, Any],
    margin: float,
    *,
    rows: int,
    groups: int,
    metric: str = "accuracy",
    other: str = "the live model",
) -> Comparison:
    """Judge a paired difference, as of `GroupBootstrap.difference`.

    better: the whole interval is above 0; not worse: it is above -margin (non-inferiority); worse: it is
    below 0; can't tell: none of these.

    Parameters
    ----------
    difference
        {"value", "interval"}, model minus other.
    margin
        The loss that would be accepted, as a share of 1, at least 0.
    rows, groups
        What the difference was measured on.
    metric, other
        Names for the sentence.

    Raises
    ------
    ValueError
        The margin is negative.
    """
    if margin < 0:
        raise ValueError(f"a margin must be at least 0, got {margin}")
    value = float(difference["value"])
    low, high = (float(bound) for bound in difference["interval"])
    verdict = _verdict(low, high, margin)
    words = f"{_said(verdict, value, (low, high), margin, metric, other)} on {_count(rows, groups)}."
    if verdict == "can't tell":
        words += f" {_needed(value, (low, high), margin, rows, groups)}"
    return Comparison(value, (low, high), verdict, words)


def _verdict(low: float, high: float, margin: float) -> Verdict:
    if low > 0:
        return "better"
    if low >= -margin:
        return "not worse"
    return "worse" if high < 0 else "can't tell"


def _said(
    verdict: Verdict, value: float, interval: tuple[float, float], margin: float, metric: str, other: str
) -> str:
    lead = {
        "better": f"Better than {other}",
        "not worse": f"Not worse than {other} by more than {_points(margin)}",
        "worse": f"Worse than {other}",
        "can't tell": f"Can't tell whether it is worse than {other}",
    }[verdict]
    low, high = (f"{100 * bound:+.1f}" for bound in interval)
    return f"{lead}: {metric} differs by {100 * value:+.1f} points (95 % interval {low} to {high})"


def _needed(value: float, interval: tuple[float, float], margin: float, rows: int, groups: int) -> str:
    """How much data would settle it if the difference stayed: an interval narrows with the root of n."""
    shares = [0.0]
    if value > -margin:
        shares.append((value + margin) / (value - interval[0]))
    if value < 0:
        shares.append(-value / (interval[1] - value))
    if (share := max(shares)) <= 0:
        return "With a difference of 0 and a margin of 0, no amount of data would tell."
    if (factor := 1 / share**2) > _HOPELESS:
        return f"If the difference stays, not even {_HOPELESS:,} times the data would tell."
    enough = _count(_round_up(rows * factor), _round_up(groups * factor))
    return f"If the difference stays, about {enough} would tell."


def _round_up(number: float) -> int:
    """To two significant digits, upwards."""
    unit = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return int(math.ceil(number / unit - 1e-9) * unit)


def _count(rows: int, groups: int) -> str:
    return f"{rows:,} row{'s' * (rows != 1)} of {groups:,} group{'s' * (groups != 1)}"


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"
