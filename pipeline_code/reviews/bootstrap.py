"""Intervals by resampling whole groups: sentences of one review are not independent of each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline_code.reviews.metrics import Floats, Ints, confusion_matrix

Metric = Callable[[Any], Floats]
_CHUNK = 256


class GroupBootstrap:
    """Percentile bootstrap over groups (Efron and Tibshirani 1993, ch. 13).

    A replicate draws as many groups as there are, with replacement. All models are scored on the same
    replicates, so differences between them are paired.

    Parameters
    ----------
    groups
        Group id of each row.
    true
        Class id of each row.
    """

    def __init__(self, groups: list[str], true: Ints, *, classes: int, samples: int, seed: int) -> None:
        _, self._place = np.unique(np.asarray(groups), return_inverse=True)
        self._count = int(self._place.max()) + 1
        self._true, self._classes = true, classes
        self._samples, self._seed = samples, seed

    def matrices(self, predicted: Ints) -> Floats:
        """Confusion matrices of all replicates [samples, classes, classes]."""
        cells = self._classes * self._classes
        flat = self._place * cells + self._true * self._classes + predicted
        by_group = np.bincount(flat, minlength=self._count * cells).reshape(self._count, cells)
        generator = np.random.default_rng(self._seed)
        share = np.full(self._count, 1 / self._count)
        parts = []
        for start in range(0, self._samples, _CHUNK):
            draws = generator.multinomial(self._count, share, size=min(_CHUNK, self._samples - start))
            parts.append(draws @ by_group)
        return np.concatenate(parts).reshape(-1, self._classes, self._classes).astype(float)

    def figure(self, metric: Metric, predicted: Ints) -> dict[str, Any]:
        """A metric with its 95 % interval: {"value", "interval"}."""
        value = float(metric(confusion_matrix(self._true, predicted, self._classes)))
        return {"value": value, "interval": _interval(metric(self.matrices(predicted)))}

    def difference(self, metric: Metric, first: Ints, second: Ints) -> dict[str, Any]:
        """`first` minus `second` on the same rows, with the interval of the paired difference."""
        values = [
            float(metric(confusion_matrix(self._true, predicted, self._classes)))
            for predicted in (first, second)
        ]
        replicates = metric(self.matrices(first)) - metric(self.matrices(second))
        return {"value": values[0] - values[1], "interval": _interval(replicates)}


def _interval(replicates: Floats) -> list[float]:
    low, high = np.percentile(replicates, [2.5, 97.5])
    return [float(low), float(high)]
