"""Figures at growing training sets, in replicates that a law can be fitted to: one fit a replicate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_code.reviews.bootstrap import GroupBootstrap, Metric
from pipeline_code.reviews.levers.cross_fit import Plan
from pipeline_code.reviews.levers.paired import Figure
from pipeline_code.reviews.levers.power_law import LEAST_SIZES, PowerLaw
from pipeline_code.reviews.levers.rows import Rows
from pipeline_code.reviews.metrics import Floats, Ints, confusion_matrix

HOLDS, TOO_MUCH, TOO_LITTLE = "holds", "promises too much", "promises too little"


@dataclass(frozen=True)
class Curve:
    """A figure at each size: as measured [sizes], and in replicates [samples, sizes].

    A replicate draws groups to evaluate and repeats (training sets), both with replacement and the same for
    all sizes, so that differences between sizes are paired.
    """

    sizes: Floats
    measured: Floats
    replicates: Floats

    def law(self, first: int | None = None) -> tuple[PowerLaw, PowerLaw]:
        """The law of the measured figures and those of the replicates, from the `first` sizes or all.

        Each replicate leaves one size out, in turn, where enough remain: that a few points decide so much,
        and that the law may be the wrong one, is then part of the interval.
        """
        sizes = self.sizes[:first]
        whole = PowerLaw.fit(sizes, self.measured[None, :first])
        if len(sizes) <= LEAST_SIZES:
            return whole, PowerLaw.fit(sizes, self.replicates[:, :first])
        turns = np.arange(len(self.replicates)) % len(sizes)
        laws = PowerLaw(*np.zeros((3, len(self.replicates))))
        for out in range(len(sizes)):
            rest = np.arange(len(sizes)) != out
            chosen = turns == out
            laws.put(chosen, PowerLaw.fit(sizes[rest], self.replicates[chosen][:, : len(sizes)][:, rest]))
        return whole, laws

    def check(self, first: int, at: int) -> dict[str, Any]:
        """What the law of the `first` sizes says of the size number `at`, beside what that size shows.

        `fit` says whether the law promises too much or too little, as the paired interval of its error shows.
        """
        law, laws = self.law(first)
        predicted, measured = float(law.at(self.sizes[at])[0]), float(self.measured[at])
        replicates = laws.at(self.sizes[at])
        error = figure_of(predicted - measured, replicates - self.replicates[:, at])
        low, high = error["interval"]
        return {
            "size": int(self.sizes[at]),
            "fitted_up_to": int(self.sizes[first - 1]),
            "predicted": figure_of(predicted, replicates),
            "measured": measured,
            "error": error,
            "fit": TOO_MUCH if low > 0 else TOO_LITTLE if high < 0 else HOLDS,
        }

    def figures(self) -> list[dict[str, Any]]:
        """Size and figure, from the smallest."""
        return [
            {"size": int(size), **figure_of(float(self.measured[at]), self.replicates[:, at])}
            for at, size in enumerate(self.sizes)
        ]


class CurveMaker:
    """Turns predictions at several sizes into curves of a metric."""

    def __init__(self, rows: Rows, *, classes: int, plan: Plan) -> None:
        self._rows, self._classes, self._plan = rows, classes, plan
        drawn = np.random.default_rng(plan.seed)
        shape = (plan.bootstrap_samples, plan.repeats)
        chosen = drawn.integers(plan.repeats, size=shape)
        # How often each replicate takes each repeat [samples, repeats].
        self._times = np.stack([(chosen == repeat).sum(axis=1) for repeat in range(plan.repeats)], axis=1)

    def curves(
        self, sizes: Sequence[int], predictions: Sequence[Ints], metrics: dict[str, Metric]
    ) -> dict[str, Curve]:
        """Curves by the name of the metric; `predictions` holds [repeats, rows] for each size."""
        whole = [sum(self._matrix(part) for part in predicted) for predicted in predictions]
        drawn = [self._replicates(predicted) for predicted in predictions]
        return {
            name: Curve(
                np.asarray(sizes, dtype=float),
                np.array([float(metric(matrix)) for matrix in whole]),
                np.stack([metric(matrices) for matrices in drawn], axis=1),
            )
            for name, metric in metrics.items()
        }

    def _matrix(self, predicted: Ints) -> Ints:
        return confusion_matrix(self._rows.label_ids, predicted, self._classes)

    def _replicates(self, predicted: Ints) -> Floats:
        """Confusion matrices [samples, classes, classes], summed over the repeats that each draws."""
        bootstrap = GroupBootstrap(
            self._rows.group_ids,
            self._rows.label_ids,
            classes=self._classes,
            samples=self._plan.bootstrap_samples,
            seed=self._plan.seed,
        )
        bootstrap.resample(*predicted)
        total = np.zeros((self._plan.bootstrap_samples, self._classes, self._classes))
        for repeat, part in enumerate(predicted):
            total += bootstrap.matrices(part) * self._times[:, repeat, None, None]
        return total


def figure_of(value: float, replicates: Floats) -> Figure:
    """A value with the 95 % interval of its replicates."""
    low, high = np.percentile(replicates, [2.5, 97.5])
    return {"value": value, "interval": [float(low), float(high)]}
