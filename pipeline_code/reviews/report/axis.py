"""Round numbers for the axis of a chart."""

from __future__ import annotations

import math


def ticks(low: float, high: float) -> list[float]:
    """Three to eight round numbers that enclose the range."""
    span = max(high - low, 1e-3)
    step: float = 10.0 ** math.floor(math.log10(span / 4))
    while span / step > 6:
        step *= 2.5 if round(math.log10(step) % 1, 3) == round(math.log10(2), 3) else 2
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 10) for place in range(first, max(last, first + 1) + 1)]


def tick_text(value: float, *, sign: bool = False) -> str:
    """A tick without trailing zeros."""
    text = f"{value:+.3f}" if sign and value else f"{value:.3f}"
    return text.rstrip("0").rstrip(".")
