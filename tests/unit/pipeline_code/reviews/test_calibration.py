import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from pipeline_code.reviews import calibration


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    assert calibration.calibration_error(confidence, np.array([1.0, 1.0, 1.0, 0.0])) == pytest.approx(0.05)
    assert calibration.calibration_error(np.array([1.0]), np.array([0.0])) == 1.0


def test_weights_stand_for_repeated_rows() -> None:
    generator = np.random.default_rng(1)
    confidence, correct = generator.random(40), (generator.random(40) < 0.6).astype(float)
    weights = generator.integers(0, 4, (5, 40))
    found = calibration.calibration_error(confidence, correct, weights)
    for row, error in zip(weights, found, strict=True):
        repeated = calibration.calibration_error(np.repeat(confidence, row), np.repeat(correct, row))
        assert error == pytest.approx(repeated)


def test_calibration_error_agrees_with_a_sum_over_bins() -> None:
    generator = np.random.default_rng(2)
    confidence, correct = generator.random(200), (generator.random(200) < 0.6).astype(float)
    bins = calibration.reliability_bins(confidence, correct)
    expected = sum(abs(part["accuracy"] - part["confidence"]) * part["count"] for part in bins) / 200
    assert calibration.calibration_error(confidence, correct) == pytest.approx(expected)


def test_brier_score_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(3)
    probabilities, true = generator.dirichlet([1, 1, 1], 50), generator.integers(0, 3, 50)
    weights = generator.random(50)
    for given in (None, weights):
        expected = brier_score_loss(
            true, probabilities, sample_weight=given, labels=[0, 1, 2], scale_by_half=False
        )
        assert calibration.brier_score(probabilities, true, given) == pytest.approx(expected)
    assert calibration.brier_score(np.eye(3), np.array([0, 1, 2])) == 0.0
    assert calibration.brier_score(np.eye(3), np.array([1, 2, 0])) == 2.0


def test_reliability_bins_are_those_with_rows() -> None:
    found = calibration.reliability_bins(np.array([0.42, 0.48, 1.0]), np.array([1.0, 0.0, 1.0]))
    assert [(part["low"], part["high"], part["count"]) for part in found] == [(0.4, 0.5, 2), (0.9, 1.0, 1)]
    assert found[0]["confidence"] == pytest.approx(0.45)
    assert (found[0]["accuracy"], found[1]["accuracy"]) == (0.5, 1.0)
    weighted = calibration.reliability_bins(
        np.array([0.42, 0.48]), np.array([1.0, 0.0]), np.array([1.5, 0.5])
    )
    assert (weighted[0]["count"], weighted[0]["accuracy"]) == (2, 0.75)


def test_confidence_is_that_of_the_most_probable_class() -> None:
    probabilities = np.array([[0.2, 0.7, 0.1], [0.5, 0.2, 0.3]])
    confidence, correct = calibration.confidence_of(probabilities, np.array([1, 2]))
    assert confidence.tolist() == [0.7, 0.5]
    assert correct.tolist() == [1.0, 0.0]
