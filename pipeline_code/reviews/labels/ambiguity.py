"""Texts that people do not agree on: no label is right for them, and a model's "error" there is none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from pipeline_code.reviews.labels.ratings import RatedTexts, ScaleRule
from pipeline_code.reviews.metrics import Floats

Flags = np.ndarray[Any, np.dtype[np.bool_]]
_WIDTH = 1.96  # standard errors: 95 % of a normal distribution
AGREEMENT_EDGES = (
    0.0,
    0.55,
    0.70,
    0.85,
    1.0,
)  # bands of the commonest class's share; a band of its own for all


def near_a_cut(rated: RatedTexts, rule: ScaleRule) -> Flags:
    """Texts whose mean rating lies within 1.96 standard errors of a cut: other raters may decide otherwise.

    A text rated once is given the variance within all other texts.
    """
    variance = np.where(
        rated.counts > 1, rated.spread / np.maximum(rated.counts - 1, 1), rated.pooled_variance
    )
    distance = np.abs(rated.means[:, None] - np.array(rule.cuts)).min(axis=1)
    near: Flags = distance < _WIDTH * np.sqrt(variance / rated.counts)
    return near


def modal_share(rated: RatedTexts, rule: ScaleRule) -> Floats:
    """Share of the commonest class among the ratings of each text."""
    shares: Floats = rated.votes(rule).max(axis=1) / rated.counts
    return shares


def ambiguity(rated: RatedTexts, rule: ScaleRule, one_rater: Floats, correct: Flags | None) -> dict[str, Any]:
    """Shares of ambiguous, unanimous and split texts, and human (and model) accuracy by band of agreement.

    Parameters
    ----------
    rated
        Texts with two ratings or more each.
    one_rater
        Probability that one rater agrees with the others, a text.
    correct
        Whether a model agrees with the label, a text; None without a model.
    """
    votes, modal = rated.votes(rule), modal_share(rated, rule)
    return {
        "ambiguous_share": float(near_a_cut(rated, rule).mean()),
        "unanimous_share": float((modal == 1).mean()),
        "no_majority_share": float((modal <= 0.5).mean()),
        "opposed_share": float(((votes[:, 0] > 0) & (votes[:, -1] > 0)).mean()),
        "bands": [_band(name, inside, one_rater, correct) for name, inside in _bands(modal) if inside.any()],
    }


def _bands(modal: Floats) -> list[tuple[str, Flags]]:
    bands = [
        (f"{low:.0%} to {high:.0%} agree" if low else f"fewer than {high:.0%} agree", low, high)
        for low, high in pairwise(AGREEMENT_EDGES)
    ]
    found = [(name, (modal >= low) & (modal < high)) for name, low, high in bands]
    return [*found, ("all agree", modal == 1)]


def _band(name: str, inside: Flags, one_rater: Floats, correct: Flags | None) -> dict[str, Any]:
    return {
        "band": name,
        "rows": int(inside.sum()),
        "share": float(inside.mean()),
        "human": float(one_rater[inside].mean()),
        "model": None if correct is None else float(correct[inside].mean()),
    }
