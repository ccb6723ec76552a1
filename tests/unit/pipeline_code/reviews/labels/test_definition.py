from typing import Any

import pytest

from pipeline_code.reviews.contract import Contract, StarRating
from pipeline_code.reviews.labels.definition import definition_sweep, moved_cuts
from pipeline_code.reviews.labels.ratings import RatedTexts


def test_cuts_move_about_their_middle(contract: Contract) -> None:
    rule: Any = contract.label_rule
    assert moved_cuts(rule) == [[-0.25, 0.25], [-0.5, 0.5], [-1.0, 1.0]]
    stars = StarRating(kind="star_rating", cuts=[2.5, 3.5], rating_min=1, rating_max=5)
    assert moved_cuts(stars) == [[2.75, 3.25], [2.5, 3.5], [2.0, 4.0]]


def test_a_single_cut_moves_by_a_tenth_of_the_scale() -> None:
    rule = StarRating(kind="star_rating", cuts=[3], rating_min=1, rating_max=5)
    assert moved_cuts(rule) == [[pytest.approx(2.6)], [3], [pytest.approx(3.4)]]


def test_cuts_do_not_leave_the_scale() -> None:
    rule = StarRating(kind="star_rating", cuts=[1.5, 4.5], rating_min=1, rating_max=5)
    assert moved_cuts(rule) == [[2.25, 3.75], [1.5, 4.5]]


def test_wider_cuts_make_more_texts_neutral(contract: Contract, crowd: Any) -> None:
    rule: Any = contract.label_rule
    found = definition_sweep(RatedTexts.of(crowd(300, 10)), rule, contract.class_names, seed=0)
    assert [one["in_use"] for one in found] == [False, True, False]
    neutral = [one["shares"]["neutral"] for one in found]
    assert neutral == sorted(neutral)
    assert neutral[0] < neutral[2]
    for one in found:
        assert sum(one["shares"].values()) == pytest.approx(1)
        assert list(one["levels"]) == ["1", "3", "5"]


def test_the_definition_in_use_has_the_human_level_of_the_report(contract: Contract) -> None:
    rule: Any = contract.label_rule
    ratings = [[2.0, 2.0, 0.0], [-1.0, -1.0, -1.0]]
    found = definition_sweep(RatedTexts.of(ratings), rule, contract.class_names, seed=0)
    # 2 | 1, 2 | 1 right, 0 | 2 wrong; at 1.0 the first two are positive against a neutral rest: all wrong.
    assert found[1]["levels"]["1"]["accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert found[2]["levels"]["1"]["accuracy"] == pytest.approx((0 + 1) / 2)
