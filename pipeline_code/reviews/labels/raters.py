"""How reliable each rater is, where it is known who said what, and a consensus that weighs them accordingly.

The model is Dawid and Skene's (1979) with one coin a rater: a rater finds a text's class with a
probability of their own, and otherwise names any other class. A beta prior keeps raters of few texts near
the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from pipeline_code.reviews.labels.ratings import RatedTexts, ScaleRule, class_ids, weighted_counts
from pipeline_code.reviews.metrics import Floats, Ints

PRIOR = (8.0, 1.5)  # right and wrong answers that every rater starts with: 0.84
ROUNDS = 30
FALSE_DISCOVERIES = 0.05
_SHOWN = 20


@dataclass(frozen=True)
class Consensus:
    """Probability of each class [texts, classes], and of finding the class, a rater [raters]."""

    probabilities: Floats
    accuracy: Floats


def one_coin(answers: Ints, texts: Ints, raters: Ints, *, classes: int) -> Consensus:
    """Dawid-Skene with one coin a rater, by expectation maximisation from the shares of the votes.

    Parameters
    ----------
    answers, texts, raters
        Class id, text (from 0) and rater (from 0) of each answer.
    """
    count = int(texts.max()) + 1
    cells = texts * classes + answers
    found = weighted_counts(cells, np.ones(len(cells)), count * classes).reshape(count, classes) + 1e-3
    found /= found.sum(axis=1, keepdims=True)
    given = np.bincount(raters)
    for _ in range(ROUNDS):
        hits = weighted_counts(raters, found[texts, answers], len(given))
        accuracy = (hits + PRIOR[0]) / (given + sum(PRIOR))
        weights = np.log(accuracy * (classes - 1) / (1 - accuracy))[raters]
        scores = weighted_counts(cells, weights, count * classes).reshape(count, classes)
        scores += np.log(found.mean(axis=0))
        scores -= scores.max(axis=1, keepdims=True)
        found = np.exp(scores)
        found /= found.sum(axis=1, keepdims=True)
    return Consensus(found, accuracy)


def rater_report(
    rated: RatedTexts, raters: Sequence[Sequence[str] | None], rule: ScaleRule
) -> dict[str, Any] | None:
    """Every rater against the others; None where nobody is named.

    `suspect` is a rater who agrees with the others less often than the texts' other raters do, beyond
    chance, at a false discovery rate of 5 % over all raters (Benjamini and Hochberg 1995).

    Parameters
    ----------
    rated
        Texts with two ratings or more each.
    raters
        Names in the order of the ratings, a row of the data (`rated.rows` says which); None where unknown.
    """
    known = [bool(raters[row]) for row in rated.rows]
    if not any(known):
        return None
    rated = rated.select(np.array(known))
    names, who = np.unique([name for row in rated.rows for name in raters[row] or ()], return_inverse=True)
    answers, text = class_ids(rule, rated.values), rated.text_of
    others = (rated.summed(rated.values)[text] - rated.values) / (rated.counts[text] - 1)
    agrees = (answers == class_ids(rule, others)).astype(float)
    given = np.bincount(who, minlength=len(names))
    share = weighted_counts(who, agrees, len(names)) / given
    consensus = one_coin(answers, text, who, classes=len(rule.cuts) + 1)
    suspect = _suspect(rated, agrees, who, len(names))
    bias = weighted_counts(who, rated.values - others, len(names)) / given
    order = np.lexsort((share, ~suspect))[:_SHOWN]
    return {
        "raters": len(names),
        "texts": len(rated),
        "ratings_per_rater": {"min": int(given.min()), "median": float(np.median(given))},
        "agreement": {
            "mean": float(share.mean()),
            "deviation": float(share.std()),
            "quantiles": dict(
                zip(("5 %", "50 %", "95 %"), np.quantile(share, [0.05, 0.5, 0.95]).tolist(), strict=True)
            ),
        },
        "suspect": int(suspect.sum()),
        "consensus_differs_from_mean": float(
            (consensus.probabilities.argmax(axis=1) != class_ids(rule, rated.means)).mean()
        ),
        "weakest": [
            {
                "rater": str(names[rater]),
                "ratings": int(given[rater]),
                "agreement": float(share[rater]),
                "accuracy": float(consensus.accuracy[rater]),
                "bias": float(bias[rater]),
                "suspect": bool(suspect[rater]),
            }
            for rater in order
        ],
    }


def _suspect(
    rated: RatedTexts, agrees: Floats, who: Ints, raters: int
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    text = rated.text_of
    expected = (rated.summed(agrees)[text] - agrees) / (rated.counts[text] - 1)  # of the text's other raters
    excess = weighted_counts(who, expected - agrees, raters)
    variance = weighted_counts(who, expected * (1 - expected), raters)
    p_values = norm.sf(excess / np.sqrt(np.maximum(variance, 1e-9)))
    order = np.argsort(p_values)
    below = np.flatnonzero(p_values[order] <= FALSE_DISCOVERIES * (np.arange(raters) + 1) / raters)
    found = np.zeros(raters, dtype=bool)
    if len(below):
        found[order[: below[-1] + 1]] = True
    return found
