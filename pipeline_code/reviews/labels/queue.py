"""The relabel queue: rows that deserve a look, what kind of look, and what it is expected to put right."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.labels.ambiguity import near_a_cut
from pipeline_code.reviews.labels.columns import LabelColumns
from pipeline_code.reviews.labels.human_level import HumanLevel
from pipeline_code.reviews.labels.issues import LabelIssues
from pipeline_code.reviews.labels.ratings import RatedTexts, class_ids, scale_of
from pipeline_code.reviews.labels.relabel import doubt, gain_of_ratings, likeliest_other
from pipeline_code.reviews.metrics import Floats


def relabel_queue(
    columns: LabelColumns,
    contract: Contract,
    probabilities: Floats | None,
    issues: LabelIssues | None,
    human: HumanLevel,
) -> list[dict[str, Any]]:
    """Rows to look at again, the largest expected gain first.

    Ambiguous texts are queued for more ratings, other labels that the model contradicts for a second look.
    A label that is not what its own ratings say was corrected by a person before, and is left alone.
    """
    rule, labels = scale_of(contract), columns.label_ids
    rated = RatedTexts.of(columns.ratings)
    if rule is None or not rated.pooled_variance:  # one rating a text says no more than its label does
        rated = rated.select(np.zeros(len(rated), dtype=bool))
    doubts = doubt(rated, labels, rule, probabilities, len(contract.classes))
    ambiguous, corrected = np.zeros((2, len(labels)), dtype=bool)
    more = np.zeros(len(labels))
    if rule is not None:
        ambiguous[rated.rows] = near_a_cut(rated, rule)
        corrected[rated.rows] = class_ids(rule, rated.means) != labels[rated.rows]
        more[rated.rows] = gain_of_ratings(rated, labels, rule, probabilities)
    flagged = np.zeros(len(labels), dtype=bool) if issues is None else issues.flagged
    gain = np.where(ambiguous, more, doubts.blunder * _one_rater(human))
    chosen = np.flatnonzero((ambiguous | flagged) & ~corrected & (gain > 0)).tolist()
    order = sorted(chosen, key=lambda row: (-gain[row], columns.review_ids[row]))
    counts = np.zeros(len(labels), dtype=np.int64)
    counts[rated.rows] = rated.counts
    others = likeliest_other(doubts, labels)
    names = contract.class_names
    return [
        {
            "review_id": columns.review_ids[row],
            "group_id": columns.group_ids[row],
            "text": columns.texts[row],
            "label": names[labels[row]],
            "action": "more ratings" if ambiguous[row] else "second look",
            "expected_gain": float(gain[row]),
            "probability_wrong": float(doubts.wrong[row]),
            "likeliest_other": names[others[row]],
            "ratings": int(counts[row]),
            "human": None if np.isnan(human.one_rater[row]) else float(human.one_rater[row]),
            "model": None if probabilities is None else float(probabilities[row, labels[row]]),
        }
        for row in order
    ]


def _one_rater(human: HumanLevel) -> float:
    """How often one person is right; 1 where nobody measured it, so that gains are upper bounds."""
    if "levels" not in human.report:
        return 1.0
    return float(human.report["levels"]["1"]["accuracy"]["value"])
