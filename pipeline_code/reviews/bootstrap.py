"""Figures with intervals, by resampling whole groups: sentences of one review depend on each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, overload

import numpy as np

from pipeline_code.reviews import intervals
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.intervals import Bounds
from pipeline_code.reviews.metrics import Bools, Floats, Ints
from pipeline_code.reviews.replicates import Replicates

Metric = Callable[[Any], Floats]
RowStatistic = Callable[[Floats], Floats]
Method = Callable[[float, Floats, Floats, Bounds], list[float]]
Figure = dict[str, Any]
FEWEST_GROUPS = 2
_SHARE, _DIFFERENCE = (0.0, 1.0), (-1.0, 1.0)
_BLOCKS = 400  # of groups left out together where there are more groups, for statistics of row weights
_ROW_BYTES = 32 << 20


class TooFewGroups(BertlineError):
    """An interval was asked of rows that all belong to one group."""


class GroupBootstrap:
    """Bootstrap over groups (Efron and Tibshirani 1993, ch. 13), with the interval of `intervals`.

    A replicate draws as many groups as there are, with replacement. All models, slices and statistics are
    scored on the same replicates, so differences between them are paired. A slice is a subset of the rows:
    groups without rows in it are drawn too, and replicates in which the slice is empty are left out.

    Parameters
    ----------
    groups
        Group id of each row.
    true
        Class id of each row.
    classes
        How many classes there are.
    samples
        How many replicates to draw.
    seed
        Of the draws: equal seeds give equal intervals.
    method
        From value, replicates, jackknife and bounds to an interval; see `intervals.interval`.
    """

    def __init__(
        self,
        groups: list[str],
        true: Ints,
        *,
        classes: int,
        samples: int,
        seed: int,
        method: Method = intervals.interval,
    ) -> None:
        _, self._place = np.unique(np.asarray(groups), return_inverse=True)
        self._count = int(self._place.max()) + 1
        self._true, self._classes = true, classes
        self._replicates = Replicates(self._count, samples, seed)
        self._method = method
        self._known: dict[bytes, Floats] = {}

    def describe(self) -> dict[str, Any]:
        """What a reader of an interval should know: level, method, samples and seed."""
        return {
            "level": intervals.LEVEL,
            "method": intervals.METHOD,
            "samples": self._replicates.samples,
            "seed": self._replicates.seed,
        }

    def groups(self, rows: Bools | None = None) -> int:
        """How many groups have rows, in the slice or at all."""
        return len(self._present(rows))

    def matrices(self, predicted: Ints) -> Floats:
        """Confusion matrices of all replicates [samples, classes, classes]; kept for the next call."""
        key = _key(predicted)
        if key not in self._known:
            self.resample(predicted)
        return self._known[key]

    def resample(self, *predictions: Ints) -> None:
        """Score several models on the replicates at once; `matrices` then has them at hand."""
        sums = self._replicates.sums(np.hstack([self._by_group(predicted) for predicted in predictions]))
        for predicted, found in zip(predictions, np.split(sums, len(predictions), axis=1), strict=True):
            self._known[_key(predicted)] = self._square(found)

    @overload
    def figure(self, metric: Metric, predicted: Ints) -> Figure: ...

    @overload
    def figure(self, metric: Metric, predicted: Ints, rows: Bools | None) -> Figure | None: ...

    def figure(self, metric: Metric, predicted: Ints, rows: Bools | None = None) -> Figure | None:
        """A metric with its 95 % interval: {"value", "interval"}.

        Recall of a class is the accuracy with `rows=true == class_id`, precision that with
        `rows=predicted == class_id`: then groups without such rows count for nothing.

        Parameters
        ----------
        metric
            From confusion matrices [..., classes, classes] to values [...] in 0 to 1.
        predicted
            Class id of each row.
        rows
            The slice, as a mask over the rows.

        Returns
        -------
        The figure, or None for a slice with rows in fewer than two groups.

        Raises
        ------
        TooFewGroups
            All rows belong to one group.
        """
        if not self._enough(rows):
            return None
        return self._figure(*self._of_matrices(metric, predicted, rows), _SHARE)

    @overload
    def difference(self, metric: Metric, first: Ints, second: Ints) -> Figure: ...

    @overload
    def difference(self, metric: Metric, first: Ints, second: Ints, rows: Bools | None) -> Figure | None: ...

    def difference(
        self, metric: Metric, first: Ints, second: Ints, rows: Bools | None = None
    ) -> Figure | None:
        """`first` minus `second` on the same rows, with the interval of the paired difference.

        Parameters, None and errors as in `figure`. Models that answer alike on all rows, not only on those
        of the slice, are taken as the same one: 0 with the interval [0, 0].
        """
        if not self._enough(rows):
            return None
        if np.array_equal(first, second):
            return {"value": 0.0, "interval": [0.0, 0.0]}
        one, other = (self._of_matrices(metric, predicted, rows) for predicted in (first, second))
        return self._figure(one[0] - other[0], one[1] - other[1], one[2] - other[2], _DIFFERENCE)

    @overload
    def mean(self, values: Floats, *, bounds: Bounds = ...) -> Figure: ...

    @overload
    def mean(
        self,
        values: Floats,
        weights: Floats | None = None,
        rows: Bools | None = None,
        *,
        bounds: Bounds = ...,
    ) -> Figure | None: ...

    def mean(
        self,
        values: Floats,
        weights: Floats | None = None,
        rows: Bools | None = None,
        *,
        bounds: Bounds = intervals.UNBOUNDED,
    ) -> Figure | None:
        """A mean of one value a row (a Brier score, a panel's share of right answers), with its interval.

        Parameters
        ----------
        values
            One value a row; those outside the slice are ignored.
        weights
            Weight of each row: the statistic is sum(weights * values) / sum(weights).
        rows
            The slice, as a mask over the rows.
        bounds
            The least and the greatest value possible.

        Returns
        -------
        The figure, or None for a slice with rows of any weight in fewer than two groups.

        Raises
        ------
        TooFewGroups
            All rows belong to one group.
        """
        weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
        weight = weight if rows is None else np.where(rows, weight, 0.0)
        used = weight > 0
        if not self._enough(None if used.all() else used):
            return None
        product = np.multiply(weight, values, out=np.zeros(len(weight)), where=used)
        cells = np.column_stack([self._summed(product), self._summed(weight)])
        total, present = cells.sum(axis=0), self._present(used)
        found = _quotient(total), _quotient(self._replicates.sums(cells)), _quotient(total - cells[present])
        return self._figure(float(found[0]), found[1], found[2], bounds)

    def statistic(
        self,
        function: RowStatistic,
        rows: Bools | None = None,
        *,
        samples: int = 500,
        bounds: Bounds = _SHARE,
        method: Method | None = None,
    ) -> Figure | None:
        """Any statistic that takes row weights (calibration error, PR-AUC), with its interval.

        Parameters
        ----------
        function
            From row weights [replicates, rows] to values [replicates]; rows outside the slice weigh 0.
        rows
            The slice, as a mask over the rows.
        samples
            Replicates to use, at most those of the bootstrap: such statistics take longer.
        bounds
            The least and the greatest value possible.
        method
            Another than the bootstrap's; for the calibration error `intervals.of_absolute_gaps`.

        Returns
        -------
        The figure, or None for a slice with rows in fewer than two groups, or where the function answers NaN.

        Raises
        ------
        TooFewGroups
            All rows belong to one group.
        """
        if not self._enough(rows):
            return None
        inside = np.ones(len(self._place)) if rows is None else np.asarray(rows, dtype=float)

        def scored(counts: Any) -> Floats:
            size = max(1, _ROW_BYTES // (8 * len(self._place)))
            parts = [counts[start : start + size] for start in range(0, len(counts), size)]
            return np.concatenate([function(part[:, self._place] * inside) for part in parts])

        value = float(scored(np.ones((1, self._count)))[0])
        if not np.isfinite(value):
            return None
        chunks = self._replicates.chunks(min(samples, self._replicates.samples))
        replicates = np.concatenate([scored(counts) for counts in chunks])
        return self._figure(value, replicates, scored(self._left_out(rows)), bounds, method)

    def _figure(
        self,
        value: float,
        replicates: Floats,
        jackknife: Floats,
        bounds: Bounds,
        method: Method | None = None,
    ) -> Figure:
        found = (method or self._method)(value, replicates, jackknife, bounds)
        return {"value": float(value), "interval": found}

    def _present(self, rows: Bools | None) -> Ints:
        """The groups that have rows in the slice."""
        return np.arange(self._count) if rows is None else np.unique(self._place[rows])

    def _enough(self, rows: Bools | None) -> bool:
        found = self.groups(rows)
        if found < FEWEST_GROUPS and rows is None:
            raise TooFewGroups(
                f"the {len(self._place)} rows belong to one group, and an interval needs at least "
                f"{FEWEST_GROUPS}: take more reviews, or another group column in the contract"
            )
        return found >= FEWEST_GROUPS

    def _of_matrices(
        self, metric: Metric, predicted: Ints, rows: Bools | None
    ) -> tuple[float, Floats, Floats]:
        """Value, replicates and jackknife of a metric; NaN where no rows of the slice are left."""
        cells = self._by_group(predicted, rows)
        total = cells.sum(axis=0)
        drawn = self.matrices(predicted) if rows is None else self._square(self._replicates.sums(cells))
        without = self._square(total - cells[self._present(rows)])
        return float(metric(self._square(total)[0])), _defined(metric, drawn), _defined(metric, without)

    def _by_group(self, predicted: Ints, rows: Bools | None = None) -> Floats:
        """Confusion counts [groups, classes * classes]."""
        cells = self._classes * self._classes
        flat = self._place * cells + self._true * self._classes + predicted
        counts = np.bincount(flat if rows is None else flat[rows], minlength=self._count * cells)
        return counts.reshape(self._count, cells).astype(float)

    def _square(self, cells: Floats) -> Floats:
        return cells.reshape(-1, self._classes, self._classes)

    def _summed(self, values: Floats) -> Floats:
        """Sums over the rows of each group [groups]."""
        return np.bincount(self._place, weights=values, minlength=self._count).astype(float)

    def _left_out(self, rows: Bools | None) -> Floats:
        """Group weights [blocks, groups]: each leaves out a group of the slice, or a block of many."""
        present = self._present(rows)
        blocks = min(len(present), _BLOCKS)
        weights = np.ones((blocks, self._count))
        weights[np.arange(len(present)) % blocks, present] = 0
        return weights


def _key(predicted: Ints) -> bytes:
    return hashlib.sha256(np.asarray(predicted, dtype=np.int64).tobytes()).digest()


def _defined(metric: Metric, matrices: Floats) -> Floats:
    found: Floats = np.where(matrices.sum(axis=(-2, -1)) > 0, metric(matrices), np.nan)
    return found


def _quotient(sums: Floats) -> Floats:
    """First over second of sums [..., 2]; NaN where the second is 0."""
    top, bottom = sums[..., 0], sums[..., 1]
    found: Floats = np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom > 0)
    return found
