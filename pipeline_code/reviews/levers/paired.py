"""Two treatments on the same rows: the differences, with intervals from the same resamples of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline_code.reviews import metrics
from pipeline_code.reviews.bootstrap import GroupBootstrap, Metric
from pipeline_code.reviews.levers.cross_fit import Plan
from pipeline_code.reviews.levers.rows import Rows
from pipeline_code.reviews.metrics import Floats, Ints
from pipeline_code.reviews.slices import Mask

OVERALL: dict[str, Metric] = {"accuracy": metrics.accuracy, "macro_f1": metrics.macro_f1}
Figure = dict[str, Any]


class Paired:
    """Compares predictions [repeats, rows] of the same rows.

    The repeats of a row stay with its group, so that an interval is that of the mean over repeats. It says
    how much other reviews would change the figure; that other training rows would change it too is only
    averaged over the repeats.
    """

    def __init__(self, rows: Rows, *, classes: int, plan: Plan) -> None:
        self._rows, self._classes, self._plan = rows, classes, plan
        self._all = self._bootstrap(np.ones(len(rows), dtype=bool))

    def figures(self, predicted: Ints) -> dict[str, Figure]:
        """Accuracy and macro-F1, each with its interval."""
        return {name: self._all.figure(metric, predicted.ravel()) for name, metric in OVERALL.items()}

    def differences(self, first: Ints, second: Ints) -> dict[str, Figure]:
        """`first` minus `second` in accuracy and macro-F1."""
        return {
            name: self._all.difference(metric, first.ravel(), second.ravel())
            for name, metric in OVERALL.items()
        }

    def recalls(self, first: Ints, second: Ints, names: list[str]) -> dict[str, Figure]:
        """`first` minus `second` in the recall of each class."""
        return {
            name: self._all.difference(_recall_of(number), first.ravel(), second.ravel())
            for number, name in enumerate(names)
        }

    def slices(self, masks: Mapping[str, Mask], first: Ints, second: Ints, min_rows: int) -> dict[str, Any]:
        """Accuracy in each slice of at least `min_rows` rows; with fewer, or one group, no difference."""
        return {name: self._slice(mask, first, second, min_rows) for name, mask in masks.items()}

    def _slice(self, mask: Mask, first: Ints, second: Ints, min_rows: int) -> dict[str, Any]:
        groups = {group for group, inside in zip(self._rows.group_ids, mask.tolist(), strict=True) if inside}
        facts: dict[str, Any] = {
            "rows": int(mask.sum()),
            "groups": len(groups),
            "share": float(mask.mean()),
            "difference": None,
        }
        if facts["rows"] < min_rows or len(groups) < 2:
            return facts
        right = [(part[:, mask] == self._rows.label_ids[mask]).mean() for part in (first, second)]
        facts["with"], facts["without"] = (float(share) for share in right)
        facts["difference"] = self._bootstrap(mask).difference(
            metrics.accuracy, first[:, mask].ravel(), second[:, mask].ravel()
        )
        return facts

    def _bootstrap(self, mask: Mask) -> GroupBootstrap:
        chosen = self._rows.take(np.flatnonzero(mask))
        repeats = self._plan.repeats
        return GroupBootstrap(
            chosen.group_ids * repeats,
            np.tile(chosen.label_ids, repeats),
            classes=self._classes,
            samples=self._plan.bootstrap_samples,
            seed=self._plan.seed,
        )


def _recall_of(position: int) -> Metric:
    def metric(matrices: Any) -> Floats:
        found: Floats = metrics.recall(matrices)[..., position]
        return found

    return metric


def points(value: float) -> str:
    """A difference in points, with its sign: 0.012 is "+1.2"."""
    return f"{100 * value:+.1f}"


def spoken(figure: Figure) -> str:
    """A difference in words: "+1.2 points (95 % interval +0.3 to +2.1)"."""
    low, high = figure["interval"]
    return f"{points(figure['value'])} points (95 % interval {points(low)} to {points(high)})"
