from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.contract import Contract, NamedClass
from pipeline_code.reviews.labels.human_level import human_level
from tests.unit.pipeline_code.reviews.labels.conftest import CONTRACTS


def level(ratings: list[Any], contract: Contract, **options: Any) -> Any:
    labels = np.array([contract.label_rule.class_id(np.mean(given or [0])) for given in ratings])
    groups = [str(row // 2) for row in range(len(ratings))]
    return human_level(ratings, labels, groups, contract, seed=1, samples=200, **options)


def test_by_hand(contract: Contract) -> None:
    # All agree: 1. One of three is alone: the two others meet a rest of (0 + 2) / 2 = 1, positive: right.
    found = level([[2.0, 2.0, 2.0], [2.0, 2.0, 0.0], None, [1.0]], contract)
    assert found.report["rows"] == 2
    assert found.report["ratings_per_text"] == {"min": 3, "median": 3.0, "max": 3}
    assert found.report["levels"]["1"]["accuracy"]["value"] == pytest.approx((1 + 2 / 3) / 2)
    assert found.report["levels"]["1"]["recall"] == {"negative": 0.0, "neutral": 0.0, "positive": 5 / 6}
    np.testing.assert_allclose(found.one_rater, [1, 2 / 3, np.nan, np.nan])


def test_more_raters_are_nearer_to_the_rest(contract: Contract, crowd: Any) -> None:
    levels = level(crowd(300, 20), contract).report["levels"]
    accuracies = [levels[size]["accuracy"]["value"] for size in ("1", "3", "5", "9")]
    assert accuracies == sorted(accuracies)
    low, high = levels["1"]["accuracy"]["interval"]
    assert low < accuracies[0] < high < accuracies[-1]


def test_a_level_needs_half_as_many_raters_left_for_half_of_the_texts(contract: Contract, crowd: Any) -> None:
    few, many = crowd(10, 4), crowd(10, 8, seed=1)
    assert list(level(few, contract).report["levels"]) == ["1"]
    assert list(level(many, contract).report["levels"]) == ["1", "3", "5"]
    mixed = level([*few, *many], contract).report["levels"]
    assert list(mixed) == ["1", "3", "5"]
    assert [one["rows"] for one in mixed.values()] == [20, 10, 10]


def test_labels_that_ratings_do_not_say_are_counted(contract: Contract) -> None:
    ratings = [[2.0, 2.0], [-2.0, -2.0]]
    found = human_level(ratings, np.array([2, 1]), ["a", "b"], contract, seed=1, samples=50)
    assert found.report["label_agreement"] == 0.5


def test_the_majority_of_the_rest_is_another_reference(contract: Contract) -> None:
    # The mean of the rest is dragged to positive by one strong rating, their majority is not.
    ratings = [[0.0, 0.0, 0.0, 4.0]]
    assert level(ratings, contract).one_rater[0] == pytest.approx(0.0)
    assert level(ratings, contract, reference="majority").one_rater[0] == pytest.approx(3 / 4)


@pytest.mark.parametrize("ratings", [[None, None], [[1.0], None]])
def test_without_several_raters_there_is_a_reason(contract: Contract, ratings: list[Any]) -> None:
    found = level(ratings, contract)
    assert found.report == {"reason": "no text has ratings of more than one person"}
    assert np.isnan(found.one_rater).all()


def test_named_classes_have_no_scale(contract: Contract) -> None:
    values = {"neg": "negative", "neu": "neutral", "pos": "positive"}
    named = contract.model_copy(update={"label_rule": NamedClass(kind="named_class", values=values)})
    found = human_level([[1.0, 2.0]], np.array([0]), ["a"], named, seed=1, samples=10)
    assert "scale" in found.report["reason"]


def test_stars_are_judged_by_their_own_cuts() -> None:
    from pipeline_code.reviews.contract import read_contract

    stars = read_contract(Path(CONTRACTS) / "star-ratings.toml")
    found = level([[5.0, 4.0, 3.0], [1.0, 2.0, 2.0]], stars)
    # 5 | 3.5 neutral, wrong; 4 | 4 positive, right; 3 | 4.5 positive, wrong; the second text is all right.
    assert found.one_rater == pytest.approx([1 / 3, 1])


def test_few_texts_on_which_all_agree_tell_little_of_the_rest(contract: Contract) -> None:
    one = level([[2.0, 2.0, 2.0], [2.0, 2.0]], contract).report["levels"]["1"]["accuracy"]
    assert one == {"value": 1.0, "interval": [pytest.approx(0.025), 1.0]}
    many = level([[2.0, 2.0]] * 20, contract).report["levels"]["1"]["accuracy"]
    assert many["interval"] == [pytest.approx(0.025 ** (1 / 10)), 1.0]


def test_groups_that_hang_together_widen_the_interval(contract: Contract) -> None:
    ratings = [[2.0, 2.0, 2.0] if row // 10 % 2 else [2.0, 0.0, -2.0] for row in range(400)]
    labels = np.zeros(400, dtype=np.int64)
    widths = [
        np.diff(
            human_level(ratings, labels, groups, contract, seed=1, samples=500).report["levels"]["1"][
                "accuracy"
            ]["interval"]
        )[0]
        for groups in ([str(row // 10) for row in range(400)], [str(row) for row in range(400)])
    ]
    assert widths[0] > 2.5 * widths[1]
