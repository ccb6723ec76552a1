"""Intervals of anything that follows from sums over rows, by resampling whole groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_code.reviews.labels.ratings import weighted_counts
from pipeline_code.reviews.metrics import Floats

Statistic = Callable[[Floats], Floats]
_CHUNK_BYTES = 64 << 20
_GROUP_BYTES = 16  # a group's draws in one replicate, as integer and as float


@dataclass(frozen=True)
class Resampling:
    """How often groups are drawn, and from which seed."""

    samples: int
    seed: int

    def figures(
        self, group_ids: Sequence[str], sums: Sequence[Floats], statistics: Sequence[Statistic]
    ) -> list[dict[str, Any]]:
        """A figure {"value", "interval"} of each statistic, all on the same replicates.

        The interval holds the middle 95 % of a bootstrap that draws as many groups as there are, with
        replacement (Efron and Tibshirani 1993, ch. 13). A replicate in which a statistic is not defined
        is left out of its interval; a statistic that is not defined at all is None.

        Parameters
        ----------
        group_ids
            Group of each row.
        sums
            For each statistic what it is computed from, a row: [rows, ...].
        statistics
            From sums [replicates, ...] to values [replicates].
        """
        flat = [part.reshape(len(part), -1) for part in sums]
        shapes = [part.shape[1:] for part in sums]
        replicates = self._replicates(group_ids, np.hstack(flat))
        widths = np.cumsum([part.shape[1] for part in flat])[:-1]
        found = []
        for drawn, part, shape, statistic in zip(
            np.split(replicates, widths, axis=1), flat, shapes, statistics, strict=True
        ):
            value = float(statistic(part.sum(axis=0).reshape(1, *shape))[0])
            interval = _interval(statistic(drawn.reshape(-1, *shape))) if math.isfinite(value) else None
            found.append({"value": value if interval else None, "interval": interval})
        return found

    def _replicates(self, group_ids: Sequence[str], columns: Floats) -> Floats:
        """Column sums of every replicate [samples, columns]."""
        names, place = np.unique(np.asarray(group_ids), return_inverse=True)
        groups = len(names)
        by_group = np.stack([weighted_counts(place, column, groups) for column in columns.T], axis=1)
        generator = np.random.default_rng(self.seed)
        share = np.full(groups, 1 / groups)
        chunk = max(1, _CHUNK_BYTES // (_GROUP_BYTES * groups))
        found = np.empty((self.samples, columns.shape[1]))
        for start in range(0, self.samples, chunk):
            stop = min(start + chunk, self.samples)
            found[start:stop] = generator.multinomial(groups, share, size=stop - start) @ by_group
        return found


def _interval(values: Floats) -> list[float] | None:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return [float(low), float(high)]
