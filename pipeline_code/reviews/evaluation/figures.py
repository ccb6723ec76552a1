"""Figures on the whole test split: classes, calibration, and the comparison with each baseline."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline_code.reviews import calibration, intervals, metrics
from pipeline_code.reviews.bootstrap import GroupBootstrap, Metric
from pipeline_code.reviews.comparison import compare
from pipeline_code.reviews.evaluation.evidence import Evidence
from pipeline_code.reviews.metrics import Floats, Ints
from pipeline_code.reviews.precision_recall import average_precision

METRICS: dict[str, Metric] = {"accuracy": metrics.accuracy, "macro_f1": metrics.macro_f1}
_NAMES = {"majority": "always guessing the commonest class", "live": "the live model", "tfidf": "TF-IDF"}
_SLOW_SAMPLES = 500  # for figures that are not sums of confusion matrices


def classes(bootstrap: GroupBootstrap, evidence: Evidence, matrix: Ints) -> dict[str, Any]:
    """Figures of each class: intervals of precision and recall, and the area under its PR curve."""
    names, predictions = evidence.contract.class_names, evidence.predictions
    found: dict[str, Any] = metrics.per_class(matrix, names)
    for position, name in enumerate(names):
        true, answered = evidence.test.label_ids == position, predictions.class_ids == position
        found[name]["precision_interval"] = _share_right(bootstrap, predictions.class_ids, answered)
        found[name]["recall_interval"] = _share_right(bootstrap, predictions.class_ids, true)
        found[name]["pr_auc"] = bootstrap.statistic(
            _pr_auc(true, predictions.probabilities[:, position]), samples=_SLOW_SAMPLES
        )
    return found


def _share_right(bootstrap: GroupBootstrap, predicted: Ints, rows: Any) -> list[float]:
    """Interval of accuracy on some rows: only groups that have such rows count; too few say nothing."""
    figure = bootstrap.figure(metrics.accuracy, predicted, rows)
    return [0.0, 1.0] if figure is None else figure["interval"]


def _pr_auc(positive: Any, scores: Floats) -> Any:
    return lambda weights: average_precision(positive, scores, weights)


def calibrated(bootstrap: GroupBootstrap, evidence: Evidence) -> dict[str, Any]:
    """Whether the answered probabilities are honest, and what they were before calibration.

    `temperature` is None where none was fitted, for want of a validation split.
    """
    probabilities, labels = evidence.predictions.probabilities, evidence.test.label_ids
    confidence, correct = calibration.confidence_of(probabilities, labels)
    decision = evidence.facts.get("decision") or {}
    raw = uncalibrated(probabilities, decision)
    return {
        "ece": bootstrap.statistic(
            lambda weights: calibration.calibration_error(confidence, correct, weights),
            samples=_SLOW_SAMPLES,
            method=intervals.of_absolute_gaps,
        ),
        "brier": bootstrap.mean(calibration.brier_rows(probabilities, labels), bounds=(0.0, 2.0)),
        "temperature": float(decision["temperature"]) if decision.get("fitted_on") else None,
        "uncalibrated": {
            "ece": float(calibration.calibration_error(*calibration.confidence_of(raw, labels))),
            "brier": calibration.brier_score(raw, labels),
        },
        "bins": calibration.reliability_bins(confidence, correct),
    }


def uncalibrated(probabilities: Floats, decision: dict[str, Any]) -> Floats:
    """The softmax of the model's own logits [rows, classes], from its calibrated probabilities.

    Calibration is softmax(logits / temperature + bias), so logits are (log p - bias) * temperature up to a
    constant of the row.
    """
    bias = np.asarray(decision.get("bias") or np.zeros(probabilities.shape[1]), dtype=float)
    temperature = float(decision.get("temperature", 1.0))
    logits = (np.log(np.maximum(probabilities, 1e-12)) - bias) * temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Floats = weights / weights.sum(axis=1, keepdims=True)
    return found


def people(evidence: Evidence) -> dict[str, Any]:
    """Human level, and beside it `model`: the model on the same rows, those that several people rated."""
    report: dict[str, Any] = evidence.baselines["human"]["report"]
    if "levels" not in report:
        return report
    rated, names = np.isfinite(evidence.human), evidence.contract.class_names
    matrix = metrics.confusion_matrix(
        evidence.test.label_ids[rated], evidence.predictions.class_ids[rated], len(names)
    )
    found = metrics.per_class(matrix, names)
    recall = {name: one["recall"] if one["support"] else None for name, one in found.items()}
    return report | {"model": {**metrics.scores(matrix), "recall": recall}}


def baseline(bootstrap: GroupBootstrap, evidence: Evidence, name: str) -> dict[str, Any]:
    model, other = evidence.baselines["models"][name], evidence.other(name)
    predicted = evidence.predictions.class_ids
    return {
        "kind": model["kind"],
        "facts": model["facts"],
        "metrics": {metric: bootstrap.figure(function, other) for metric, function in METRICS.items()},
        "recall": {label: figures["recall"] for label, figures in model["classes"].items()},
        "difference": {
            metric: compare(
                bootstrap.difference(function, predicted, other),
                evidence.contract.gate.live.margin,
                rows=len(evidence.test),
                groups=bootstrap.groups(),
                metric=metric.replace("macro_f1", "macro-F1"),
                other=_NAMES.get(name, name.upper()),
            ).report()
            for metric, function in METRICS.items()
        },
    }
