"""Figures as words: shares of a hundred for everyone, percentages and intervals for tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

MISSING = "\u2013"

BASELINES = {
    "live": "Model in service",
    "tfidf": "Counting words (TF-IDF)",
    "vader": "Word list and rules (VADER)",
    "majority": "Always the commonest class",
}
_NUMBERS = {"1": "One person", "3": "Three people", "5": "Five people", "9": "Nine people"}


def of_hundred(value: float) -> str:
    """A share as a whole number of a hundred."""
    return f"{100 * value:.0f}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share of 1 as a percentage."""
    return MISSING if value is None else f"{100 * value:.{digits}f}\u202f%"


def number(value: float | None, digits: int = 3) -> str:
    """A number with a fixed count of decimals."""
    return MISSING if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign."""
    return MISSING if value is None else f"{value:+.{digits}f}"


def points(value: float | None, digits: int = 1) -> str:
    """A difference of shares in percentage points."""
    return MISSING if value is None else f"{100 * value:+.{digits}f}"


def interval(bounds: Sequence[float] | None, digits: int = 3) -> str:
    """The two ends of an interval."""
    return MISSING if bounds is None else f"{bounds[0]:.{digits}f} \u2013 {bounds[1]:.{digits}f}"


def measure(value: float | None) -> str:
    """A number of any size with two or three significant digits: milliseconds, megabytes, dollars, shares."""
    if value is None:
        return MISSING
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10 or value == int(value):
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.3f}" if size >= 0.01 else f"{value:.{1 - math.floor(math.log10(size))}f}"


def count(amount: int, one: str, many: str | None = None) -> str:
    """A count with its noun."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def listed(items: Iterable[str], last: str = "and") -> str:
    """Items as in a sentence: a, b and c."""
    names = list(items)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


def sentence(text: str) -> str:
    """A clause with a capital and a full stop."""
    text = text.strip()
    return text if not text else text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def people(raters: str) -> str:
    """A human level's name."""
    return _NUMBERS.get(raters, f"{raters} people")


def model_name(name: str, facts: dict[str, Any] | None = None) -> str:
    """A baseline's name for the reader; the live model with its version where that is known."""
    shown = BASELINES.get(name, name)
    version = (facts or {}).get("version")
    return f"{shown} (version {version})" if name == "live" and version is not None else shown


def compared(comparison: dict[str, Any]) -> tuple[str, str]:
    """Verdict and sentence of a paired comparison; from its interval alone where it brings none."""
    low, high = comparison["interval"]
    verdict = comparison.get("verdict") or ("better" if low > 0 else "worse" if high < 0 else "can't tell")
    words = comparison.get("words") or (
        f"{verdict}: {points(comparison['value'])} points (95 % interval {points(low)} to {points(high)})"
    )
    return str(verdict), sentence(str(words))
