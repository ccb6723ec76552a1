"""Intervals by resampling whole groups: sentences of one review are not independent of each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, overload

import numpy as np

from pipeline_code.reviews import intervals
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.metrics import Bools, Floats, Ints

Metric = Callable[[Any], Floats]
Figure = dict[str, Any]
RowStatistic = Callable[[Floats], Floats]
FEWEST_GROUPS = 2
_CHUNK_BYTES = 32 << 20
_GROUP_BYTES = 16  # a group's draws in one replicate, as integer and as float
_KEPT_BYTES = 32 << 20
_JACKKNIFE_BLOCKS = 400


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
        Seed of the draws: equal seeds give equal intervals.
    """

    def __init__(self, groups: list[str], true: Ints, *, classes: int, samples: int, seed: int) -> None:
        _, self._place = np.unique(np.asarray(groups), return_inverse=True)
        self._count = int(self._place.max()) + 1
        self._true, self._classes = true, classes
        self._samples, self._seed = samples, seed
        self._known: dict[bytes, Floats] = {}
        self._draws: np.ndarray[Any, np.dtype[np.uint8]] | None = None

    def describe(self) -> dict[str, Any]:
        """What a reader of an interval should know: level, method, samples and seed."""
        return {
            "level": intervals.LEVEL,
            "method": intervals.METHOD,
            "samples": self._samples,
            "seed": self._seed,
        }

    def groups(self, rows: Bools | None = None) -> int:
        """How many groups have rows in the slice, or at all."""
        return self._count if rows is None else len(np.unique(self._place[rows]))

    def matrices(self, predicted: Ints, rows: Bools | None = None) -> Floats:
        """Confusion matrices of all replicates [samples, classes, classes]; kept for the next call."""
        key = _key(predicted, rows)
        if key not in self._known:
            sums = self._sums(self._by_group(predicted, rows))
            self._known[key] = sums.reshape(-1, self._classes, self._classes)
        return self._known[key]

    def resample(self, *predictions: Ints) -> None:
        """Draw the replicates once for several models; `matrices` then has them at hand.

        Works in chunks of at most 32 MB of draws, or of one replicate where that is larger.
        """
        counts = np.hstack([self._by_group(predicted) for predicted in predictions])
        sums = self._sums(counts)
        for predicted, found in zip(predictions, np.split(sums, len(predictions), axis=1), strict=True):
            self._known[_key(predicted)] = found.reshape(-1, self._classes, self._classes)

    @overload
    def figure(self, metric: Metric, predicted: Ints) -> Figure: ...

    @overload
    def figure(self, metric: Metric, predicted: Ints, rows: Bools | None) -> Figure | None: ...

    def figure(self, metric: Metric, predicted: Ints, rows: Bools | None = None) -> Figure | None:
        """A metric with its 95 % interval: {"value", "interval"}.

        Recall of a class is the accuracy with `rows=true == class_id`, precision that with
        `rows=predicted == class_id`.

        Parameters
        ----------
        metric
            From confusion matrices [..., classes, classes] to values [...].
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
        found = self._of_matrices(metric, predicted, rows)
        return _figure(*found)

    @overload
    def difference(self, metric: Metric, first: Ints, second: Ints) -> Figure: ...

    @overload
    def difference(self, metric: Metric, first: Ints, second: Ints, rows: Bools | None) -> Figure | None: ...

    def difference(
        self, metric: Metric, first: Ints, second: Ints, rows: Bools | None = None
    ) -> Figure | None:
        """`first` minus `second` on the same rows, with the interval of the paired difference.

        Parameters, None and errors as in `figure`.
        """
        if not self._enough(rows):
            return None
        pairs = zip(
            self._of_matrices(metric, first, rows), self._of_matrices(metric, second, rows), strict=True
        )
        value, replicates, jackknife = (one - other for one, other in pairs)
        return _figure(value, replicates, jackknife)

    @overload
    def mean(self, values: Floats) -> Figure: ...

    @overload
    def mean(self, values: Floats, weights: Floats | None) -> Figure: ...

    @overload
    def mean(self, values: Floats, weights: Floats | None, rows: Bools | None) -> Figure | None: ...

    def mean(self, values: Floats, weights: Floats | None = None, rows: Bools | None = None) -> Figure | None:
        """A mean of one value a row (a Brier score, a panel's share of right answers), with its interval.

        Parameters
        ----------
        values
            One value a row; those outside the slice are ignored.
        weights
            Weight of each row: the statistic is sum(weights * values) / sum(weights).
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
        weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
        weight = weight if rows is None else np.where(rows, weight, 0.0)
        product = np.where(weight > 0, weight * np.where(weight > 0, values, 0.0), 0.0)
        cells = np.column_stack(
            [np.bincount(self._place, weights=part, minlength=self._count) for part in (product, weight)]
        ).astype(float)
        return _figure(*self._of_cells(cells, lambda sums: _quotient(sums[..., 0], sums[..., 1])))

    def statistic(
        self, function: RowStatistic, rows: Bools | None = None, samples: int = 500
    ) -> Figure | None:
        """Any statistic that takes row weights, with its interval.

        Parameters
        ----------
        function
            From row weights [..., rows] to values [...]; rows outside the slice have weight 0.
        rows
            The slice, as a mask over the rows.
        samples
            Replicates to use, at most those of the bootstrap: such statistics are slower.

        Returns
        -------
        The figure, or None for a slice with rows in fewer than two groups or an undefined statistic.

        Raises
        ------
        TooFewGroups
            All rows belong to one group.
        """
        if not self._enough(rows):
            return None
        inside = np.ones(len(self._place)) if rows is None else np.asarray(rows, dtype=float)

        def weighted(draws: Floats) -> Floats:
            return function(draws[:, self._place] * inside)

        value = float(weighted(np.ones((1, self._count)))[0])
        if not np.isfinite(value):
            return None
        per_chunk = max(1, _CHUNK_BYTES // (8 * len(self._place)))
        count = min(samples, self._samples)
        replicates = [
            weighted(part[start : start + per_chunk].astype(float))
            for part in self._chunks(count)
            for start in range(0, len(part), per_chunk)
        ]
        left_out = self._left_out()
        jackknife = [
            weighted(left_out[start : start + per_chunk]) for start in range(0, len(left_out), per_chunk)
        ]
        return _figure(value, np.concatenate(replicates), np.concatenate(jackknife))

    def _enough(self, rows: Bools | None) -> bool:
        found = self.groups(rows)
        if found < FEWEST_GROUPS and rows is None:
            raise TooFewGroups(
                f"the {len(self._place)} rows belong to one group: an interval needs at least "
                f"{FEWEST_GROUPS} groups (see the contract's group column)"
            )
        return found >= FEWEST_GROUPS

    def _of_matrices(self, metric: Metric, predicted: Ints, rows: Bools | None) -> tuple[Any, Floats, Floats]:
        """Value, replicates and jackknife of a metric; NaN where no rows of the slice are left."""
        shape = (-1, self._classes, self._classes)
        cells = self._by_group(predicted, rows)
        total, without = cells.sum(axis=0).reshape(shape[1:]), (cells.sum(axis=0) - cells).reshape(shape)
        return (
            float(metric(total)),
            _defined(metric, self.matrices(predicted, rows)),
            _defined(metric, without),
        )

    def _of_cells(self, cells: Floats, function: Metric) -> tuple[Any, Floats, Floats]:
        total = cells.sum(axis=0)
        return float(function(total)), function(self._sums(cells)), function(total - cells)

    def _by_group(self, predicted: Ints, rows: Bools | None = None) -> Floats:
        """Confusion counts [groups, classes * classes]."""
        cells = self._classes * self._classes
        flat = self._place * cells + self._true * self._classes + predicted
        flat = flat if rows is None else flat[rows]
        counts = np.bincount(flat, minlength=self._count * cells)
        return counts.reshape(self._count, cells).astype(float)

    def _sums(self, cells: Floats) -> Floats:
        """Sums over the drawn groups [samples, cells] of `cells` [groups, cells]."""
        return np.vstack([draws.astype(float) @ cells for draws in self._chunks(self._samples)])

    def _chunks(self, samples: int) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
        """How often each group was drawn [replicates, groups], for the first `samples` replicates."""
        size = max(1, _CHUNK_BYTES // (_GROUP_BYTES * self._count))
        if self._draws is not None:
            for start in range(0, samples, size):
                yield self._draws[start : min(start + size, samples)]
            return
        generator = np.random.default_rng(self._seed)
        share = np.full(self._count, 1 / self._count)
        keep = samples == self._samples and samples * self._count <= _KEPT_BYTES
        kept = []
        for start in range(0, samples, size):
            draws = generator.multinomial(self._count, share, size=min(size, samples - start))
            small = draws.astype(np.uint8)  # a group is drawn about once: 255 times never happens
            kept += [small] if keep else []
            yield small
        if keep:
            self._draws = np.vstack(kept)

    def _left_out(self) -> Floats:
        """Group weights [blocks, groups] that leave out each group, or each block of many groups."""
        blocks = min(self._count, _JACKKNIFE_BLOCKS)
        member = np.arange(self._count) % blocks
        return (member[None, :] != np.arange(blocks)[:, None]).astype(float)


def _key(predicted: Ints, rows: Bools | None = None) -> bytes:
    digest = hashlib.sha256(np.asarray(predicted, dtype=np.int64).tobytes())
    if rows is not None:
        digest.update(np.asarray(rows, dtype=bool).tobytes())
    return digest.digest()


def _defined(metric: Metric, matrices: Floats) -> Floats:
    found: Floats = np.where(matrices.sum(axis=(-2, -1)) > 0, metric(matrices), np.nan)
    return found


def _quotient(top: Floats, bottom: Floats) -> Floats:
    shape = np.full(np.shape(top), np.nan)
    found: Floats = np.divide(top, bottom, out=shape, where=np.asarray(bottom) > 0)
    return found


def _figure(value: float, replicates: Floats, jackknife: Floats) -> Figure:
    return {"value": float(value), "interval": intervals.interval(float(value), replicates, jackknife)}
