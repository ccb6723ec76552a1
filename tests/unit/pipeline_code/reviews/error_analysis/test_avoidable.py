import numpy as np
import pytest

from pipeline_code.reviews.error_analysis import avoidable
from tests.unit.pipeline_code.reviews.gate.example import contract


def test_errors_where_all_agree_stand_apart_from_those_where_people_differ() -> None:
    ratings = [[5, 5, 5, 4], [1, 1, 1, 1], [5, 5, 3, 1], [5, 5, 5, 1], None]
    wrong = np.array([False, True, True, False, True])
    found = avoidable(ratings, wrong, np.array([1.0, 1.0, 0.5, 0.75, np.nan]), contract())
    assert [(band["band"], band["rows"], band["errors"]) for band in found] == [
        ("0 to 55 % agree", 1, 1),
        ("70 to 85 % agree", 1, 0),
        ("all agree", 2, 1),
    ]
    assert found[-1]["accuracy"] == pytest.approx(0.5)
    assert found[-1]["human"] == 1.0
    assert found[-1]["share"] == pytest.approx(0.4)


def test_without_ratings_there_are_no_bands() -> None:
    assert avoidable([None, [5.0]], np.array([True, False]), np.array([np.nan, np.nan]), contract()) == []
