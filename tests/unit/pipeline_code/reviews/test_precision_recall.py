import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from pipeline_code.reviews.precision_recall import average_precision

ROWS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=60
).filter(lambda rows: any(positive and weight for positive, _, weight in rows))


@given(ROWS)
def test_agrees_with_scikit_learn_with_ties_and_weights(rows: list[tuple[bool, int, int]]) -> None:
    positive, scores, weights = (np.array(column) for column in zip(*rows, strict=True))
    expected = average_precision_score(positive, scores / 6, sample_weight=weights)
    assert average_precision(positive, scores / 6, weights) == pytest.approx(expected)


def test_a_weight_of_two_is_two_rows() -> None:
    positive, scores = np.array([True, False, True]), np.array([0.9, 0.8, 0.3])
    twice = average_precision(np.append(positive, False), np.append(scores, 0.8))
    assert average_precision(positive, scores, np.array([1.0, 2.0, 1.0])) == pytest.approx(twice)
    assert average_precision(positive, scores) == pytest.approx((1 + 2 / 3) / 2)


def test_many_weightings_at_once_are_each_alone() -> None:
    generator = np.random.default_rng(1)
    positive, scores = generator.random(50) < 0.3, generator.random(50)
    weights = generator.integers(0, 3, (20, 50)).astype(float)
    together = average_precision(positive, scores, weights)
    assert together == pytest.approx([average_precision(positive, scores, row) for row in weights])


def test_without_positive_rows_there_is_no_curve() -> None:
    assert np.isnan(average_precision(np.zeros(3, dtype=bool), np.arange(3.0)))
    assert np.isnan(average_precision(np.array([True, False]), np.arange(2.0), np.array([[0.0, 1.0]]))).all()
