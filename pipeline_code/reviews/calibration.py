"""How far probabilities can be trusted: expected calibration error, Brier score, reliability bins.

Every function takes optional row weights; those with weights [..., rows] answer [...], so that one call
scores all replicates of a bootstrap.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline_code.reviews.metrics import Bools, Floats, Ints

BINS = 10


def confidence_of(probabilities: Floats, true: Ints) -> tuple[Floats, Floats]:
    """Probability of the most probable class, and 1.0 where that class is the true one."""
    best = probabilities.argmax(axis=1)
    return probabilities.max(axis=1), (best == true).astype(float)


def calibration_error(
    confidence: Floats, correct: Floats | Bools, weights: Floats | None = None, bins: int = BINS
) -> Any:
    """Expected calibration error (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017, eq. 3).

    The mean |accuracy - confidence| over equal-width bins of confidence, weighted by rows.

    Parameters
    ----------
    confidence
        Probability of the predicted class [rows].
    correct
        1 where the prediction is right [rows].
    weights
        Row weights [..., rows]; none are ones.

    Returns
    -------
    A float, or an array [...] for weights of more than one dimension; 0 without rows.
    """
    weights = np.ones(len(confidence)) if weights is None else np.asarray(weights, dtype=float)
    place = _bin_of(confidence, bins)
    gap = np.asarray(correct, dtype=float) - confidence
    member = place[:, None] == np.arange(bins)
    gaps = np.abs(weights @ (member * gap[:, None])).sum(axis=-1)
    total = weights.sum(axis=-1)
    found = np.divide(gaps, total, out=np.zeros_like(total), where=total > 0)
    return float(found) if found.ndim == 0 else found


def brier_rows(probabilities: Floats, true: Ints) -> Floats:
    """Squared distance of each row's probabilities [rows, classes] from its true class [rows]; 0 to 2."""
    found: Floats = np.square(probabilities - np.eye(probabilities.shape[1])[true]).sum(axis=1)
    return found


def brier_score(probabilities: Floats, true: Ints, weights: Floats | None = None) -> float:
    """Multi-class Brier score (Brier 1950): mean of `brier_rows`, 0 is perfect and 2 the worst."""
    return float(np.average(brier_rows(probabilities, true), weights=weights))


def reliability_bins(
    confidence: Floats, correct: Floats | Bools, weights: Floats | None = None, bins: int = BINS
) -> list[dict[str, Any]]:
    """What a reliability plot draws: each bin that has rows, with its mean confidence and accuracy.

    Returns
    -------
    One {"low", "high", "count", "confidence", "accuracy"} a bin, `count` being rows (or their weight).
    """
    weights = np.ones(len(confidence)) if weights is None else np.asarray(weights, dtype=float)
    place = _bin_of(confidence, bins)
    counts, sums, hits = (
        np.bincount(place, weights=weights * part, minlength=bins)
        for part in (np.ones(len(confidence)), confidence, np.asarray(correct, dtype=float))
    )
    return [
        {
            "low": number / bins,
            "high": (number + 1) / bins,
            "count": int(counts[number]) if float(counts[number]).is_integer() else float(counts[number]),
            "confidence": float(sums[number] / counts[number]),
            "accuracy": float(hits[number] / counts[number]),
        }
        for number in np.flatnonzero(counts > 0).tolist()
    ]


def _bin_of(confidence: Floats, bins: int) -> Ints:
    return np.minimum((np.asarray(confidence) * bins).astype(np.int64), bins - 1)
