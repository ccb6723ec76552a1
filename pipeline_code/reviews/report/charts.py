"""Geometry of the report's charts; the template draws it as inline SVG. Units are SVG pixels."""

from __future__ import annotations

import math
from typing import Any

from pipeline_code.reviews.features import HISTOGRAM_BIN

WIDTH = 640.0
_LABEL_WIDTH, _RIGHT = 210.0, 60.0
_ROW = 38.0
_CURVE_HEIGHT, _CURVE_WIDTH = 200.0, 320.0
_BARS_HEIGHT = 150.0
_MOST_BARS = 40

Points = list[tuple[float, float]]


def interval_chart(figures: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Rows of a point with its interval. Figures are {"value", "interval"} in 0 ... 1."""
    low = min(figure["interval"][0] for figure in figures.values())
    high = max(figure["interval"][1] for figure in figures.values())
    ticks = _ticks(max(0.0, low - 0.02), min(1.0, high + 0.02))
    left, right = ticks[0], ticks[-1]

    def at(value: float) -> float:
        return round(_LABEL_WIDTH + (value - left) / (right - left) * (WIDTH - _LABEL_WIDTH - _RIGHT), 1)

    rows = [
        {
            "label": label,
            "y": _ROW * (place + 0.5),
            "low": at(figure["interval"][0]),
            "high": at(figure["interval"][1]),
            "x": at(figure["value"]),
            "value": figure["value"],
            "first": place == 0,
        }
        for place, (label, figure) in enumerate(figures.items())
    ]
    axis = [{"x": at(tick), "text": f"{tick:.2f}".rstrip("0").rstrip(".")} for tick in ticks]
    return {
        "width": WIDTH,
        "bottom": _ROW * len(rows),
        "height": _ROW * len(rows) + 24,
        "rows": rows,
        "axis": axis,
    }


def curve_chart(title: str, series: dict[str, Points]) -> dict[str, Any]:
    """Lines over epochs. Points are (epoch, value)."""
    values = [value for points in series.values() for _, value in points]
    epochs = sorted({epoch for points in series.values() for epoch, _ in points})
    ticks = _ticks(min(values), max(values))
    left, top, bottom = 40.0, 12.0, _CURVE_HEIGHT - 28
    span = max(epochs[-1] - epochs[0], 1)

    def across(epoch: float) -> float:
        return round(left + (epoch - epochs[0]) / span * (_CURVE_WIDTH - left - 16), 1)

    def up(value: float) -> float:
        return round(bottom - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (bottom - top), 1)

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
        "y_axis": [{"y": up(tick), "text": f"{tick:.2f}"} for tick in ticks],
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
            "x": round(place * step + 1, 1),
            "width": round(step - 2, 1),
            "height": round(count / most * _BARS_HEIGHT, 1),
            "count": count,
            "start": place * HISTOGRAM_BIN,
            "over": place * HISTOGRAM_BIN >= limit,
        }
        for place, count in enumerate(bins)
    ]
    every = max(1, math.ceil(len(bins) / 10))
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


def _ticks(low: float, high: float) -> list[float]:
    """Four to eight round numbers that enclose the range."""
    span = max(high - low, 1e-3)
    step: float = 10.0 ** math.floor(math.log10(span / 4))
    while span / step > 6:
        step *= 2.5 if round(math.log10(step) % 1, 3) == round(math.log10(2), 3) else 2
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 10) for place in range(first, max(last, first + 1) + 1)]
