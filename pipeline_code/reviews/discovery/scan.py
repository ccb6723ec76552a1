"""How much a slice stands out: Kulldorff's scan statistic, with rows of one group counted as dependent."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse, special

from pipeline_code.reviews.metrics import Bools, Floats, Ints


class Scan:
    """Scores slices on the rows of one half.

    The score is the signed root of twice the log likelihood ratio of one error rate inside and another
    outside against a common one (Kulldorff 1997, "A spatial scan statistic", Bernoulli model), divided by
    the root of the slice's design effect 1 + rho (m - 1) (Kish 1965), with rho the correlation of errors
    within groups and m the mean size of a row's group in the slice. Small slices score low by themselves.

    Parameters
    ----------
    rows
        Sparse matrix [slices, rows] of 0 and 1.
    place
        Number of each row's group.
    wrong
        Which rows are errors.
    """

    def __init__(self, rows: Any, place: Ints, wrong: Bools) -> None:
        self._rows, self._wrong = rows, wrong.astype(float)
        groups = sparse.csr_array(
            (np.ones(len(place)), (np.arange(len(place)), place)), shape=(len(place), int(place.max()) + 1)
        )
        by_group = rows @ groups
        squares = np.asarray(by_group.power(2).sum(axis=1)).ravel()
        self.sizes: Floats = np.asarray(rows.sum(axis=1)).ravel()
        self.groups: Ints = np.diff(by_group.indptr)
        mean_size = np.divide(squares, self.sizes, out=np.ones(len(squares)), where=self.sizes > 0)
        self._effect = 1 + correlation(self._wrong, place) * (mean_size - 1)

    def scores(self, left: Bools) -> tuple[Floats, Floats]:
        """Score and rows of each slice [slices] among the rows that are left [rows]."""
        sizes = self._rows @ left.astype(float)
        errors = self._rows @ (self._wrong * left)
        total, wrong = float(left.sum()), float(self._wrong[left].sum())
        outside, missed = total - sizes, wrong - errors
        gain = _likelihood(errors, sizes) + _likelihood(missed, outside)
        gain -= _likelihood(np.array([wrong]), np.array([total]))
        worse = errors * outside > missed * sizes
        found: Floats = np.where(worse, np.sqrt(2 * np.maximum(gain, 0) / self._effect), 0.0)
        return found, sizes


def _likelihood(errors: Floats, rows: Floats) -> Floats:
    """Greatest log likelihood of so many errors among so many rows."""
    found: Floats = special.xlogy(errors, np.maximum(errors, 1e-300)) + special.xlogy(
        rows - errors, np.maximum(rows - errors, 1e-300)
    )
    found -= special.xlogy(rows, np.maximum(rows, 1e-300))
    return found


def correlation(values: Floats, place: Ints) -> float:
    """Intraclass correlation of values within groups, 0 to 1 (ANOVA estimator, Donner 1986)."""
    sizes = np.bincount(place).astype(float)
    sums = np.bincount(place, weights=values)
    sums, sizes = sums[sizes > 0], sizes[sizes > 0]
    rows, groups = sizes.sum(), len(sizes)
    if rows <= groups or groups < 2:
        return 0.0
    means = sums / sizes
    between = float((sizes * np.square(means - values.mean())).sum()) / (groups - 1)
    within = float(np.square(values).sum() - (sizes * np.square(means)).sum()) / (rows - groups)
    typical = (rows - np.square(sizes).sum() / rows) / (groups - 1)
    spread = between + (typical - 1) * within
    return float(np.clip((between - within) / spread, 0.0, 1.0)) if spread > 0 else 0.0
