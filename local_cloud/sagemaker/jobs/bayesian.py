"""Bayesian search: a Gaussian process over the results so far, and the values that promise most.

The model is the usual one (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006): a Matern
kernel of order 5/2 whose length scale and noise maximise the marginal likelihood, and expected improvement
(Jones, Schonlau and Welch, 1998) as what is promised. The service does not say what its own model is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_cloud.sagemaker.jobs.ranges import Candidate, Choice, Range

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Array = NDArray[numpy.float64]

_FIRST_DRAWS = 4
_CANDIDATES = 1000
_NEARBY = 200
_STEP = 0.08
_LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
_NOISES = (1e-6, 1e-3, 1e-1)


class BayesianSearch:
    """Draws at first, then the candidate that promises most, given what has been seen and what still runs."""

    def __init__(self, ranges: Sequence[Range], seed: int | None) -> None:
        import numpy as np  # the server starts without it

        self._ranges = ranges
        self._random = np.random.default_rng(seed)
        self._proposed: list[tuple[Candidate, Array]] = []

    def propose(self, results: Sequence[tuple[Candidate, float]]) -> Candidate | None:
        """The next values; those that run are taken to come out as the model expects."""
        if len(results) < _FIRST_DRAWS or len(self._proposed) < _FIRST_DRAWS:
            point = self._random.random(len(self._ranges))
        else:
            point = self._promising(results)
        proposed = self._values(point)
        self._proposed.append((proposed, point))
        return proposed

    def _promising(self, results: Sequence[tuple[Candidate, float]]) -> Array:
        import numpy as np

        losses = {tuple(candidate.items()): loss for candidate, loss in results}
        seen = [
            (point, losses[key]) for one, point in self._proposed if (key := tuple(one.items())) in losses
        ]
        running = [point for one, point in self._proposed if tuple(one.items()) not in losses]
        points = np.array([self._features(point) for point, _ in seen])
        values = np.array([loss for _, loss in seen])
        process = fit(points, values)
        if running:
            ahead = np.array([self._features(point) for point in running])
            expected = process.predict(ahead)[0]
            process = process.extended(ahead, expected)
        best = seen[int(values.argmin())][0]
        pool = self._pool(best)
        mean, deviation = process.predict(np.array([self._features(point) for point in pool]))
        order = np.argsort(-expected_improvement(mean, deviation, float(process.values.min())))
        tried = {tuple(one.items()) for one, _ in self._proposed}
        fresh = (pool[at] for at in order if tuple(self._values(pool[at]).items()) not in tried)
        found: Array = next(fresh, pool[order[0]])
        return found

    def _pool(self, best: Array) -> Array:
        """Draws from everywhere, and steps from the best point."""
        import numpy as np

        everywhere = self._random.random((_CANDIDATES, len(self._ranges)))
        steps = best + self._random.normal(0.0, _STEP, (_NEARBY, len(self._ranges)))
        pool: Array = np.vstack([everywhere, np.clip(steps, 0.0, 1.0)])
        return pool

    def _values(self, point: Array) -> Candidate:
        return {one.name: one.at(float(unit)) for one, unit in zip(self._ranges, point, strict=True)}

    def _features(self, point: Array) -> list[float]:
        """A point as the kernel sees it: values that round alike are alike, and choices have no order."""
        found: list[float] = []
        for one, unit in zip(self._ranges, point, strict=True):
            value = one.at(float(unit))
            if isinstance(one, Choice):
                found += [math.sqrt(0.5) * (value == other) for other in one.values]
            else:
                found.append(one.position(value))
        return found


@dataclass(frozen=True)
class Process:
    """A Gaussian process that has seen `values` (standardised) at `points`, n x d."""

    points: Array
    values: Array
    length: float
    noise: float

    def extended(self, points: Array, values: Array) -> Process:
        """The same model with more seen."""
        import numpy as np

        more = np.concatenate([self.values, values])
        return Process(np.vstack([self.points, points]), more, self.length, self.noise)

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and standard deviation at m x d points."""
        import numpy as np

        lower = np.linalg.cholesky(self._covariance())
        weights = np.linalg.solve(lower.T, np.linalg.solve(lower, self.values))
        across = matern(points, self.points, self.length)
        reduced = np.linalg.solve(lower, across.T)
        variance = np.maximum(1.0 - (reduced**2).sum(axis=0), 1e-12)
        return across @ weights, np.sqrt(variance)

    def likelihood(self) -> float:
        """The logarithm of the marginal likelihood, without its constant."""
        import numpy as np

        lower = np.linalg.cholesky(self._covariance())
        solved = np.linalg.solve(lower, self.values)
        return float(-0.5 * solved @ solved - np.log(np.diag(lower)).sum())

    def _covariance(self) -> Array:
        import numpy as np

        covariance: Array = matern(self.points, self.points, self.length)
        return covariance + (self.noise + 1e-9) * np.eye(len(self.points))


def fit(points: Array, values: Array) -> Process:
    """The process whose length scale and noise explain n values at n x d points best."""
    spread = float(values.std()) or 1.0
    scaled = (values - values.mean()) / spread
    processes = [Process(points, scaled, *how) for how in itertools.product(_LENGTHS, _NOISES)]
    return max(processes, key=Process.likelihood)


def matern(left: Array, right: Array, length: float) -> Array:
    """The Matern kernel of order 5/2 between n x d and m x d points."""
    import numpy as np

    distance = np.sqrt(((left[:, None, :] - right[None, :, :]) ** 2).sum(axis=2))
    scaled = math.sqrt(5.0) * distance / length
    kernel: Array = (1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled)
    return kernel


def expected_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """How far below `best` a normal value is expected to fall, counting nothing above it."""
    import numpy as np

    ahead = (best - mean) / deviation
    density = np.exp(-0.5 * ahead**2) / math.sqrt(2.0 * math.pi)
    share = np.array([0.5 * (1.0 + math.erf(one / math.sqrt(2.0))) for one in ahead])
    improvement: Array = deviation * (ahead * share + density)
    return improvement
