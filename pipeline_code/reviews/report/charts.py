"""Curves over epochs and the histogram of lengths. Units are SVG pixels."""

from __future__ import annotations

import math
from typing import Any

from pipeline_code.reviews.features import HISTOGRAM_BIN
from pipeline_code.reviews.report.axis import ticks

WIDTH = 400.0
_CURVE_HEIGHT, _CURVE_WIDTH = 240.0, 400.0
_BARS_HEIGHT = 150.0
_MOST_BARS = 40

Points = list[tuple[float, float]]


def curve_chart(title: str, series: dict[str, Points]) -> dict[str, Any]:
    """Lines over epochs. Points are (epoch, value)."""
    values = [value for points in series.values() for _, value in points]
    epochs = sorted({epoch for points in series.values() for epoch, _ in points})
    marks = ticks(min(values), max(values))
    left, top, bottom = 40.0, 12.0, _CURVE_HEIGHT - 28
    span = max(epochs[-1] - epochs[0], 1)

    def across(epoch: float) -> float:
        return round(left + (epoch - epochs[0]) / span * (_CURVE_WIDTH - left - 16), 1)

    def up(value: float) -> float:
        return round(bottom - (value - marks[0]) / (marks[-1] - marks[0]) * (bottom - top), 1)

    step = math.ceil(len(epochs) / 10)
    return {
        "title": title,
        "width": _CURVE_WIDTH,
        "height": _CURVE_HEIGHT,
        "left": left,
        "bottom": bottom,
        "lines": [
            {"label": label, "points": [(across(epoch), up(value)) for epoch, value in points]}
            for label, points in series.items()
        ],
        "y_axis": [{"y": up(tick), "text": f"{tick:.2f}"} for tick in marks],
        "x_axis": [{"x": across(epoch), "text": f"{epoch:g}"} for epoch in epochs[::step]],
    }


def histogram_chart(counts: dict[int, int], limit: int) -> dict[str, Any]:
    """Bars of counts by length in tokens; lengths past the last bar are added to it."""
    last = min(max(counts, default=0) // HISTOGRAM_BIN, _MOST_BARS - 1)
    bins = [0] * (last + 1)
    for start, count in counts.items():
        bins[min(start // HISTOGRAM_BIN, last)] += count
    step = WIDTH / len(bins)
    most = max(*bins, 1)
    bars = [
        {
            "x": round(place * step + 0.5, 1),
            "width": round(step - 1, 1),
            "height": round(count / most * _BARS_HEIGHT, 1),
            "count": count,
            "start": place * HISTOGRAM_BIN,
            "over": place * HISTOGRAM_BIN >= limit,
        }
        for place, count in enumerate(bins)
    ]
    every = max(1, math.ceil(len(bins) / 8))
    axis = [
        {"x": round(place * step, 1), "text": place * HISTOGRAM_BIN} for place in range(0, len(bins), every)
    ]
    cut = limit / HISTOGRAM_BIN * step
    return {
        "width": WIDTH,
        "bottom": _BARS_HEIGHT + 16,
        "height": _BARS_HEIGHT + 40,
        "bin": HISTOGRAM_BIN,
        "bars": bars,
        "axis": axis,
        "cut": round(cut, 1) if cut <= WIDTH else None,
    }
