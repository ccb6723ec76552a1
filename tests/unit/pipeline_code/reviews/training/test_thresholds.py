import numpy as np
import pytest
from scipy.special import log_softmax

from pipeline_code.reviews.metrics import Floats, Ints, confusion_matrix, macro_f1
from pipeline_code.reviews.training.thresholds import FOLDS, Tuning, _folds, best_offsets, tune_thresholds

PRIOR = np.array([0.1, 0.15, 0.75])
APART = np.array([[1.2, 0.0], [0.0, 1.2], [-0.6, -0.6]])
CONFUSED = np.array([[1.0, 0.2], [1.0, -0.2], [-0.6, 0.0]])  # the two rare classes are hard to tell apart
START = np.zeros(3)
EVEN = np.array([0.33, 0.21, 0.46])


def rows(
    count: int, seed: int, *, prior: Floats = PRIOR, centres: Floats = APART
) -> tuple[Floats, Ints, list[str]]:
    """Log posteriors of a perfectly calibrated model, classes, and groups of two rows."""
    generator = np.random.default_rng(seed)
    labels = generator.choice(3, size=count, p=prior)
    points = centres[labels] + generator.normal(size=(count, 2))
    likelihood = -((points[:, None] - centres) ** 2).sum(axis=2) / 2
    groups = [f"g{number // 2}" for number in range(count)]
    return log_softmax(likelihood + np.log(prior), axis=1), labels, groups


def score(log_p: Floats, labels: Ints, offsets: Floats) -> float:
    return float(macro_f1(confusion_matrix(labels, (log_p + offsets).argmax(axis=1), 3)))


def tuned(log_p: Floats, labels: Ints, groups: list[str], start: Floats = START) -> Tuning:
    return tune_thresholds(lambda rows: log_p, labels, groups, start)


def expected(log_p: Floats, offsets: Floats) -> float:
    """Macro-F1 where each row counts for each class with its probability."""
    p, chosen = np.exp(log_p), np.eye(3)[(log_p + offsets).argmax(axis=1)]
    return float(np.mean(2 * (p * chosen).sum(axis=0) / (p.sum(axis=0) + chosen.sum(axis=0))))


def test_rare_classes_get_a_lower_threshold_and_new_rows_a_better_macro_f1() -> None:
    found = tuned(*rows(2000, 0))
    assert found.tuned
    assert found.gain is not None
    assert found.gain > 0.01
    assert (found.offsets[:2] > 0.2).all()
    assert found.offsets[2] == 0
    fresh, truth, _ = rows(20_000, 1)
    assert score(fresh, truth, found.offsets) > score(fresh, truth, START) + 0.01


@pytest.mark.parametrize("prior", [PRIOR, EVEN])
def test_a_hundred_and_fifty_rows_are_enough_not_to_hurt(prior: Floats) -> None:
    fresh, truth, _ = rows(20_000, 99, prior=prior)
    plain = score(fresh, truth, START)
    changes = [
        score(fresh, truth, tuned(*rows(150, seed, prior=prior)).offsets) - plain for seed in range(20)
    ]
    assert np.mean(changes) > 0
    assert min(changes) > -0.01


def test_probabilities_that_deceive_are_not_followed() -> None:
    log_p, labels, groups = rows(2000, 3)
    deceived = log_softmax(log_p + np.array([0.0, 4.0, 0.0]), axis=1)
    start = np.array([0.0, -4.0, 0.0])
    found = tuned(deceived, labels, groups, start)
    assert not found.tuned
    assert found.offsets.tolist() == start.tolist()
    assert found.gain is not None
    assert found.gain <= 0


@pytest.mark.parametrize("seed", range(8))
def test_offsets_move_only_for_a_gain_on_left_out_rows(seed: int) -> None:
    log_p, labels, groups = rows(150, seed)
    labels = np.random.default_rng(seed).permutation(labels) if seed % 2 else labels
    start = np.array([0.3, -0.1, 0.0])
    found = tuned(log_p, labels, groups, start)
    assert found.gain is not None
    assert found.tuned == (found.gain > 0)
    assert found.tuned == (found.offsets.tolist() != start.tolist())


def test_left_out_rows_are_not_calibrated_on() -> None:
    log_p, labels, groups = rows(200, 4)
    folds, asked = _folds(groups), []

    def calibrated(given: Ints) -> Floats:
        asked.append(set(given.tolist()))
        return log_p

    tune_thresholds(calibrated, labels, groups, START)
    for number in range(FOLDS):
        assert asked[number] == set(np.flatnonzero(folds != number).tolist())


@pytest.mark.parametrize("centres", [APART, CONFUSED])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_pair_of_offsets_lets_expect_more(seed: int, centres: Floats) -> None:
    log_p, _, _ = rows(300, seed, centres=centres)
    found = expected(log_p, best_offsets(log_p))
    grid = np.arange(-5, 16) * 0.2
    best = max(expected(log_p, np.array([one, other, 0.0])) for one in grid for other in grid)
    assert found > best - 0.002


def test_certain_probabilities_need_no_offsets() -> None:
    certain = log_softmax(20 * np.eye(3)[np.arange(30) % 3], axis=1)
    assert best_offsets(certain).tolist() == [0, 0, 0]


def test_rows_of_a_group_share_a_fold_and_folds_are_even() -> None:
    groups = [f"g{number // 3}" for number in range(150)]
    folds = _folds(groups)
    assert all(len(set(folds[start : start + 3].tolist())) == 1 for start in range(0, 150, 3))
    assert np.bincount(folds).tolist() == [30] * FOLDS
    assert _folds(groups[::-1]).tolist() == folds[::-1].tolist()


def test_equal_rows_give_equal_offsets() -> None:
    first, second = (tuned(*rows(600, 7)) for _ in range(2))
    assert first.report() == second.report()
    assert first.offsets.tolist() == second.offsets.tolist()


def test_with_few_groups_nothing_is_tuned() -> None:
    log_p, labels, _ = rows(40, 1)
    found = tuned(log_p, labels, ["a", "b", "c", "d"] * 10)
    assert not found.tuned
    assert "fewer than 5 groups" in found.reason
