"""Krippendorff's alpha from value counts, and what else says how far people agree on a text.

Source: K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011). alpha = 1 - observed / expected
disagreement: 1 is full agreement, 0 what chance gives. Texts may have different numbers of ratings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from pipeline_code.reviews.labels.human_level import PANELS
from pipeline_code.reviews.labels.intervals import Resampling, Statistic
from pipeline_code.reviews.labels.ratings import RatedTexts, ScaleRule, class_ids
from pipeline_code.reviews.metrics import Floats, Ints

Level = Literal["nominal", "ordinal", "interval"]
_KINDS = 21  # different ratings beyond which their ordinal alpha is left out: its table is their square


def alpha(counts: Ints, domain: Sequence[float], level: Level) -> float:
    """Krippendorff's alpha; nan where nothing varies or nothing can be compared.

    Parameters
    ----------
    counts
        How often each value was given to each text [texts, values].
    domain
        The values in rising order; "interval" measures by them, "ordinal" by their order.
    """
    pairs = coincidences(counts).sum(axis=0, keepdims=True)
    return float(alpha_of(pairs, np.asarray(domain, dtype=float), level)[0])


def coincidences(counts: Ints) -> Floats:
    """What each text adds to the coincidence matrix [texts, values, values]; nothing if rated once."""
    total = counts.sum(axis=1)
    pairs = (counts[:, :, None] * counts[:, None, :]).astype(np.float64)
    same = np.arange(counts.shape[1])
    pairs[:, same, same] -= counts
    weights = np.divide(1, total - 1, out=np.zeros(len(total)), where=total > 1)
    weighted: Floats = pairs * weights[:, None, None]
    return weighted


def alpha_of(pairs: Floats, domain: Floats, level: Level) -> Floats:
    """Alpha of coincidence matrices [..., values, values]."""
    margins = pairs.sum(axis=-1)
    total = margins.sum(axis=-1)
    distances = _distances(margins, domain, level)
    observed = (pairs * distances).sum(axis=(-2, -1))
    expected = (margins[..., :, None] * margins[..., None, :] * distances).sum(axis=(-2, -1))
    return _alpha(observed, expected / np.maximum(total - 1, 1))


def _distances(margins: Floats, domain: Floats, level: Level) -> Floats:
    """Squared distances between values [..., values, values]."""
    if level == "nominal":
        return 1 - np.eye(len(domain))
    places = domain if level == "interval" else np.cumsum(margins, axis=-1) - margins / 2  # mid-ranks
    squared: Floats = (places[..., :, None] - places[..., None, :]) ** 2
    return squared


def interval_parts(rated: RatedTexts) -> Floats:
    """What each text adds to the sums that the interval alpha of raw ratings follows from [texts, 4].

    Ratings, their sum, the sum of their squares (about the mean of all), and twice their squared deviations
    within the text by ratings less one: the coincidence matrix of any number of values in four numbers.
    """
    centred = rated.values - (rated.values.mean() if len(rated.values) else 0.0)
    within = 2 * rated.counts * rated.spread / np.maximum(rated.counts - 1, 1)
    parts = (rated.counts.astype(float), rated.summed(centred), rated.summed(centred**2), within)
    return np.stack(parts, axis=1) * (rated.counts > 1)[:, None]


def interval_alpha(parts: Floats) -> Floats:
    """Interval alpha from sums of `interval_parts` [..., 4]."""
    total, sums, squares, observed = np.moveaxis(parts, -1, 0)
    around = squares - np.divide(sums**2, total, out=np.zeros_like(sums), where=total > 0)
    return _alpha(observed, 2 * total * around / np.maximum(total - 1, 1))


def _alpha(observed: Floats, expected: Floats) -> Floats:
    share = np.divide(observed, expected, out=np.full_like(expected, np.nan), where=expected > 1e-12)
    return 1 - share


def agreement(
    rated: RatedTexts, rule: ScaleRule, group_ids: Sequence[str], resampling: Resampling
) -> dict[str, Any]:
    """Alpha at every level with intervals, agreement of pairs, majority votes, and reliability.

    `reliability` is that of the mean of k ratings by Spearman and Brown from the interval alpha.

    Parameters
    ----------
    rated
        Texts with two ratings or more each.
    group_ids
        Group of each of these texts.
    """
    votes = rated.votes(rule)
    found = _alphas(rated, votes, group_ids, resampling)
    interval = found["interval"]["value"]
    size = rated.counts
    pairs = (votes * (votes - 1)).sum(axis=1) / (size * (size - 1))
    commonest = votes == votes.max(axis=1, keepdims=True)
    return {
        "alpha": found,
        "pairwise": float(pairs.mean()),
        "majority_is_mean": float((votes.argmax(axis=1) == class_ids(rule, rated.means)).mean()),
        "majority_ties": float((commonest.sum(axis=1) > 1).mean()),
        "reliability": {
            str(k): k * interval / (1 + (k - 1) * interval) for k in PANELS if interval is not None
        },
    }


def _alphas(
    rated: RatedTexts, votes: Ints, group_ids: Sequence[str], resampling: Resampling
) -> dict[str, Any]:
    classes = coincidences(votes)
    ids = np.arange(votes.shape[1], dtype=float)
    sums: dict[str, tuple[Floats, Statistic]] = {
        "interval": (interval_parts(rated), interval_alpha),
        "nominal": (classes, partial(alpha_of, domain=ids, level="nominal")),
        "ordinal": (classes, partial(alpha_of, domain=ids, level="ordinal")),
    }
    kinds, place = np.unique(rated.values, return_inverse=True)
    if len(kinds) <= _KINDS:
        flat = np.bincount(rated.text_of * len(kinds) + place, minlength=len(rated) * len(kinds))
        raw = coincidences(flat.reshape(len(rated), len(kinds)))
        sums["ordinal_ratings"] = (raw, partial(alpha_of, domain=kinds, level="ordinal"))
    parts, statistics = zip(*sums.values(), strict=True)
    return dict(zip(sums, resampling.figures(group_ids, parts, statistics), strict=True))
