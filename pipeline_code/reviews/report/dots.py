"""Rows of a mark with its interval: models, classes, slices and tags beside each other.

A chart is narrow enough for a phone; on a wide page two stand side by side. Units are SVG pixels. Marks
differ in shape, so that a print without colours can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline_code.reviews.report.axis import tick_text, ticks

WIDTH = 400.0
_EDGE = 10.0
_ROW, _NAME, _TRACK = 44.0, 16.0, 31.0
_AXIS = 26.0

Shape = Literal["disc", "ring", "square", "diamond"]


@dataclass(frozen=True)
class Row:
    """One row: a value with its interval, and perhaps a second value that it is compared with."""

    label: str
    value: float
    text: str
    interval: Sequence[float] | None = None
    shape: Shape = "disc"
    strong: bool = False
    beside: float | None = None

    @property
    def reach(self) -> list[float]:
        """Everything that must fit on the axis."""
        return [self.value, *(self.interval or []), *([] if self.beside is None else [self.beside])]


def dot_chart(
    rows: Sequence[Row],
    label: str,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
    reference: float | None = None,
    scale: float = 1.0,
    sign: bool = False,
) -> dict[str, Any]:
    """Place the rows on one axis.

    Parameters
    ----------
    label
        What a screen reader says of the chart.
    bounds
        Values that the axis never passes.
    reference
        A value to draw a line at, such as 0 or the figure of all texts.
    scale
        Factor for the numbers under the axis: 100 shows shares as points.
    sign
        Whether those numbers carry a sign.
    """
    values = [value for row in rows for value in row.reach] + ([] if reference is None else [reference])
    room = 0.04 * max(max(values) - min(values), 1e-3)
    marks = ticks(max(bounds[0], min(values) - room), min(bounds[1], max(values) + room))
    left, right = marks[0], marks[-1]

    def at(value: float) -> float:
        return round(_EDGE + (value - left) / (right - left) * (WIDTH - 2 * _EDGE), 1)

    bottom = _ROW * len(rows) + 4
    return {
        "label": label,
        "width": WIDTH,
        "height": bottom + _AXIS,
        "bottom": bottom,
        "rows": [_placed(row, place, at) for place, row in enumerate(rows)],
        "axis": [{"x": at(mark), "text": tick_text(scale * mark, sign=sign)} for mark in marks],
        "reference": None if reference is None else at(reference),
    }


def _placed(row: Row, place: int, at: Any) -> dict[str, Any]:
    return {
        "label": row.label,
        "text": row.text,
        "name_y": place * _ROW + _NAME,
        "y": place * _ROW + _TRACK,
        "x": at(row.value),
        "low": at(row.interval[0]) if row.interval else None,
        "high": at(row.interval[1]) if row.interval else None,
        "beside": None if row.beside is None else at(row.beside),
        "shape": row.shape,
        "strong": row.strong,
    }
