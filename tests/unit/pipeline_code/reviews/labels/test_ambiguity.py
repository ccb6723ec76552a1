from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.labels.ambiguity import ambiguity, modal_share, near_a_cut
from pipeline_code.reviews.labels.ratings import RatedTexts

# Mean and standard error: (0.5, 0.29), (2, 0), (0, 0), (-0.75, 0.48), (3, 1).
RATINGS = [[0.0, 0.0, 1.0, 1.0], [2.0] * 4, [0.0] * 4, [0.0, 0.0, -1.0, -2.0], [4.0, 2.0]]


def test_texts_whose_mean_may_as_well_be_across_a_cut(contract: Contract) -> None:
    rule: Any = contract.label_rule
    assert near_a_cut(RatedTexts.of(RATINGS), rule).tolist() == [True, False, False, True, False]


def test_a_single_rating_gets_the_spread_of_the_others(contract: Contract) -> None:
    rule: Any = contract.label_rule
    rated = RatedTexts.of([[1.0], [4.0], [0.0, 1.0], [2.0, 3.0]])  # a standard deviation of 0.71 within
    assert near_a_cut(rated, rule).tolist()[:2] == [True, False]


def test_shares_by_hand(contract: Contract) -> None:
    rule: Any = contract.label_rule
    rated = RatedTexts.of([*RATINGS, [-2.0, -2.0, 2.0, 2.0]])
    assert modal_share(rated, rule).tolist() == [0.5, 1, 1, 0.5, 1, 0.5]
    one_rater = np.array([0.2, 1, 1, 0.4, 1, 0.0])
    found = ambiguity(rated, rule, one_rater, np.array([True, True, True, False, True, False]))
    assert found["ambiguous_share"] == pytest.approx(3 / 6)
    assert found["unanimous_share"] == pytest.approx(3 / 6)
    assert found["no_majority_share"] == pytest.approx(3 / 6)
    assert found["opposed_share"] == pytest.approx(1 / 6)
    split, united = found["bands"]
    assert split == {
        "band": "fewer than 55% agree",
        "rows": 3,
        "share": 0.5,
        "human": pytest.approx(0.2),
        "model": pytest.approx(1 / 3),
    }
    assert (united["band"], united["human"], united["model"]) == ("all agree", 1.0, 1.0)


def test_without_a_model_bands_have_no_model_accuracy(contract: Contract) -> None:
    rule: Any = contract.label_rule
    found = ambiguity(RatedTexts.of(RATINGS), rule, np.ones(5), None)
    assert {band["model"] for band in found["bands"]} == {None}
