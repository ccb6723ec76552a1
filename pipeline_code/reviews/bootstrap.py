"""Intervals by resampling whole groups: sentences of one review are not independent of each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline_code.reviews.metrics import Floats, Ints, confusion_matrix

Metric = Callable[[Any], Floats]
_CHUNK_BYTES = 64 << 20
_GROUP_BYTES = 16  # a group's draws in one replicate, as integer and as float


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
        self._known: dict[bytes, Floats] = {}

    def matrices(self, predicted: Ints) -> Floats:
        """Confusion matrices of all replicates [samples, classes, classes]; kept for the next call."""
        key = _key(predicted)
        if key not in self._known:
            self.resample(predicted)
        return self._known[key]

    def resample(self, *predictions: Ints) -> None:
        """Draw the replicates once for several models; `matrices` then has them at hand.

        Works in chunks of at most 64 MB of draws, or of one replicate where that is larger.
        """
        counts = np.hstack([self._by_group(predicted) for predicted in predictions])
        generator = np.random.default_rng(self._seed)
        share = np.full(self._count, 1 / self._count)
        chunk = max(1, _CHUNK_BYTES // (_GROUP_BYTES * self._count))
        sums = np.empty((self._samples, counts.shape[1]))
        for start in range(0, self._samples, chunk):
            stop = min(start + chunk, self._samples)
            draws = generator.multinomial(self._count, share, size=stop - start)
            sums[start:stop] = draws.astype(float) @ counts  # whole numbers below 2**53: exact
        for predicted, found in zip(predictions, np.split(sums, len(predictions), axis=1), strict=True):
            self._known[_key(predicted)] = found.reshape(-1, self._classes, self._classes)

    def _by_group(self, predicted: Ints) -> Floats:
        """Confusion counts [groups, classes * classes]."""
        cells = self._classes * self._classes
        flat = self._place * cells + self._true * self._classes + predicted
        counts = np.bincount(flat, minlength=self._count * cells)
        return counts.reshape(self._count, cells).astype(float)

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


def _key(predicted: Ints) -> bytes:
    return hashlib.sha256(np.asarray(predicted, dtype=np.int64).tobytes()).digest()


def _interval(replicates: Floats) -> list[float]:
    low, high = np.percentile(replicates, [2.5, 97.5])
    return [float(low), float(high)]
