import numpy as np
import pytest

from pipeline_code.reviews import calibration


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    assert calibration.calibration_error(confidence, np.array([1.0, 1.0, 1.0, 0.0])) == pytest.approx(0.05)
    assert calibration.calibration_error(np.array([1.0]), np.array([0.0])) == 1.0
