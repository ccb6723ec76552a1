"""What a look is expected to put right, against looks that are simulated."""

from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.labels import relabel
from pipeline_code.reviews.labels.ratings import RatedTexts, class_ids
from pipeline_code.reviews.labels.relabel import doubt, gain_of_ratings, likeliest_other


def population(texts: int = 4000, raters: int = 4) -> tuple[Any, Any, Any]:
    """True means all over the scale, some raters' ratings of them, and the generator."""
    generator = np.random.default_rng(11)
    true = generator.uniform(-3, 3, texts)
    return true, true[:, None] + generator.normal(0, 1.2, (texts, raters)), generator


def test_the_probability_of_a_wrong_label_is_how_often_it_is_wrong(contract: Contract) -> None:
    rule: Any = contract.label_rule
    true, given, _ = population()
    rated = RatedTexts.of(given.tolist())
    labels = class_ids(rule, rated.means)
    wrong = labels != class_ids(rule, true)
    found = doubt(rated, labels, rule, None, 3).wrong
    assert found.mean() == pytest.approx(wrong.mean(), abs=0.02)
    order = np.argsort(found)
    for part in np.array_split(order, 4):
        assert found[part].mean() == pytest.approx(wrong[part].mean(), abs=0.05)


def test_the_gain_of_ratings_is_what_more_ratings_put_right(contract: Contract) -> None:
    rule: Any = contract.label_rule
    true, given, generator = population()
    rated = RatedTexts.of(given.tolist())
    labels = class_ids(rule, rated.means)
    more = true[:, None] + generator.normal(0, 1.2, (len(true), relabel.EXTRA))
    later = class_ids(rule, np.hstack([given, more]).mean(axis=1))
    target = class_ids(rule, true)
    realised = (later == target).astype(float) - (labels == target)
    expected = gain_of_ratings(rated, labels, rule, None)
    assert expected.sum() == pytest.approx(realised.sum(), rel=0.25)
    best = np.argsort(-expected)[:800]
    assert realised[best].sum() > 0.5 * realised.sum()  # a fifth of the texts


def test_a_model_that_contradicts_raises_doubt(contract: Contract) -> None:
    rule: Any = contract.label_rule
    ratings = [[1.0, 2.0, 1.0]] * 2 + [[-2.0, -1.0, -3.0], [0.0, 1.0, 0.0]]
    labels = np.array([2, 2, 0, 1])
    model = np.array([[0.05, 0.05, 0.9], [0.9, 0.05, 0.05], [0.6, 0.2, 0.2], [0.3, 0.4, 0.3]])
    found = doubt(RatedTexts.of(ratings), labels, rule, model, 3)
    assert found.wrong[1] > 2 * found.wrong[0]
    assert found.blunder[1] > 2 * found.blunder[0]
    assert likeliest_other(found, labels)[1] != 2
    assert found.classes.sum(axis=1) == pytest.approx(np.ones(4))


def test_a_row_without_ratings_is_judged_by_the_model_alone(contract: Contract) -> None:
    rule: Any = contract.label_rule
    nothing = RatedTexts.of([None, None, None])
    labels = np.array([0, 0, 2])
    model = np.array([[0.9, 0.05, 0.05], [0.05, 0.05, 0.9], [0.1, 0.1, 0.8]])
    found = doubt(nothing, labels, rule, model, 3)
    assert found.wrong.argmax() == 1
    assert (found.blunder == pytest.approx(found.wrong)) is True
    assert doubt(nothing, labels, rule, None, 3).wrong == pytest.approx([relabel.NOISE] * 3)


def test_unanimous_ratings_leave_only_slips(contract: Contract) -> None:
    rule: Any = contract.label_rule
    rated = RatedTexts.of([[3.0] * 10, [-3.0] * 10, [0.0, 1.0] * 5])
    labels = np.array([2, 0, 1])
    found = doubt(rated, labels, rule, None, 3)
    assert found.wrong[:2] == pytest.approx(found.blunder[:2], rel=1e-6)
    assert found.wrong[0] < relabel.SLIPS < found.wrong[2]
