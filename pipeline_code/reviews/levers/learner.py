"""What learns in an experiment: one small interface, and the quick learner behind it."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from pipeline_code.reviews.metrics import Floats, Ints

_ROUNDING = 1e-6
_TOKEN = re.compile(r"\b\w+\b|[!?:;()]+")


class Learner(Protocol):
    """Learns from weighted texts and answers for others; it keeps nothing of one call for the next."""

    name: str

    def fit_predict(
        self, train: Sequence[str], labels: Ints, weights: Floats, evaluated: Sequence[str], *, seed: int = 0
    ) -> Floats:
        """Train on `train` and return the probabilities [evaluated, classes].

        Parameters
        ----------
        labels, weights
            Class id and weight of each training text; a text of weight 0 is left out.
        seed
            Decides what chance decides in the training.
        """
        ...

    def facts(self) -> dict[str, Any]:
        """Name and settings, for the record of an experiment."""
        ...


class TfidfLearner:
    """TF-IDF of words, word pairs and marks with logistic regression: trains in a second.

    Equals scikit-learn's TfidfVectorizer (sublinear counts, words in fewer than `min_rows` training texts
    left out) before LogisticRegression, but a text of weight w counts as w texts where texts are counted,
    too: a text split into two of half its weight changes nothing. The words of a text are split once and
    kept for the next call.
    """

    name = "tfidf"

    def __init__(self, classes: int, *, strength: float = 4.0, min_rows: int = 2) -> None:
        self._classes, self._strength, self._min_rows = classes, strength, min_rows
        self._vocabulary: dict[str, int] = {}
        self._known: dict[str, tuple[Ints, Floats]] = {}

    def facts(self) -> dict[str, Any]:
        """Name and settings."""
        return {"name": self.name, "ngrams": [1, 2], "C": self._strength, "min_rows": self._min_rows}

    def fit_predict(
        self, train: Sequence[str], labels: Ints, weights: Floats, evaluated: Sequence[str], *, seed: int = 0
    ) -> Floats:
        """See `Learner`; nothing here is left to chance, so `seed` changes nothing."""
        kept = np.flatnonzero(weights > 0)
        labels, weights = labels[kept], weights[kept]
        found = np.unique(labels)
        probabilities = np.zeros((len(evaluated), self._classes))
        if len(found) < 2:  # nothing to tell apart
            probabilities[:, found] = 1.0
            return probabilities
        known, asked = self._matrices([train[row] for row in kept.tolist()], weights, evaluated)
        model = LogisticRegression(C=self._strength, max_iter=2000)
        with threadpool_limits(1):
            model.fit(known, labels, sample_weight=weights)
            probabilities[:, model.classes_] = model.predict_proba(asked)
        return probabilities

    def _matrices(
        self, train: Sequence[str], weights: Floats, evaluated: Sequence[str]
    ) -> tuple[csr_matrix, csr_matrix]:
        """Both as TF-IDF, by the words of `train`."""
        known, asked = self._counts(train), self._counts(evaluated)
        entries = np.repeat(weights, np.diff(known.indptr))
        rows = np.bincount(known.indices, entries, minlength=len(self._vocabulary))
        columns = np.flatnonzero(rows >= self._min_rows - _ROUNDING)
        # idf = ln((1 + n) / (1 + df)) + 1, as scikit-learn smooths it
        idf = np.log((1 + weights.sum()) / (1 + rows[columns])) + 1
        return _weighted(known[:, columns], idf), _weighted(asked[:, columns], idf)

    def _counts(self, texts: Sequence[str]) -> csr_matrix:
        found = [self._words(text) for text in texts]
        lengths = [len(ids) for ids, _ in found]
        starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        ids = np.concatenate([ids for ids, _ in found]) if found else np.zeros(0, np.int64)
        counts = np.concatenate([counts for _, counts in found]) if found else np.zeros(0)
        return csr_matrix((counts, ids, starts), shape=(len(texts), len(self._vocabulary)))

    def _words(self, text: str) -> tuple[Ints, Floats]:
        """Ids of the words and pairs of a text, and how often each occurs."""
        if text not in self._known:
            words = _TOKEN.findall(text.lower())
            pairs = (f"{first} {second}" for first, second in itertools.pairwise(words))
            counts = Counter([*words, *pairs])
            ids = [self._vocabulary.setdefault(word, len(self._vocabulary)) for word in counts]
            self._known[text] = np.array(ids, np.int64), np.array(list(counts.values()), float)
        return self._known[text]


def _weighted(counts: csr_matrix, idf: Floats) -> csr_matrix:
    """Sublinear counts times idf, every row of length 1."""
    values = counts.astype(float)
    values.data = (1 + np.log(values.data)) * idf[values.indices]
    norms = np.sqrt(np.asarray(values.multiply(values).sum(axis=1)).ravel())
    values.data /= np.repeat(np.where(norms > 0, norms, 1.0), np.diff(values.indptr))
    return values
