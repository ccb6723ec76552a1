"""The reliability diagram: how often answers given with a certainty were right. Units are SVG pixels."""

from __future__ import annotations

import math
from typing import Any

WIDTH = 400.0
_LEFT, _RIGHT, _TOP, _SIDE = 42.0, 14.0, 12.0, 250.0
_COUNTS = 56.0
_BIGGEST = 10.0


def reliability_chart(bins: list[dict[str, Any]], label: str) -> dict[str, Any]:
    """Place one disc a bin, its area by the count, over a row of bars of the counts.

    Bins are {"low", "high", "count", "confidence", "accuracy"} in 0 ... 1; empty ones are left out.
    """
    held = [one for one in bins if one["count"]]
    most = max((one["count"] for one in held), default=1)
    base = _TOP + _SIDE

    def across(value: float) -> float:
        return round(_LEFT + value * (WIDTH - _LEFT - _RIGHT), 1)

    def up(value: float) -> float:
        return round(base - value * _SIDE, 1)

    foot = base + 22 + _COUNTS
    return {
        "label": label,
        "width": WIDTH,
        "height": foot + 42,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "top": _TOP,
        "base": base,
        "foot": foot,
        "ticks": [{"x": across(tick / 5), "y": up(tick / 5), "text": f"{20 * tick}"} for tick in range(6)],
        "diagonal": [across(0), up(0), across(1), up(1)],
        "bins": [
            {
                "x": across(one["confidence"]),
                "y": up(one["accuracy"]),
                "ideal": up(one["confidence"]),
                "radius": round(max(3.5, _BIGGEST * math.sqrt(one["count"] / most)), 1),
                "bar_x": across(one["low"]) + 1,
                "bar_width": round(across(one["high"]) - across(one["low"]) - 2, 1),
                "bar_height": round(max(1.0, one["count"] / most * (_COUNTS - 16)), 1),
                "count": one["count"],
            }
            for one in held
        ],
    }
