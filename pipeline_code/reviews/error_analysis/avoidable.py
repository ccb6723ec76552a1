"""Avoidable error apart from ambiguity: how good the model is where people agree, and where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.error_analysis.tags import Flags
from pipeline_code.reviews.labels.ambiguity import AGREEMENT_EDGES
from pipeline_code.reviews.labels.ratings import modal_share
from pipeline_code.reviews.metrics import Floats


def avoidable(
    ratings: Sequence[Sequence[float] | None], wrong: Flags, human: Floats, contract: Contract
) -> list[dict[str, Any]]:
    """Accuracy of model and one person by how far people agree.

    Parameters
    ----------
    ratings
        What people said of each row; None where nobody did. Rows with one rating are in no band.
    wrong
        Whether the model errs [rows].
    human
        Probability that one person is right [rows].

    Returns
    -------
    {"band", "rows", "share", "errors", "accuracy", "human"} a band that has rows, the least agreed first.
    `share` is of all rows. Empty without ratings.
    """
    agreed = np.array([modal_share(row, contract) for row in ratings], dtype=float)
    bands = [
        (f"{100 * low:.0f} to {100 * high:.0f} % agree", (agreed >= low) & (agreed < high))
        for low, high in pairwise(AGREEMENT_EDGES)
    ]
    bands.append(("all agree", agreed >= 1))
    return [_band(name, inside, wrong, human) for name, inside in bands if inside.any()]


def _band(name: str, inside: Flags, wrong: Flags, human: Floats) -> dict[str, Any]:
    people = human[inside]
    return {
        "band": name,
        "rows": int(inside.sum()),
        "share": float(inside.mean()),
        "errors": int(wrong[inside].sum()),
        "accuracy": float(1 - wrong[inside].mean()),
        "human": float(np.nanmean(people)) if np.isfinite(people).any() else None,
    }
