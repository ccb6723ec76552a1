from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.labels.raters import one_coin, rater_report
from pipeline_code.reviews.labels.ratings import RatedTexts


def panel(accuracies: list[float], texts: int = 200) -> tuple[Any, Any, Any, Any]:
    """True classes, and one answer of every rater to every text."""
    generator = np.random.default_rng(7)
    true = generator.integers(0, 3, texts)
    right = generator.random((len(accuracies), texts)) < np.array(accuracies)[:, None]
    answers = np.where(right, true, (true + generator.integers(1, 3, right.shape)) % 3)
    places = np.indices(answers.shape)
    return true, answers.ravel(), places[1].ravel(), places[0].ravel()


def test_raters_are_known_by_their_accuracy() -> None:
    accuracies = [0.95, 0.9, 0.8, 0.4]
    _, answers, texts, raters = panel(accuracies)
    found = one_coin(answers, texts, raters, classes=3)
    assert found.accuracy == pytest.approx(accuracies, abs=0.1)


def test_the_consensus_beats_the_majority_when_raters_differ() -> None:
    true, answers, texts, raters = panel([0.95, 0.45, 0.45, 0.45, 0.45])
    found = one_coin(answers, texts, raters, classes=3)
    votes = np.zeros((len(true), 3))
    np.add.at(votes, (texts, answers), 1)
    majority = (votes.argmax(axis=1) == true).mean()
    assert (found.probabilities.argmax(axis=1) == true).mean() > majority + 0.05
    assert found.probabilities.sum(axis=1) == pytest.approx(np.ones(len(true)))


def answers_of(crowd: Any, biased: bool) -> tuple[list[list[float]], list[list[str]]]:
    """Six raters of 120 texts; the last may call everything very good."""
    ratings = crowd(120, 6)
    if biased:
        ratings = [[*given[:-1], 4.0] for given in ratings]
    return ratings, [[f"r{number}" for number in range(6)]] * len(ratings)


def test_a_biased_rater_is_named_and_weighs_little(contract: Contract, crowd: Any) -> None:
    rule: Any = contract.label_rule
    ratings, raters = answers_of(crowd, biased=True)
    found = rater_report(RatedTexts.of(ratings), raters, rule)
    assert found is not None
    assert found["raters"] == 6
    weakest = found["weakest"][0]
    assert (weakest["rater"], weakest["suspect"], found["suspect"]) == ("r5", True, 1)
    assert weakest["accuracy"] < 0.7
    assert weakest["bias"] > 2
    assert min(one["accuracy"] for one in found["weakest"][1:]) > 0.7


def test_equal_raters_are_not_suspect(contract: Contract, crowd: Any) -> None:
    rule: Any = contract.label_rule
    ratings, raters = answers_of(crowd, biased=False)
    found = rater_report(RatedTexts.of(ratings), raters, rule)
    assert found is not None
    assert found["suspect"] == 0
    assert found["agreement"]["deviation"] < 0.05


def test_texts_without_named_raters_are_left_out(contract: Contract, crowd: Any) -> None:
    rule: Any = contract.label_rule
    ratings, raters = answers_of(crowd, biased=False)
    some: list[Any] = [None, *raters[1:]]
    found = rater_report(RatedTexts.of(ratings), some, rule)
    assert found is not None
    assert found["texts"] == 119
    assert found["ratings_per_rater"] == {"min": 119, "median": 119.0}
    assert rater_report(RatedTexts.of(ratings), [None] * 120, rule) is None
