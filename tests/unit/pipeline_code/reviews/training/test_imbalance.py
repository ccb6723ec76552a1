import numpy as np
import pytest

from pipeline_code.reviews.training.imbalance import (
    CLASS_WEIGHTS,
    FOCAL_LOSS,
    LOGIT_ADJUSTMENT,
    NONE,
    RESAMPLE,
    class_counts,
    class_weights,
    log_prior,
    prior_shift,
)

COUNTS = np.array([10, 30, 60])
BALANCED = np.array([10, 10, 10])


def test_weights_are_inverse_frequencies_and_a_rows_mean_weight_is_one() -> None:
    weights = class_weights(COUNTS)
    assert weights.tolist() == pytest.approx([100 / 30, 100 / 90, 100 / 180])
    assert float(weights @ COUNTS) / 100 == pytest.approx(1)


def test_a_class_without_rows_has_no_weight_and_a_finite_prior() -> None:
    assert class_weights(np.array([5, 0, 15])).tolist() == pytest.approx([2, 0, 2 / 3])
    assert np.exp(log_prior(np.array([5, 0, 15]))).tolist() == pytest.approx([5 / 21, 1 / 21, 15 / 21])


def test_counts_know_classes_that_do_not_occur() -> None:
    assert class_counts(np.array([0, 2, 2]), 4).tolist() == [1, 0, 2, 0]


@pytest.mark.parametrize("strategy", [CLASS_WEIGHTS, RESAMPLE, LOGIT_ADJUSTMENT])
def test_a_model_trained_on_equal_classes_is_brought_back_to_the_natural_prior(strategy: str) -> None:
    shift = prior_shift(strategy, COUNTS, COUNTS, tau=1.0)
    assert shift is not None
    natural = np.exp(shift) / np.exp(shift).sum()
    assert natural.tolist() == pytest.approx([0.1, 0.3, 0.6])
    assert shift.mean() == pytest.approx(0)


def test_half_an_adjustment_is_half_the_way_back() -> None:
    half, full = (prior_shift(LOGIT_ADJUSTMENT, COUNTS, COUNTS, tau=tau) for tau in (0.5, 1.0))
    assert half is not None
    assert full is not None
    assert (2 * half).tolist() == pytest.approx(full.tolist())


@pytest.mark.parametrize("strategy", [NONE, FOCAL_LOSS])
def test_only_balanced_rows_need_a_way_back_without_an_option(strategy: str) -> None:
    assert prior_shift(strategy, COUNTS, COUNTS, tau=1.0) is None
    shift = prior_shift(strategy, COUNTS, BALANCED, tau=1.0)
    assert shift is not None
    assert np.exp(shift - shift[0]).tolist() == pytest.approx([1, 3, 6])


def test_no_adjustment_changes_no_prior() -> None:
    assert prior_shift(LOGIT_ADJUSTMENT, COUNTS, COUNTS, tau=0.0) is None
