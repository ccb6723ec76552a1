"""How often a 95 % interval holds the truth: the percentile interval beside the one that reports show.

`python -m bench coverage`; figures in docs/intervals.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import stats

from bench.coverage_population import AMAZON, RARE, Array, Sample, draw
from pipeline_code.reviews import calibration, intervals, metrics
from pipeline_code.reviews.bootstrap import GroupBootstrap, Method
from pipeline_code.reviews.precision_recall import average_precision

REPETITIONS = 1000
SETTINGS = (
    ("27 groups", 27, AMAZON),
    ("80 groups", 80, AMAZON),
    ("300 groups", 300, AMAZON),
    ("27 groups, classes of 4.5, 12.5 and 83 %", 27, RARE),
    ("80 groups, classes of 4.5, 12.5 and 83 %", 80, RARE),
)
SAMPLES = 2000
SLOW_SAMPLES = 500
_TRUTH_GROUPS = 60_000
_CHUNK_GROUPS = 3000
Figures = Iterator[tuple[str, dict[str, Any] | None]]


def with_percentile(method: Method) -> Method:
    """The method's interval, and after it the plain percentile interval of the same replicates."""

    def both(value: float, replicates: Array, jackknife: Array, bounds: Any) -> list[float]:
        usable = replicates[np.isfinite(replicates)]
        plain = np.percentile(usable, [2.5, 97.5]).tolist() if usable.size else [value, value]
        return [*method(value, replicates, jackknife, bounds), *plain]

    return both


def figures(sample: Sample, bootstrap: GroupBootstrap, *, curves: bool) -> Figures:
    """Every statistic by its name; None where the sample leaves it undefined."""
    first, second, third = sample.predicted
    bootstrap.resample(first, second, third)
    yield "accuracy", bootstrap.figure(metrics.accuracy, first)
    yield "macro-F1", bootstrap.figure(metrics.macro_f1, first)
    for position in range(3):
        rows = sample.true == position
        yield f"recall of class {position + 1}", bootstrap.figure(metrics.accuracy, first, rows)
    yield "precision of class 2", bootstrap.figure(metrics.accuracy, first, first == 1)
    yield "accuracy, slice of 10 % of the rows", bootstrap.figure(metrics.accuracy, first, sample.every_tenth)
    yield (
        "accuracy, slice of a sixth of the groups",
        bootstrap.figure(metrics.accuracy, first, sample.groups % 6 == 0),
    )
    for name, other in (("a weak model", second), ("a like model", third)):
        yield f"accuracy minus {name}'s", bootstrap.difference(metrics.accuracy, first, other)
        yield f"macro-F1 minus {name}'s", bootstrap.difference(metrics.macro_f1, first, other)
    for position in range(2):
        rows = sample.true == position
        yield (
            f"recall of class {position + 1} minus a like model's",
            bootstrap.difference(metrics.accuracy, first, third, rows),
        )
    probabilities = sample.probabilities[0]
    yield "Brier score", bootstrap.mean(calibration.brier_rows(probabilities, sample.true), bounds=(0, 2))
    yield from _of_row_weights(sample, bootstrap, curves=curves)


def _of_row_weights(sample: Sample, bootstrap: GroupBootstrap, *, curves: bool) -> Figures:
    for name, probabilities in zip(("", " of a weak model"), sample.probabilities, strict=False):
        confidence, correct = calibration.confidence_of(probabilities, sample.true)
        function = _calibration_error(confidence, correct)
        yield (
            f"calibration error{name}",
            bootstrap.statistic(
                function, samples=SLOW_SAMPLES, method=with_percentile(intervals.of_absolute_gaps)
            ),
        )
    for position in range(2 if curves else 0):
        function = _pr_auc(sample.true == position, sample.probabilities[0][:, position])
        yield f"PR-AUC of class {position + 1}", bootstrap.statistic(function, samples=SLOW_SAMPLES)


def _calibration_error(confidence: Array, correct: Array) -> Callable[[Any], Any]:
    return lambda weights: calibration.calibration_error(confidence, correct, weights)


def _pr_auc(positive: Array, scores: Array) -> Callable[[Any], Any]:
    return lambda weights: average_precision(positive, scores, weights)


class Values:
    """The figures without intervals, for a sample that is large enough to stand for the population."""

    def __init__(self, true: Array) -> None:
        self._true = true

    def resample(self, *predictions: Array) -> None:
        """Nothing to draw."""

    def figure(self, metric: Any, predicted: Array, rows: Array | slice = slice(None)) -> dict[str, Any]:
        """A metric."""
        return {"value": float(metric(metrics.confusion_matrix(self._true[rows], predicted[rows], 3)))}

    def difference(self, metric: Any, first: Array, second: Array, rows: Any = slice(None)) -> dict[str, Any]:
        """A difference."""
        one, other = (self.figure(metric, predicted, rows)["value"] for predicted in (first, second))
        return {"value": one - other}

    def mean(self, values: Array, *, bounds: Any) -> dict[str, Any]:
        """A mean over rows."""
        return {"value": float(values.mean())}

    def statistic(self, function: Any, *, samples: int, method: Any = None) -> dict[str, Any]:
        """A statistic of row weights, of 1 each."""
        return {"value": float(function(np.ones((1, len(self._true))))[0])}


def truths(shares: tuple[float, ...]) -> dict[str, float]:
    """Every statistic of the population, from 60,000 groups (standard error of an accuracy: 0.0008)."""
    sample = draw(_TRUTH_GROUPS, shares, np.random.default_rng(1))
    return {
        name: figure["value"] for name, figure in figures(sample, Values(sample.true), curves=True) if figure
    }


class Tally:
    """Of one statistic: how often each interval held the truth, on which side it missed, how wide it was."""

    def __init__(self) -> None:
        self._rows: list[list[float]] = []
        self.undefined = 0

    def add(self, figure: dict[str, Any] | None, truth: float) -> None:
        """Note one repetition."""
        if figure is None:
            self.undefined += 1
            return
        low, high, old_low, old_high = figure["interval"]
        self._rows.append(
            [
                old_low <= truth <= old_high,
                low <= truth <= high,
                truth < low,
                truth > high,
                old_high - old_low,
                high - low,
            ]
        )

    def place(self, column: int) -> str:
        """Whether the percentile interval (column 0) or ours (column 1) is within the binomial band."""
        low, high = band(len(self._rows))
        share = np.mean(self._rows, axis=0)[column]
        return "within" if low <= share <= high else "above" if share > high else "below"

    def line(self, name: str) -> str:
        """A row of the Markdown table."""
        old, new, below, above, old_width, width = np.mean(self._rows, axis=0)
        left = f" ({self.undefined} undefined)" if self.undefined else ""
        return (
            f"| {name}{left} | {100 * old:.1f} | {100 * new:.1f} | {self.place(1)} | {100 * below:.1f} / "
            f"{100 * above:.1f} | {old_width:.3f} | {width:.3f} |"
        )


def band(repetitions: int) -> tuple[float, float]:
    """The central 95 % of the share that a true 95 % interval would reach in so many repetitions."""
    low, high = stats.binom.ppf([0.025, 0.975], repetitions, intervals.LEVEL) / repetitions
    return float(low), float(high)


def simulate(groups: int, shares: tuple[float, ...], truth: dict[str, float]) -> dict[str, Tally]:
    """Repeat sampling and figures, and tally them by statistic."""
    tallies: dict[str, Tally] = {}
    generator = np.random.default_rng(groups)
    for repetition in range(REPETITIONS):
        sample = draw(groups, shares, generator)
        bootstrap = GroupBootstrap(
            sample.ids,
            sample.true,
            classes=3,
            samples=SAMPLES,
            seed=repetition,
            method=with_percentile(intervals.interval),
        )
        for name, figure in figures(sample, bootstrap, curves=groups < 300):
            tallies.setdefault(name, Tally()).add(figure, truth[name])
    return tallies


def main() -> None:
    """Print one table a setting."""
    low, high = band(REPETITIONS)
    print(
        f"{REPETITIONS:,} repetitions; of as many true 95 % intervals {100 * low:.1f} to {100 * high:.1f} % "
        "hold the truth, in 95 of 100 such counts"
    )
    places: list[tuple[str, str]] = []
    known = {shares: truths(shares) for shares in (AMAZON, RARE)}
    for name, groups, shares in SETTINGS:
        started = time.monotonic()
        tallies = simulate(groups, shares, known[shares])
        print(f"\n### {name}\n")
        print("| statistic | percentile, % | ours, % | band | misses low / high, % | width before | width |")
        print("|---|---|---|---|---|---|---|")
        for statistic, tally in tallies.items():
            print(tally.line(statistic))
            places.append((tally.place(0), tally.place(1)))
        print(f"({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    print()
    for name, found in zip(("percentile", "ours"), zip(*places, strict=True), strict=True):
        counts = ", ".join(f"{found.count(place)} {place}" for place in ("within", "below", "above"))
        print(
            f"{name}: of {len(found)} shares {counts} (exact intervals: about {len(found) / 20:.0f} outside)"
        )
