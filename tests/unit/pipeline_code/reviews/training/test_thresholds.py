import numpy as np
import pytest
from scipy.special import log_softmax

from pipeline_code.reviews.metrics import Floats, Ints, confusion_matrix, macro_f1
from pipeline_code.reviews.training.thresholds import FOLDS, _folds, _search, keep_thresholds, tune_thresholds

PRIOR = np.array([0.1, 0.15, 0.75])
START = np.zeros(3)


def rows(count: int, seed: int, *, prior: Floats = PRIOR) -> tuple[Floats, Ints, list[str]]:
    """Log posteriors of a perfectly calibrated model, classes, and groups of two rows."""
    generator = np.random.default_rng(seed)
    labels = generator.choice(3, size=count, p=prior)
    centres = np.array([[1.2, 0.0], [0.0, 1.2], [-0.6, -0.6]])
    points = centres[labels] + generator.normal(size=(count, 2))
    likelihood = -((points[:, None] - centres) ** 2).sum(axis=2) / 2
    groups = [f"g{number // 2}" for number in range(count)]
    return log_softmax(likelihood + np.log(prior), axis=1), labels, groups


def score(log_p: Floats, labels: Ints, offsets: Floats) -> float:
    return float(macro_f1(confusion_matrix(labels, (log_p + offsets).argmax(axis=1), 3)))


def test_rare_classes_get_a_lower_threshold_and_new_rows_a_better_macro_f1() -> None:
    log_p, labels, groups = rows(2000, 0)
    found = tune_thresholds(log_p, labels, groups, START)
    assert found.tuned
    assert found.gain is not None
    assert found.gain > 0.01
    assert (found.offsets[:2] > 0.2).all()
    assert found.offsets[2] == 0
    fresh, truth, _ = rows(20_000, 1)
    assert score(fresh, truth, found.offsets) > score(fresh, truth, START) + 0.01


def test_on_three_hundred_rows_tuning_does_not_hurt_on_average() -> None:
    fresh, truth, _ = rows(20_000, 99, prior=np.array([0.33, 0.21, 0.46]))
    plain, changes = score(fresh, truth, START), []
    for seed in range(20):
        log_p, labels, groups = rows(300, seed, prior=np.array([0.33, 0.21, 0.46]))
        changes.append(score(fresh, truth, tune_thresholds(log_p, labels, groups, START).offsets) - plain)
    assert np.mean(changes) > -0.002
    assert np.sum(np.array(changes) == 0) >= 10  # most searches find nothing that left-out rows confirm


@pytest.mark.parametrize("seed", range(10))
def test_offsets_move_only_for_a_gain_of_more_than_its_standard_error(seed: int) -> None:
    log_p, labels, groups = rows(150, seed)
    labels = np.random.default_rng(seed).permutation(labels) if seed % 2 else labels
    start = np.array([0.3, -0.1, 0.0])
    found = tune_thresholds(log_p, labels, groups, start)
    assert found.gain is not None
    assert found.standard_error is not None
    assert found.tuned == (found.gain > found.standard_error)
    assert found.tuned == (found.offsets.tolist() != start.tolist())


def test_the_search_ends_where_no_single_step_helps() -> None:
    log_p, labels, _ = rows(400, 5)
    found = _search(log_p, labels, START)
    best = score(log_p, labels, found)
    assert best > score(log_p, labels, START)
    for label in (0, 1):
        for step in np.arange(-20, 21) * 0.1:
            other = found.copy()
            other[label] = step
            assert score(log_p, labels, other) <= best + 1e-12


def test_where_nothing_changes_the_search_stays_at_the_start() -> None:
    certain = np.log(np.full((30, 3), 1e-9) + np.eye(3)[np.arange(30) % 3])
    assert _search(certain, np.arange(30) % 3, START).tolist() == [0, 0, 0]


def test_rows_of_a_group_share_a_fold_and_folds_are_even() -> None:
    groups = [f"g{number // 3}" for number in range(150)]
    folds = _folds(groups)
    assert all(len(set(folds[start : start + 3].tolist())) == 1 for start in range(0, 150, 3))
    assert np.bincount(folds).tolist() == [30] * FOLDS
    assert _folds(groups[::-1]).tolist() == folds[::-1].tolist()


def test_equal_rows_give_equal_offsets() -> None:
    log_p, labels, groups = rows(600, 7)
    first, second = (tune_thresholds(log_p, labels, groups, START) for _ in range(2))
    assert first.report() == second.report()
    assert first.offsets.tolist() == second.offsets.tolist()


def test_with_few_groups_nothing_is_tuned() -> None:
    log_p, labels, _ = rows(40, 1)
    found = tune_thresholds(log_p, labels, ["a", "b", "c", "d"] * 10, START)
    assert not found.tuned
    assert "fewer than 5 groups" in found.reason


def test_kept_offsets_are_those_in_use() -> None:
    log_p, labels, groups = rows(40, 1)
    found = keep_thresholds(log_p, labels, groups, START + 0.5)
    assert (found.offsets.tolist(), found.tuned) == ([0.5] * 3, False)
