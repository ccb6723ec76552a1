import tracemalloc

import numpy as np
import pytest

from pipeline_code.reviews import replicates
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


def test_replicates_are_drawn_once_for_all_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    groups, true, predicted = sample(30, 4, 0.7)
    other = (predicted + 1) % 3
    boot = GroupBootstrap(groups, true, classes=3, samples=300, seed=1)
    boot.resample(predicted, other)
    monkeypatch.setattr(np.random, "default_rng", lambda seed: pytest.fail("drawn again"))
    assert boot.figure(accuracy, predicted.copy()) != boot.figure(accuracy, other)
    assert boot.difference(macro_f1, predicted, other)["value"] > 0


def test_neither_company_nor_chunks_change_the_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    groups, true, predicted = sample(30, 4, 0.7)
    alone = GroupBootstrap(groups, true, classes=3, samples=300, seed=1).matrices(predicted)
    monkeypatch.setattr(replicates, "_CHUNK_BYTES", 24 * 30 * 7)
    together = GroupBootstrap(groups, true, classes=3, samples=300, seed=1)
    together.resample(true, predicted)
    assert np.array_equal(alone, together.matrices(predicted))


def test_memory_does_not_grow_with_groups_times_samples() -> None:
    groups, true, predicted = sample(20_000, 1, 0.7)
    boot = GroupBootstrap(groups, true, classes=3, samples=500, seed=1)
    tracemalloc.start()
    try:
        boot.matrices(predicted)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 80e6 < 500 * 20_000 * 16
