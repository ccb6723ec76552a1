"""Simple models: the commonest class, and TF-IDF with logistic regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from pipeline_code.reviews.dataset import DatasetError, FeatureSet, first_rows
from pipeline_code.reviews.metrics import Floats, Ints

STRENGTHS = (1.0, 4.0, 16.0)
_WORD = r"\b\w+\b"
_FOLDS = 3
_SEARCH_ROWS = 20_000


def majority(train: FeatureSet, test: FeatureSet) -> tuple[Ints, dict[str, Any]]:
    """Predict the commonest class of train everywhere."""
    label = int(np.bincount(train.label_ids).argmax())
    return np.full(len(test), label, dtype=np.int64), {"class_id": label}


def tfidf(train: FeatureSet, test: FeatureSet, seed: int) -> tuple[Ints, dict[str, Any]]:
    """TF-IDF of words and word pairs with logistic regression, fitted on train alone.

    Words of one letter count, and classes weigh the same however rare they are: both raise macro-F1, by
    which the gate compares. The inverse regularisation C is the best of STRENGTHS by macro-F1 in a
    cross-validation over groups of train; where that cannot be made the middle one is taken.
    """
    if len(np.unique(train.label_ids)) < 2:
        raise DatasetError("all rows of train are of one class: give train a larger share, or more sources")
    with threadpool_limits(1):  # sparse algebra gains nothing from more, and Train runs beside it
        strength, searched = _choose_strength(train, seed)
        model = _pipeline(strength, seed)
        model.fit(train.texts, train.label_ids)
        predicted: Ints = np.asarray(model.predict(test.texts), dtype=np.int64)
    facts = {
        "ngrams": [1, 2],
        "class_weight": "balanced",
        "C": strength,
        "cross_validation_macro_f1": searched,
    }
    return predicted, facts


def held_out_probabilities(train: FeatureSet, others: list[FeatureSet], seed: int, classes: int) -> Floats:
    """What TF-IDF says of rows it did not learn from, as a second opinion on their labels.

    Rows of train get it from a cross-validation over groups, rows of the other splits from a model of train.

    Returns
    -------
    Probabilities [rows of train, then of others, classes]; evenly spread for train rows where train cannot
    be cross-validated.
    """
    even = np.full((len(train), classes), 1 / classes)
    with threadpool_limits(1):
        model = _pipeline(STRENGTHS[len(STRENGTHS) // 2], seed)
        model.fit(train.texts, train.label_ids)
        rest = [_spread(model.predict_proba(other.texts), model.classes_, classes) for other in others]
        folds = _folds(train.label_ids, train.group_ids)
        if not folds:
            return np.vstack([even, *rest])
        own = cross_val_predict(model, train.texts, train.label_ids, cv=folds, method="predict_proba")
    return np.vstack([_spread(own, model.classes_, classes), *rest])


def _spread(found: Any, known: Any, classes: int) -> Floats:
    """Probabilities [rows, classes] with zeros for classes that train does not have."""
    spread = np.zeros((len(found), classes))
    spread[:, np.asarray(known, dtype=int)] = found
    return spread


def _choose_strength(train: FeatureSet, seed: int) -> tuple[float, dict[str, float]]:
    rows = first_rows(train, _SEARCH_ROWS)
    texts, labels = [train.texts[row] for row in rows], train.label_ids[rows]
    folds = _folds(labels, [train.group_ids[row] for row in rows])
    if not folds:
        return STRENGTHS[len(STRENGTHS) // 2], {}
    searched = {}
    for strength in STRENGTHS:
        found = cross_val_score(_pipeline(strength, seed), texts, labels, cv=folds, scoring="f1_macro")
        searched[f"{strength:g}"] = float(found.mean())
    return max(STRENGTHS, key=lambda strength: searched[f"{strength:g}"]), searched


def _folds(labels: Ints, groups: list[str]) -> list[tuple[Ints, Ints]]:
    """Rows to learn from and to predict, a fold; none with too few groups or where one class would remain."""
    if len(set(groups)) < _FOLDS:
        return []
    found = list(GroupKFold(_FOLDS).split(labels, groups=groups))
    return found if all(len(np.unique(labels[rows])) > 1 for rows, _ in found) else []


def _pipeline(strength: float, seed: int) -> Pipeline:
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=_WORD, sublinear_tf=True, dtype=np.float32),
        LogisticRegression(C=strength, class_weight="balanced", max_iter=1000, random_state=seed),
    )
