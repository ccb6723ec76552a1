"""labels.json and the relabel queue: what the labels are worth, and which of them to look at again."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.labels import relabel
from pipeline_code.reviews.labels.agreement import agreement
from pipeline_code.reviews.labels.ambiguity import ambiguity, near_a_cut
from pipeline_code.reviews.labels.columns import LabelColumns
from pipeline_code.reviews.labels.definition import definition_sweep
from pipeline_code.reviews.labels.human_level import human_level
from pipeline_code.reviews.labels.intervals import Resampling
from pipeline_code.reviews.labels.issues import LabelIssues, label_issues
from pipeline_code.reviews.labels.queue import relabel_queue
from pipeline_code.reviews.labels.raters import rater_report
from pipeline_code.reviews.labels.ratings import RatedTexts, ScaleRule, scale_of
from pipeline_code.reviews.metrics import Floats

SAMPLES = 1000
QUEUE_ROWS = 5000


def label_report(
    columns: LabelColumns,
    contract: Contract,
    probabilities: Floats | None,
    *,
    seed: int,
    samples: int = SAMPLES,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What labels.json holds, and the rows of relabel-queue.jsonl in the order of expected gain.

    Parameters
    ----------
    probabilities
        Of each class [rows, classes], out of fold: from models not trained on the row's group. None without.
    samples
        Bootstrap replicates of an interval.
    """
    human = human_level(
        columns.ratings, columns.label_ids, columns.group_ids, contract, seed=seed, samples=samples
    )
    rule = scale_of(contract)
    rated = RatedTexts.of(columns.ratings) if rule else RatedTexts.of([])
    several = rated.select(rated.counts > 1)
    issues = None if probabilities is None else label_issues(columns.label_ids, probabilities)
    report: dict[str, Any] = {
        "contract": contract.describe(),
        "rows": len(columns.review_ids),
        "rated_rows": len(several),
        "human": human.report,
        "agreement": None,
        "definition": [],
        "ambiguity": None,
        "raters": None,
    }
    if rule and len(several):
        groups = [columns.group_ids[row] for row in several.rows]
        correct = None
        if probabilities is not None:
            correct = (probabilities.argmax(axis=1) == columns.label_ids)[several.rows]
        report |= {
            "agreement": agreement(several, rule, groups, Resampling(samples, seed)),
            "definition": definition_sweep(several, rule, contract.class_names, seed=seed),
            "ambiguity": ambiguity(several, rule, human.one_rater[several.rows], correct),
            "raters": rater_report(several, columns.raters, rule),
        }
    queue = relabel_queue(columns, contract, probabilities, issues, human)
    report["issues"] = _issues(len(columns.review_ids), several, rule, issues)
    report["relabel"] = _relabel(queue)
    return report, queue[:QUEUE_ROWS]


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """What evaluation.json repeats of a label report as "labels"; {} without ratings."""
    if report["agreement"] is None:
        return {}
    found = {name: figure["value"] for name, figure in report["agreement"]["alpha"].items()}
    shares = ("ambiguous_share", "unanimous_share", "no_majority_share")
    return {
        "alpha": found,
        **{name: report["ambiguity"][name] for name in shares},
        "probable_errors": (report["issues"] or {}).get("probable_errors"),
        "queued": report["relabel"]["queued"],
    }


def _issues(
    rows: int, several: RatedTexts, rule: ScaleRule | None, issues: LabelIssues | None
) -> dict[str, Any] | None:
    """Ambiguous texts told apart from probable errors."""
    if issues is None:
        return None
    ambiguous = np.zeros(rows, dtype=bool)
    if rule:
        ambiguous[several.rows] = near_a_cut(several, rule)
    return {
        "method": issues.method,
        "flagged": int(issues.flagged.sum()),
        "flagged_share": float(issues.flagged.mean()),
        "flagged_and_ambiguous": int((issues.flagged & ambiguous).sum()),
        "probable_errors": int((issues.flagged & ~ambiguous).sum()),
    }


def _relabel(queue: list[dict[str, Any]]) -> dict[str, Any]:
    more = sum(row["action"] == "more ratings" for row in queue)
    return {
        "queued": len(queue),
        "more_ratings": more,
        "second_look": len(queue) - more,
        "expected_fixed": float(sum(row["expected_gain"] for row in queue)),
        "extra_ratings": relabel.EXTRA,
        "assumed": {
            "slips": relabel.SLIPS,
            "noise_without_ratings": relabel.NOISE,
            "trust_in_the_model": relabel.TRUST,
        },
    }
