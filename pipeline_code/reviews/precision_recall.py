"""Precision and recall of one class over all thresholds, and the area under their curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline_code.reviews.metrics import Bools, Floats


def average_precision(positive: Bools, scores: Floats, weights: Floats | None = None) -> Any:
    """Area under the precision-recall curve, by steps: sum of (recall_n - recall_n-1) * precision_n.

    The definition of scikit-learn's `average_precision_score`: no interpolation, which flatters (Davis and
    Goadrich 2006). Rows of equal score enter together.

    Parameters
    ----------
    positive
        True for rows of the class [rows].
    scores
        The higher, the more the row is thought to be of the class [rows].
    weights
        Row weights [..., rows]; none are ones.

    Returns
    -------
    A float, or an array [...] for weights of more than one dimension; NaN where no row is positive.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.diff(scores[order]) != 0, True)  # the last row of each run of equal scores
    ones = np.ones(len(scores)) if weights is None else np.asarray(weights, dtype=float)
    ordered = ones[..., order]
    taken = np.cumsum(ordered, axis=-1)[..., ends]
    hits = np.cumsum(ordered * positive[order], axis=-1)[..., ends]
    precision = np.divide(hits, taken, out=np.zeros_like(hits), where=taken > 0)
    gained = np.diff(hits, axis=-1, prepend=0.0)
    total = hits[..., -1]
    found = np.divide(
        (gained * precision).sum(axis=-1), total, out=np.full_like(total, np.nan), where=total > 0
    )
    return float(found) if found.ndim == 0 else found
