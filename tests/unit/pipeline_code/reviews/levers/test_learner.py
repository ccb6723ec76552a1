"""The quick learner equals scikit-learn, and a weight means so many texts."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from pipeline_code.reviews.levers.learner import TfidfLearner
from tests.unit.pipeline_code.reviews.levers.world import rows

TRAIN, ASKED = rows(300, wrong=0.2), rows(60, seed=2)


def learnt(texts: list[str], labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return TfidfLearner(3).fit_predict(texts, labels, weights, ASKED.texts)


def test_it_equals_the_pipeline_of_scikit_learn() -> None:
    vectors = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"(?u)\b\w+\b|[!?:;()]+"
    )
    model = LogisticRegression(C=4.0, max_iter=2000).fit(vectors.fit_transform(TRAIN.texts), TRAIN.label_ids)
    wanted = model.predict_proba(vectors.transform(ASKED.texts))
    assert learnt(TRAIN.texts, TRAIN.label_ids, np.ones(300)) == pytest.approx(wanted, abs=1e-4)


def test_a_text_in_two_parts_is_the_text() -> None:
    whole = learnt(TRAIN.texts, TRAIN.label_ids, np.ones(300))
    parts = learnt(TRAIN.texts * 2, np.tile(TRAIN.label_ids, 2), np.repeat([0.7, 0.3], 300))
    assert parts == pytest.approx(whole, abs=1e-3)


def test_a_text_of_weight_zero_is_not_there() -> None:
    weights = (np.arange(300) < 200).astype(float)
    alone = learnt(TRAIN.texts[:200], TRAIN.label_ids[:200], np.ones(200))
    assert np.array_equal(learnt(TRAIN.texts, TRAIN.label_ids, weights), alone)
    assert not np.allclose(learnt(TRAIN.texts, TRAIN.label_ids, np.ones(300)), alone, atol=1e-3)


def test_earlier_calls_leave_nothing_behind() -> None:
    learner = TfidfLearner(3)
    learner.fit_predict(ASKED.texts, ASKED.label_ids, np.ones(60), TRAIN.texts)
    again = learner.fit_predict(TRAIN.texts, TRAIN.label_ids, np.ones(300), ASKED.texts)
    assert again == pytest.approx(learnt(TRAIN.texts, TRAIN.label_ids, np.ones(300)), abs=1e-4)


@pytest.mark.parametrize("labels", [np.full(300, 2), np.array([0, 2] * 150)])
def test_a_class_that_is_not_there_is_never_the_answer(labels: np.ndarray) -> None:
    found = learnt(TRAIN.texts, labels, np.ones(300))
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found[:, 1] == 0).all()
