"""Bars of what was measured against a bound. Units are SVG pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 400.0
_EDGE = 10.0
_ROW, _NAME, _BAR = 48.0, 16.0, 24.0


@dataclass(frozen=True)
class Limit:
    """A measured value and the most that it may be, both in the unit that `text` names."""

    label: str
    text: str
    value: float
    bound: float


def limit_chart(limits: Sequence[Limit], label: str) -> dict[str, Any]:
    """Place the bars: every bound at the same line, values as their share of it, cut at 1.25 of it."""
    scale = (WIDTH - 2 * _EDGE) / 1.25
    rows = []
    for place, limit in enumerate(limits):
        share = limit.value / limit.bound if limit.bound > 0 else 1.25
        rows.append(
            {
                "label": limit.label,
                "text": limit.text,
                "name_y": place * _ROW + _NAME,
                "y": place * _ROW + _BAR,
                "length": round(max(1.5, min(share, 1.25) * scale), 1),
                "over": limit.value > limit.bound,
            }
        )
    return {
        "label": label,
        "width": WIDTH,
        "height": _ROW * len(rows) + 22,
        "bottom": _ROW * len(rows),
        "left": _EDGE,
        "bound": round(_EDGE + scale, 1),
        "rows": rows,
    }
