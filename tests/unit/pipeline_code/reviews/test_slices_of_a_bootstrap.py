import numpy as np
import pytest

from pipeline_code.reviews import calibration, intervals
from pipeline_code.reviews.bootstrap import GroupBootstrap, TooFewGroups
from pipeline_code.reviews.intervals import Bounds
from pipeline_code.reviews.metrics import accuracy, macro_f1, recall
from pipeline_code.reviews.precision_recall import average_precision

GROUPS, EACH = 40, 6


@pytest.fixture
def true() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 3, GROUPS * EACH)


@pytest.fixture
def predicted(true: np.ndarray) -> np.ndarray:
    wrong = np.random.default_rng(2).random(len(true)) > 0.7
    return np.where(wrong, (true + 1) % 3, true)


@pytest.fixture
def boot(true: np.ndarray) -> GroupBootstrap:
    ids = [str(row // EACH) for row in range(len(true))]
    return GroupBootstrap(ids, true, classes=3, samples=500, seed=1)


def test_a_slice_of_all_rows_is_the_whole(boot: GroupBootstrap, predicted: np.ndarray) -> None:
    everything = np.ones(len(predicted), dtype=bool)
    assert boot.figure(macro_f1, predicted, everything) == boot.figure(macro_f1, predicted)
    other = (predicted + 1) % 3
    assert boot.difference(accuracy, predicted, other, everything) == boot.difference(
        accuracy, predicted, other
    )


def test_a_figure_of_a_slice_knows_only_its_rows(
    boot: GroupBootstrap, true: np.ndarray, predicted: np.ndarray
) -> None:
    rows = np.arange(len(true)) % 4 == 0
    found = boot.figure(accuracy, predicted, rows)
    changed = np.where(rows, predicted, (predicted + 1) % 3)
    assert found is not None
    assert found == boot.figure(accuracy, changed, rows)
    assert found["value"] == pytest.approx((true == predicted)[rows].mean())
    whole = boot.figure(accuracy, predicted)
    assert np.diff(found["interval"]) > 1.5 * np.diff(whole["interval"])
    assert boot.groups(rows) == len(set(np.flatnonzero(rows) // EACH))


def test_recall_is_the_accuracy_of_the_rows_of_a_class(
    boot: GroupBootstrap, true: np.ndarray, predicted: np.ndarray
) -> None:
    by_slice = boot.figure(accuracy, predicted, true == 1)
    by_matrix = boot.figure(lambda matrices: recall(matrices)[..., 1], predicted)
    assert by_slice is not None
    assert by_slice["value"] == pytest.approx(by_matrix["value"])
    assert by_slice["interval"] == pytest.approx(by_matrix["interval"], abs=0.01)


def test_replicates_without_rows_of_the_slice_are_undefined(true: np.ndarray) -> None:
    """Three groups of forty are all missing from (37 / 40) ** 40, one in 23, of the replicates."""
    seen = []

    def method(value: float, replicates: np.ndarray, jackknife: np.ndarray, bounds: Bounds) -> list[float]:
        seen.append((replicates, jackknife))
        return [value, value]

    ids = [str(row // EACH) for row in range(len(true))]
    boot = GroupBootstrap(ids, true, classes=3, samples=2000, seed=1, method=method)
    rows = np.arange(len(true)) < 3 * EACH
    boot.figure(accuracy, true, rows)
    boot.mean(np.ones(len(true)), rows=rows)
    for replicates, jackknife in seen:
        assert np.isnan(replicates).mean() == pytest.approx((37 / 40) ** 40, abs=0.015)
        assert set(replicates[np.isfinite(replicates)]) == {1.0}
        assert jackknife.tolist() == [1.0, 1.0, 1.0]


def test_a_slice_of_one_group_or_none_has_no_figure(
    boot: GroupBootstrap, true: np.ndarray, predicted: np.ndarray
) -> None:
    one = np.arange(len(true)) < EACH
    for rows in (one, np.zeros(len(true), dtype=bool)):
        assert boot.figure(accuracy, predicted, rows) is None
        assert boot.difference(accuracy, predicted, true, rows) is None
        assert boot.mean(np.ones(len(true)), rows=rows) is None
        assert boot.statistic(lambda weights: weights.sum(axis=1), rows) is None
    assert boot.mean(np.ones(len(true)), one.astype(float)) is None


def test_one_group_altogether_is_an_error() -> None:
    alone = GroupBootstrap(["a"] * 4, np.zeros(4, dtype=np.int64), classes=2, samples=100, seed=1)
    with pytest.raises(TooFewGroups, match="4 rows belong to one group"):
        alone.figure(accuracy, np.zeros(4, dtype=np.int64))


def test_a_slice_without_errors_is_not_certain(boot: GroupBootstrap, true: np.ndarray) -> None:
    rows = np.arange(len(true)) < 5 * EACH
    found = boot.figure(accuracy, true, rows)
    assert found == {"value": 1.0, "interval": [pytest.approx(0.025 ** (1 / 5)), 1.0]}


def test_models_that_agree_on_a_slice_may_still_differ(boot: GroupBootstrap, true: np.ndarray) -> None:
    rows = np.arange(len(true)) < 5 * EACH
    other = np.where(rows, true, (true + 1) % 3)
    found = boot.difference(accuracy, true, other, rows)
    assert found is not None
    assert found["value"] == 0.0
    assert found["interval"] == pytest.approx([0.025 ** (1 / 5) - 1, 1 - 0.025 ** (1 / 5)])
    assert boot.difference(accuracy, true, true.copy(), rows) == {"value": 0.0, "interval": [0.0, 0.0]}


def test_a_mean_is_the_accuracy_where_the_values_are_hits(
    boot: GroupBootstrap, true: np.ndarray, predicted: np.ndarray
) -> None:
    hits = (true == predicted).astype(float)
    rows = np.arange(len(true)) % 2 == 0
    assert boot.mean(hits, bounds=(0, 1))["interval"] == pytest.approx(
        boot.figure(accuracy, predicted)["interval"]
    )
    sliced = boot.mean(np.where(rows, hits, np.nan), rows=rows, bounds=(0, 1))
    expected = boot.figure(accuracy, predicted, rows)
    assert sliced is not None
    assert expected is not None
    assert sliced["interval"] == pytest.approx(expected["interval"])


def test_a_weighted_mean_is_a_ratio_of_sums(boot: GroupBootstrap, true: np.ndarray) -> None:
    values = np.random.default_rng(3).normal(2, 1, len(true))
    weights = np.random.default_rng(4).random(len(true))
    found = boot.mean(values, weights)
    assert found is not None
    assert found["value"] == pytest.approx(np.average(values, weights=weights))
    by_rows = boot.statistic(
        lambda row: (row * weights * values).sum(axis=1) / (row * weights).sum(axis=1),
        samples=500,
        bounds=intervals.UNBOUNDED,
    )
    assert by_rows is not None
    assert found["interval"] == pytest.approx(by_rows["interval"])


def test_row_statistics_use_the_replicates_of_the_figures(
    boot: GroupBootstrap, true: np.ndarray, predicted: np.ndarray
) -> None:
    hits = (true == predicted).astype(float)

    def share(weights: np.ndarray) -> np.ndarray:
        return (weights * hits).sum(axis=1) / weights.sum(axis=1)

    rows = np.arange(len(true)) % 2 == 0
    whole = boot.statistic(share)
    assert whole is not None
    assert whole["interval"] == pytest.approx(boot.figure(accuracy, predicted)["interval"])
    part, expected = boot.statistic(share, rows), boot.figure(accuracy, predicted, rows)
    assert part is not None
    assert expected is not None
    assert part["interval"] == pytest.approx(expected["interval"])


def test_curves_and_calibration_have_intervals(boot: GroupBootstrap, true: np.ndarray) -> None:
    generator = np.random.default_rng(5)
    weights = np.exp(2 * np.eye(3)[true] + generator.normal(size=(len(true), 3)))
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    area = boot.statistic(lambda w: average_precision(true == 1, probabilities[:, 1], w))
    confidence, correct = calibration.confidence_of(probabilities, true)
    error = boot.statistic(
        lambda w: calibration.calibration_error(confidence, correct, w),
        method=intervals.of_absolute_gaps,
    )
    for figure in (area, error):
        assert figure is not None
        low, high = figure["interval"]
        assert 0 <= low < figure["value"] < high <= 1
    nowhere = boot.statistic(lambda w: average_precision(true == 7, probabilities[:, 1], w))
    assert nowhere is None


def test_many_groups_are_left_out_in_blocks() -> None:
    generator = np.random.default_rng(6)
    values = generator.random(3000)
    boot = GroupBootstrap(
        [str(row) for row in range(3000)], np.zeros(3000, dtype=np.int64), classes=2, samples=500, seed=1
    )
    found = boot.statistic(lambda weights: weights @ values / weights.sum(axis=1))
    assert found is not None
    assert found["interval"] == pytest.approx(boot.mean(values)["interval"], abs=0.001)


def test_the_bootstrap_says_what_it_did(boot: GroupBootstrap) -> None:
    described = boot.describe()
    assert (described["level"], described["samples"], described["seed"]) == (0.95, 500, 1)
    assert "BCa" in described["method"]
