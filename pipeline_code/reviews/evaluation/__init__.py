"""Evaluation: every figure of evaluation.json, from a model's answers and what it is compared with."""

from __future__ import annotations

from typing import Any

from pipeline_code.reviews import metrics
from pipeline_code.reviews.bootstrap import GroupBootstrap
from pipeline_code.reviews.evaluation.errors import error_analysis, must_pass
from pipeline_code.reviews.evaluation.evidence import EvaluationError, Evidence, check_pieces
from pipeline_code.reviews.evaluation.figures import METRICS, baseline, calibrated, classes, people
from pipeline_code.reviews.evaluation.lines import hardest_mistakes, mistake_lines, prediction_lines
from pipeline_code.reviews.evaluation.slices import discovered, slices
from pipeline_code.reviews.gate import judge

__all__ = [
    "EvaluationError",
    "Evidence",
    "check_pieces",
    "evaluate",
    "hardest_mistakes",
    "mistake_lines",
    "prediction_lines",
]


def evaluate(evidence: Evidence, *, min_accuracy: float, seed: int) -> dict[str, Any]:
    """Compute the content of evaluation.json, the gate's verdict included."""
    contract, test = evidence.contract, evidence.test
    bootstrap = GroupBootstrap(
        test.group_ids,
        test.label_ids,
        classes=len(contract.classes),
        samples=contract.gate.bootstrap_samples,
        seed=seed,
    )
    predicted = evidence.predictions.class_ids
    bootstrap.resample(predicted, *(evidence.other(name) for name in evidence.baselines["models"]))
    matrix = metrics.confusion_matrix(test.label_ids, predicted, len(contract.classes))
    evaluation: dict[str, Any] = {
        "contract": contract.describe(),
        "rows": len(test),
        "groups": len(set(test.group_ids)),
        "metrics": {name: bootstrap.figure(metric, predicted) for name, metric in METRICS.items()},
        "classes": classes(bootstrap, evidence, matrix),
        "confusion_matrix": metrics.matrix_report(matrix, contract.class_names),
        "calibration": calibrated(bootstrap, evidence),
        "baselines": {name: baseline(bootstrap, evidence, name) for name in evidence.baselines["models"]},
        "live": evidence.baselines["live"],
        "human": people(evidence),
        "labels": evidence.baselines["labels"],
        "literature": [item.model_dump() for item in contract.baselines.literature],
        "slices": slices(bootstrap, evidence),
        "discovered_slices": discovered(bootstrap, evidence, seed),
        "must_pass": must_pass(evidence),
        "constraints": evidence.constraints,
        "error_analysis": error_analysis(evidence, seed),
        "parity": {"rows": len(test), "different_rows": evidence.predictions.different_features},
        "intervals": bootstrap.describe() | {"seed": seed},
        "test_hash": test.content_hash,
    }
    evaluation["gate"] = judge(evaluation, contract, min_accuracy).report()
    return evaluation
