"""Which labels to look at again: a queue in the order of what a look is expected to put right.

The probability that a label is wrong combines two witnesses. The ratings: the true mean is normal about
their mean, and its variance counts the variance within all texts as one more rating. The model: its
out-of-fold probabilities by the class shares, to the power of TRUST, since what misleads raters misleads a
model too. A small part of the texts (SLIPS) got ratings that have nothing to do with them.

What is put right depends on the look. Texts near a cut need more ratings: their gain is the probability
that the label is right after EXTRA more of them, less that it is right now (the expected value of sample
information). Where the ratings are clear but the model contradicts, a person should check that they belong
to the text: the gain is the probability of a slip that made the label wrong, times the human level of one
rater. A label without ratings may be wrong for any reason, and the gain counts them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from pipeline_code.reviews.labels.ratings import RatedTexts, ScaleRule, class_ids
from pipeline_code.reviews.metrics import Floats, Ints

Action = Literal["more ratings", "second look"]
EXTRA = 5
SLIPS = 0.01
TRUST = 0.3  # of 0, 0.15, 0.3, 0.5 and 1 the best log loss for the rest's class on three collections
NOISE = 0.05  # share of wrong labels that is assumed where a text has a label but no ratings
_NODES = 64
_FLOOR = 1e-3


@dataclass(frozen=True)
class Doubt:
    """Per row of the data: probability of each class [rows, classes], of a wrong label [rows], and of a label
    that a second look would find wrong [rows]: through a slip, or for any reason where there are no ratings.
    """

    classes: Floats
    wrong: Floats
    blunder: Floats


def doubt(
    rated: RatedTexts, label_ids: Ints, rule: ScaleRule | None, probabilities: Floats | None, classes: int
) -> Doubt:
    """How probable each class is, from ratings and from the model's out-of-fold probabilities.

    Parameters
    ----------
    label_ids
        Labels of all rows of the data.
    probabilities
        Of each class [rows, classes]; None without a model.
    """
    shares, labelled = class_shares(label_ids, classes), np.eye(classes, dtype=bool)[label_ids]
    found = np.where(labelled, 1 - NOISE, NOISE / (classes - 1))
    slipped = found.copy()
    if rule is not None and len(rated):
        slipped[rated.rows] = SLIPS * shares
        found[rated.rows] = (1 - SLIPS) * _between_cuts(rule, *_belief(rated)) + slipped[rated.rows]
    weight = weights(probabilities, shares, len(label_ids))
    total = (found * weight).sum(axis=1, keepdims=True)
    found, slipped = found * weight / total, slipped * weight / total
    wrong = 1 - (found * labelled).sum(axis=1)
    return Doubt(found, wrong, (slipped * ~labelled).sum(axis=1))


def gain_of_ratings(
    rated: RatedTexts, label_ids: Ints, rule: ScaleRule, probabilities: Floats | None
) -> Floats:
    """Probability of a right label after EXTRA more ratings, less that of a right label now [texts].

    It may be negative where the model contradicts what more ratings would probably say again.
    """
    classes = len(rule.cuts) + 1
    shares, labels = class_shares(label_ids, classes), label_ids[rated.rows]
    weight = weights(probabilities, shares, len(label_ids))[rated.rows]
    centre, error = _belief(rated)
    now = _between_cuts(rule, centre, error) * weight
    slipped = SLIPS * shares * weight
    total = ((1 - SLIPS) * now + slipped).sum(axis=1)
    texts = np.arange(len(rated))
    # The mean after EXTRA more ratings, as it is expected now, and the error that it will have then.
    share = EXTRA / (rated.counts + EXTRA)
    later_error = error * np.sqrt(1 - share)
    after = np.zeros(len(rated))
    for node in (np.arange(_NODES) + 0.5) / _NODES:
        mean = centre + ndtri(node) * error * np.sqrt(share)
        decided = class_ids(rule, mean)
        after += (_between_cuts(rule, mean, later_error) * weight)[texts, decided] / _NODES
    gained: Floats = (1 - SLIPS) * (after - now[texts, labels]) / total
    return gained


def likeliest_other(found: Doubt, label_ids: Ints) -> Ints:
    """The most probable class but for the label's [rows]."""
    labelled = np.eye(found.classes.shape[1], dtype=bool)[label_ids]
    others: Ints = np.where(labelled, -1.0, found.classes).argmax(axis=1)
    return others


def class_shares(label_ids: Ints, classes: int) -> Floats:
    """Share of every class, none below a small floor [classes]."""
    shares = np.maximum(np.bincount(label_ids, minlength=classes) / max(len(label_ids), 1), _FLOOR)
    found: Floats = shares / shares.sum()
    return found


def weights(probabilities: Floats | None, shares: Floats, rows: int) -> Floats:
    """What the model says for each class beyond its share [rows, classes]; 1 each without a model."""
    if probabilities is None:
        return np.ones((rows, len(shares)))
    found: Floats = (np.maximum(probabilities, _FLOOR) / shares) ** TRUST
    return found


def _belief(rated: RatedTexts) -> tuple[Floats, Floats]:
    """Centre and standard error of the true mean of each text."""
    pooled = max(rated.pooled_variance, _FLOOR)
    return rated.means, np.sqrt((rated.spread + pooled) / rated.counts / rated.counts)


def _between_cuts(rule: ScaleRule, centre: Floats, error: Floats) -> Floats:
    """Probability of each class when the mean is normal [texts, classes]."""
    below = ndtr((np.array(rule.cuts) - centre[:, None]) / error[:, None])
    edges = np.hstack([np.zeros((len(centre), 1)), below, np.ones((len(centre), 1))])
    return np.diff(edges, axis=1)
