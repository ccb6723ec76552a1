"""Panels against brute force: every panel of k raters, one by one."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.reviews.contract import Contract, MeanHumanRating
from pipeline_code.reviews.labels import panels
from pipeline_code.reviews.labels.panels import expected_confusion
from pipeline_code.reviews.labels.ratings import RatedTexts

RULE = MeanHumanRating(kind="mean_human_rating", cuts=[-0.5, 0.5], rating_min=-4, rating_max=4)


def one_by_one(ratings: list[float], size: int, rule: Any, panel_rule: Any) -> np.ndarray:
    found = np.zeros((3, 3))
    chosen = list(combinations(range(len(ratings)), size))
    for members in chosen:
        rest = [value for place, value in enumerate(ratings) if place not in members]
        panel = [ratings[place] for place in members]
        true = rule.class_id(math.fsum(rest) / len(rest))
        found[true, panel_rule.class_id(math.fsum(panel) / size)] += 1
    return found / len(chosen)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.lists(st.integers(-8, 8).map(lambda n: n / 2), min_size=2, max_size=9), min_size=1, max_size=4
    ),
    st.integers(1, 5),
)
def test_every_panel_is_counted_once(ratings: list[list[float]], size: int) -> None:
    found = expected_confusion(RatedTexts.of(ratings), size, RULE)
    for one, given_ratings in zip(found, ratings, strict=True):
        if len(given_ratings) > size:
            np.testing.assert_allclose(one, one_by_one(given_ratings, size, RULE, RULE), atol=1e-12)
        else:
            assert not one.any()


def test_one_person_against_two_by_hand() -> None:
    # 2 | 0, 0 -> positive, the rest neutral; 0 | 2, 0 -> neutral, the rest (1) positive: twice.
    (found,) = expected_confusion(RatedTexts.of([[2.0, 0.0, 0.0]]), 1, RULE)
    np.testing.assert_allclose(found, [[0, 0, 0], [0, 0, 1 / 3], [0, 2 / 3, 0]])


def test_the_panel_may_be_cut_by_another_definition(contract: Contract) -> None:
    ratings = [[1.0, 1.0, 3.0, -1.0], [0.0, 2.0, 2.0, 4.0]]
    wide = RULE.model_copy(update={"cuts": [-1.0, 1.0]})
    found = expected_confusion(RatedTexts.of(ratings), 1, wide, single=RULE)
    for one, given_ratings in zip(found, ratings, strict=True):
        np.testing.assert_allclose(one, one_by_one(given_ratings, 1, wide, RULE), atol=1e-12)


def test_continuous_ratings_are_exact_for_one_rater_and_near_for_more(crowd: Any) -> None:
    whole = crowd(150, 7)
    shifted = [[value + 1e-6 * math.pi for value in given_ratings] for given_ratings in whole]
    for size, tolerance in ((1, 1e-12), (3, 0.015)):
        exact = expected_confusion(RatedTexts.of(whole), size, RULE).mean(axis=0)
        found = expected_confusion(RatedTexts.of(shifted), size, RULE, seed=4).mean(axis=0)
        assert np.abs(np.trace(found) - np.trace(exact)) < tolerance


def test_draws_repeat_with_their_seed(crowd: Any) -> None:
    rated = RatedTexts.of([[value + 1 / 3 for value in row] for row in crowd(20, 7)])
    first, again, other = (expected_confusion(rated, 3, RULE, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_majority_shares_its_ties() -> None:
    # Votes negative, neutral, positive: whoever is left out, the rest are two classes tied.
    (found,) = expected_confusion(RatedTexts.of([[-2.0, 0.0, 2.0]]), 1, RULE, reference="majority")
    np.testing.assert_allclose(found, (1 - np.eye(3)) / 6)


def test_majorities_of_panels_by_brute_force() -> None:
    ratings = [-2.0, -2.0, 0.0, 1.0, 3.0, 2.0]
    votes = [RULE.class_id(value) for value in ratings]
    wanted = np.zeros((3, 3))
    chosen = list(combinations(range(6), 3))
    for members in chosen:
        panel = np.bincount([votes[place] for place in members], minlength=3)
        rest = np.bincount([votes[place] for place in range(6) if place not in members], minlength=3)
        shares = [(side == side.max()) / (side == side.max()).sum() for side in (rest, panel)]
        wanted += np.outer(*shares) / len(chosen)
    (found,) = expected_confusion(RatedTexts.of([ratings]), 3, RULE, reference="majority")
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_chunks_do_not_show(crowd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rated = RatedTexts.of(crowd(50, 6))
    whole = expected_confusion(rated, 3, RULE)
    monkeypatch.setattr(panels, "_CHUNK", 7)
    np.testing.assert_array_equal(expected_confusion(rated, 3, RULE), whole)
