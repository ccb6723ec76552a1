"""What makes a slice stand out."""

import math

import numpy as np
import pytest
from scipy import sparse

from pipeline_code.reviews.discovery.scan import Scan, correlation

ALL = np.ones(100, dtype=bool)


def scan(slices: list[range], wrong: list[int], place: np.ndarray) -> Scan:
    masks = np.zeros((len(slices), 100))
    for number, members in enumerate(slices):
        masks[number, list(members)] = 1
    errors = np.zeros(100, dtype=bool)
    errors[wrong] = True
    return Scan(sparse.csr_array(masks), place, errors)


def test_the_score_is_the_signed_root_of_the_likelihood_ratio() -> None:
    wrong = [*range(8), 50, 60]
    (score,), sizes = scan([range(10)], wrong, np.arange(100)).scores(ALL)
    inside = 8 * math.log(0.8) + 2 * math.log(0.2)
    outside = 2 * math.log(2 / 90) + 88 * math.log(88 / 90)
    together = 10 * math.log(0.1) + 90 * math.log(0.9)
    assert score == pytest.approx(math.sqrt(2 * (inside + outside - together)))
    assert sizes.tolist() == [10]


def test_fewer_errors_than_elsewhere_score_nothing() -> None:
    scores, _ = scan([range(10), range(10, 100)], list(range(8)), np.arange(100)).scores(ALL)
    assert scores[0] > 3
    assert scores[1] == 0


def test_errors_of_one_review_count_for_less_than_those_of_many() -> None:
    place = np.repeat(np.arange(10), 10)
    wrong = [*range(10), *range(10, 20), *range(20, 100, 10)]
    one_review, many = scan([range(20), range(0, 100, 5)], wrong, place).scores(ALL)[0]
    alone, _ = scan([range(20)], wrong, np.arange(100)).scores(ALL)
    assert 0 < one_review < 0.6 * alone[0]
    assert many > 0


def test_rows_that_another_slice_explains_count_no_more() -> None:
    left = ALL.copy()
    left[:10] = False
    before = scan([range(20)], list(range(10)), np.arange(100))
    assert before.scores(ALL)[0][0] > 3
    assert before.scores(left)[0][0] == 0


def test_groups_of_a_slice_are_counted() -> None:
    place = np.repeat(np.arange(10), 10)
    assert scan([range(15), range(0, 100, 10)], [1], place).groups.tolist() == [2, 10]


def test_correlation_within_groups() -> None:
    place = np.repeat(np.arange(40), 5)
    alike = np.repeat(np.arange(40) % 2, 5).astype(float)
    assert correlation(alike, place) == pytest.approx(1.0)
    assert correlation(np.tile([1.0, 0, 0, 0, 0], 40), place) == 0.0
    assert correlation(np.array([1.0, 0, 1]), np.arange(3)) == 0.0
