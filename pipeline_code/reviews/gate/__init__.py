"""The gate: named rules that a model must pass, and one sentence that says how it went."""

from __future__ import annotations

from typing import Any

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.gate import comparisons, floors, limits, slices
from pipeline_code.reviews.gate.verdict import SUMMARY_CHARACTERS, Rule, Verdict

__all__ = ["SUMMARY_CHARACTERS", "Rule", "Verdict", "judge"]


def judge(evaluation: dict[str, Any], contract: Contract, min_accuracy: float) -> Verdict:
    """Check evaluation.json against the bounds of the contract.

    Floors compare the point estimate, whose interval is in the report beside it. Where a model must not be
    worse than another, or good enough in a small slice, the interval decides.

    Parameters
    ----------
    evaluation
        Everything of evaluation.json but `gate`.
    min_accuracy
        MinAccuracyValue of the pipeline, a floor beside the contract's.
    """
    gate = contract.gate
    rules = [
        *floors.rules(evaluation, gate, min_accuracy),
        *comparisons.rules(evaluation, gate),
        *slices.rules(evaluation, gate),
        *limits.rules(evaluation, gate),
    ]
    return Verdict(rules, subject(evaluation), contract.version)


def subject(evaluation: dict[str, Any]) -> str:
    """What was measured, in one clause."""
    metrics = evaluation["metrics"]
    low, high = metrics["accuracy"]["interval"]
    gain = evaluation["baselines"]["tfidf"]["difference"]["macro_f1"]["value"]
    return (
        f"accuracy {metrics['accuracy']['value']:.3f} (95 % interval {low:.3f} to {high:.3f}) and macro-F1 "
        f"{metrics['macro_f1']['value']:.3f} on {evaluation['rows']} texts in {evaluation['groups']} groups, "
        f"macro-F1 {gain:+.3f} against TF-IDF"
    )
