"""Errors: must-pass examples, and where the rest of them are."""

from __future__ import annotations

from typing import Any

from pipeline_code.reviews.error_analysis import avoidable, error_table
from pipeline_code.reviews.evaluation.evidence import Evidence
from pipeline_code.reviews.labels.ratings import ratings_of


def must_pass(evidence: Evidence) -> dict[str, Any]:
    """Which of the contract's examples the model gets wrong; they are the contract's own texts."""
    names, answers = evidence.contract.class_names, evidence.must_pass
    failures = [
        {
            "number": number + 1,
            "text": example.text,
            "label": example.label,
            "predicted": names[int(answers.class_ids[number])],
            "probability": float(answers.confidence[number]),
        }
        for number, example in enumerate(evidence.contract.must_pass)
        if names[int(answers.class_ids[number])] != example.label
    ]
    return {"examples": len(evidence.contract.must_pass), "failures": failures}


def error_analysis(evidence: Evidence, seed: int) -> dict[str, Any]:
    """Where the errors are, by tag and by how far people agree."""
    contract = evidence.contract
    ratings = [ratings_of(attributes) for attributes in evidence.test.attributes]
    return {
        "table": error_table(
            evidence.tags,
            ~evidence.correct,
            evidence.human,
            evidence.test.group_ids,
            samples=contract.gate.bootstrap_samples,
            seed=seed,
        ),
        "avoidable": avoidable(ratings, ~evidence.correct, evidence.human, contract),
    }
