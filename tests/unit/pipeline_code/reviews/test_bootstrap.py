import numpy as np
import pytest

from pipeline_code.reviews.bootstrap import GroupBootstrap
from pipeline_code.reviews.metrics import accuracy, macro_f1


def sample(groups: int, each: int, right: float) -> tuple[list[str], np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    true = generator.integers(0, 3, groups * each)
    wrong = generator.random(groups * each) > right
    return [str(n // each) for n in range(groups * each)], true, np.where(wrong, (true + 1) % 3, true)


def test_the_interval_has_the_width_of_theory_for_independent_rows() -> None:
    groups, true, predicted = sample(1000, 1, 0.8)
    figure = GroupBootstrap(groups, true, classes=3, samples=2000, seed=1).figure(accuracy, predicted)
    low, high = figure["interval"]
    assert low < figure["value"] < high
    assert high - low == pytest.approx(2 * 1.96 * (0.8 * 0.2 / 1000) ** 0.5, rel=0.1)


def test_rows_that_hang_together_widen_the_interval() -> None:
    true = np.zeros(400, dtype=np.int64)
    predicted = np.repeat(np.arange(40) % 2, 10)
    together = GroupBootstrap([str(n // 10) for n in range(400)], true, classes=3, samples=1000, seed=1)
    apart = GroupBootstrap([str(n) for n in range(400)], true, classes=3, samples=1000, seed=1)
    widths = [np.diff(boot.figure(accuracy, predicted)["interval"])[0] for boot in (together, apart)]
    assert widths[0] > 2.5 * widths[1]


def test_replicates_are_those_of_drawn_groups() -> None:
    groups, true, predicted = sample(30, 4, 0.7)
    boot = GroupBootstrap(groups, true, classes=3, samples=300, seed=1)
    assert set(np.unique(boot.matrices(predicted).sum(axis=(1, 2)))) == {120.0}


def test_differences_are_paired_and_seeds_repeat() -> None:
    groups, true, predicted = sample(50, 4, 0.7)
    boot = GroupBootstrap(groups, true, classes=3, samples=500, seed=1)
    assert boot.difference(macro_f1, predicted, predicted) == {"value": 0.0, "interval": [0.0, 0.0]}
    again = GroupBootstrap(groups, true, classes=3, samples=500, seed=1)
    assert again.figure(macro_f1, predicted) == boot.figure(macro_f1, predicted)
