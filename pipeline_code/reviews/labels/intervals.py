"""Figures with intervals of anything that follows from sums over rows, by resampling whole groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_code.reviews.intervals import Bounds, interval
from pipeline_code.reviews.labels.ratings import weighted_counts
from pipeline_code.reviews.metrics import Floats

Statistic = Callable[[Floats], Floats]
_CHUNK_BYTES = 64 << 20
_GROUP_BYTES = 16  # a group's draws in one replicate, as integer and as float
_ROUNDING = 1e-12
_AGREEMENT = (-math.inf, 1.0)  # full agreement is the most that any of them can be


@dataclass(frozen=True)
class Resampling:
    """How often groups are drawn, and from which seed."""

    samples: int
    seed: int

    def figures(
        self,
        group_ids: Sequence[str],
        sums: Sequence[Floats],
        statistics: Sequence[Statistic],
        bounds: Bounds = _AGREEMENT,
    ) -> list[dict[str, Any]]:
        """A figure {"value", "interval"} of each statistic, all on the same replicates.

        A replicate draws as many groups as there are, with replacement; `intervals.interval` makes the 95 %
        interval. A statistic that is not defined has neither value nor interval: both are None.

        Parameters
        ----------
        group_ids
            Group of each row.
        sums
            For each statistic what it is computed from, a row: [rows, ...].
        statistics
            From sums [replicates, ...] to values [replicates].
        bounds
            The least and the greatest value possible, of all statistics.
        """
        names, place = np.unique(np.asarray(group_ids), return_inverse=True)
        by_group = [_by_group(part, place, len(names)) for part in sums]
        replicates = self._replicates(np.hstack(by_group))
        widths = np.cumsum([part.shape[1] for part in by_group])[:-1]
        drawn = np.split(replicates, widths, axis=1)
        return [
            _figure(statistic, part, replicate, rows.shape[1:], bounds)
            for statistic, part, replicate, rows in zip(statistics, by_group, drawn, sums, strict=True)
        ]

    def _replicates(self, by_group: Floats) -> Floats:
        """Sums of every replicate [samples, columns]."""
        groups = len(by_group)
        generator = np.random.default_rng(self.seed)
        share = np.full(groups, 1 / groups)
        chunk = max(1, _CHUNK_BYTES // (_GROUP_BYTES * groups))
        found = np.empty((self.samples, by_group.shape[1]))
        for start in range(0, self.samples, chunk):
            stop = min(start + chunk, self.samples)
            found[start:stop] = generator.multinomial(groups, share, size=stop - start) @ by_group
        return found


def _by_group(part: Floats, place: Any, groups: int) -> Floats:
    flat = part.reshape(len(part), -1)
    return np.stack([weighted_counts(place, column, groups) for column in flat.T], axis=1)


def _figure(
    statistic: Statistic, by_group: Floats, replicates: Floats, shape: tuple[int, ...], bounds: Bounds
) -> dict[str, Any]:
    total = by_group.sum(axis=0)
    value = float(statistic(total.reshape(1, *shape))[0])
    if not math.isfinite(value):
        return {"value": None, "interval": None}
    left = total - by_group
    left[np.abs(left) < _ROUNDING * np.maximum(np.abs(total), 1)] = (
        0.0  # or a class that is gone still occurs
    )
    without = statistic(left.reshape(-1, *shape))
    drawn = statistic(replicates.reshape(-1, *shape))
    return {"value": value, "interval": interval(value, drawn, without, bounds)}
