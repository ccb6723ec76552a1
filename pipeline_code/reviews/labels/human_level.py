"""How good people are at the task: HLP(k), what k raters say against the raters that remain.

Human level is agreement, not truth, and it moves with k: one person agrees less often with the others than
the mean of nine does. The figure for k = 1 is what a model that replaces one person is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.labels.intervals import Resampling, Statistic
from pipeline_code.reviews.labels.panels import Reference, expected_confusion
from pipeline_code.reviews.labels.ratings import RatedTexts, ScaleRule, class_ids, scale_of
from pipeline_code.reviews.metrics import Floats, Ints, accuracy, macro_f1, recall

PANELS = (1, 3, 5, 9)
_REFERENCES = {
    "mean": "the class of the mean rating of the raters that remain",
    "majority": "the commonest class among the raters that remain",
}


@dataclass(frozen=True)
class HumanLevel:
    """`report` is evaluation.json's "human"; `one_rater` the probability, a row of the data, that one of its
    raters agrees with the others, nan where fewer than two rated it."""

    report: dict[str, Any]
    one_rater: Floats


def human_level(
    ratings: Sequence[Sequence[float] | None],
    label_ids: Ints,
    group_ids: Sequence[str],
    contract: Contract,
    *,
    seed: int,
    samples: int,
    reference: Reference = "mean",
) -> HumanLevel:
    """HLP(k) for k = 1, 3, 5, 9 with intervals, and how well one rater does on each row.

    A panel is judged where at least half as many raters remain, and its level is reported where that holds
    for at least half of the rated texts. Panels are not drawn but averaged over where ratings lie on a
    lattice, so `seed` matters to intervals alone.

    Parameters
    ----------
    ratings
        A row of the data each; None where nobody rated.
    label_ids
        The rows' labels: how many of them are what their own ratings say is reported beside.
    group_ids
        Rows of one group are resampled together.
    samples
        Bootstrap replicates of an interval.
    """
    one_rater = np.full(len(ratings), np.nan)
    rule = scale_of(contract)
    rated = RatedTexts.of(ratings)
    several = rated.select(rated.counts > 1)
    if rule is None:
        return HumanLevel({"reason": "the contract names classes, there is no scale to rate on"}, one_rater)
    if not len(several):
        return HumanLevel({"reason": "no text has ratings of more than one person"}, one_rater)
    matrices = {
        size: _matrices(several, size, rule, reference=reference, seed=seed) for size in levels(several)
    }
    one_rater[several.rows] = np.trace(matrices[1], axis1=1, axis2=2)
    counts = several.counts
    own = class_ids(rule, several.means) == np.asarray(label_ids)[several.rows]
    groups = [group_ids[row] for row in several.rows]
    report = {
        "rows": len(several),
        "ratings_per_text": {
            "min": int(counts.min()),
            "median": float(np.median(counts)),
            "max": int(counts.max()),
        },
        "reference": _REFERENCES[reference],
        "label_agreement": float(own.mean()),
        "levels": _levels(matrices, groups, contract.class_names, Resampling(samples, seed)),
    }
    return HumanLevel(report, one_rater)


def levels(rated: RatedTexts) -> list[int]:
    """The panel sizes that at least half of the texts have raters for; 1 is always among them."""
    return [size for size in PANELS if size == 1 or _enough(rated, size).mean() >= 0.5]


def expected_scores(rated: RatedTexts, size: int, rule: ScaleRule, **options: Any) -> dict[str, Any]:
    """Accuracy, macro-F1 and recall a class of panels of one size, without intervals.

    `options` go to `expected_confusion`.
    """
    total = _matrices(rated, size, rule, **options).sum(axis=0)
    return {
        "accuracy": float(accuracy(total)),
        "macro_f1": float(macro_f1(total)),
        "recall": recall(total).tolist(),
    }


def _enough(rated: RatedTexts, size: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Texts where at least half as many raters remain as are in the panel."""
    remaining = rated.counts - size
    return (remaining >= 1) & (2 * remaining >= size)


def _matrices(rated: RatedTexts, size: int, rule: ScaleRule, **options: Any) -> Floats:
    """Expected confusion a text, all zeros where too few raters would remain [texts, classes, classes]."""
    found = expected_confusion(rated, size, rule, **options)
    found[~_enough(rated, size)] = 0.0
    return found


def _levels(
    matrices: dict[int, Floats], groups: Sequence[str], names: list[str], resampling: Resampling
) -> dict[str, Any]:
    sums = [matrix for matrix in matrices.values() for _ in (accuracy, macro_f1)]
    wanted: list[Statistic] = [metric for _ in matrices for metric in (accuracy, macro_f1)]
    figures = iter(resampling.figures(groups, sums, wanted, bounds=(0.0, 1.0)))
    found = {}
    for size, matrix in matrices.items():
        total = matrix.sum(axis=0)
        found[str(size)] = {
            "rows": int((matrix.sum(axis=(1, 2)) > 0).sum()),
            "accuracy": next(figures),
            "macro_f1": next(figures),
            "recall": dict(zip(names, recall(total).tolist(), strict=True)),
        }
    return found
