"""The label-definition sweep: how class shares and human level move when the cuts do, without any model."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline_code.reviews.labels.human_level import expected_scores, levels
from pipeline_code.reviews.labels.ratings import RatedTexts, ScaleRule, class_ids

FACTORS = (0.5, 1.0, 2.0)
_SHIFTS = (-0.1, 0.0, 0.1)  # by parts of the scale


def moved_cuts(rule: ScaleRule) -> list[list[float]]:
    """The contract's cuts, and others: half and twice as far from their middle, so -0.5 and 0.5 become
    -0.25 and 0.25, -1 and 1. A single cut is moved by a tenth of the scale. Cuts that leave it are dropped.
    """
    middle, width = (rule.cuts[0] + rule.cuts[-1]) / 2, rule.rating_max - rule.rating_min
    if len(rule.cuts) == 1:
        found = [[middle + shift * width] for shift in _SHIFTS if shift]
    else:
        found = [[middle + factor * (cut - middle) for cut in rule.cuts] for factor in FACTORS if factor != 1]
    found = [found[0], list(rule.cuts), found[1]]
    return [cuts for cuts in found if rule.rating_min < cuts[0] and cuts[-1] < rule.rating_max]


def definition_sweep(
    rated: RatedTexts, rule: ScaleRule, class_names: list[str], *, seed: int
) -> list[dict[str, Any]]:
    """Class shares and HLP(k) under moved cuts; both the panel and the remaining raters are cut anew.

    Parameters
    ----------
    rated
        Texts with two ratings or more each.
    """
    sizes = levels(rated)
    found = []
    for cuts in moved_cuts(rule):
        moved = rule.model_copy(update={"cuts": cuts})
        counts = np.bincount(class_ids(moved, rated.means), minlength=len(class_names))
        found.append(
            {
                "cuts": cuts,
                "in_use": cuts == rule.cuts,
                "shares": dict(zip(class_names, (counts / len(rated)).tolist(), strict=True)),
                "levels": {
                    str(size): _named(expected_scores(rated, size, moved, seed=seed), class_names)
                    for size in sizes
                },
            }
        )
    return found


def _named(scores: dict[str, Any], class_names: list[str]) -> dict[str, Any]:
    return {**scores, "recall": dict(zip(class_names, scores["recall"], strict=True))}
