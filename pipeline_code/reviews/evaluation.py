"""Evaluation: predictions through the serving code, then every figure of evaluation.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_code.reviews import metrics
from pipeline_code.reviews.bootstrap import GroupBootstrap, Metric
from pipeline_code.reviews.bundle import load_inference
from pipeline_code.reviews.calibration import calibration_error
from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.dataset import FeatureSet
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.gate import judge
from pipeline_code.reviews.metrics import Floats, Ints

_REQUEST_LINES = 512
_METRICS: dict[str, Metric] = {"accuracy": metrics.accuracy, "macro_f1": metrics.macro_f1}


class EvaluationError(BertlineError):
    """Model, test split and baselines do not belong together, or the serving code refused a review."""


@dataclass(frozen=True)
class Predictions:
    """Probabilities [rows, classes] in the order of the test split."""

    probabilities: Floats
    different_features: int

    @property
    def class_ids(self) -> Ints:
        """The most probable class of each row."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)


def predict(model_dir: Path, test: FeatureSet, contract: Contract) -> Predictions:
    """Send the test split through the artifact's own inference code, as requests of JSON Lines.

    Raises
    ------
    EvaluationError
        The serving code answered a review with an error.
    """
    serving = load_inference(model_dir)
    model = serving.model_fn(str(model_dir))
    rows: list[list[float]] = []
    different = 0
    for start in range(0, len(test), _REQUEST_LINES):
        texts = test.texts[start : start + _REQUEST_LINES]
        body = "\n".join(json.dumps({"features": [text]}) for text in texts)
        data = serving.input_fn(body.encode(), serving.JSON_LINES)
        answers = serving.output_fn(serving.predict_fn(data, model), serving.JSON_LINES).split("\n")
        for place, line in enumerate(answers, start=start):
            rows.append(_probabilities(json.loads(line), test.review_ids[place], contract))
        served = model.token_ids(texts)
        different += sum(
            not np.array_equal(ids, test.ids(place)) for place, ids in enumerate(served, start=start)
        )
    return Predictions(np.asarray(rows, dtype=float), different)


def _probabilities(answer: dict[str, Any], review_id: str, contract: Contract) -> list[float]:
    if "error" in answer:
        raise EvaluationError(f"the serving code refused review {review_id}: {answer['error']['message']}")
    return [float(answer["probabilities"][name]) for name in contract.class_names]


def check_pieces(
    facts: dict[str, Any], test: FeatureSet, baselines: dict[str, Any], contract: Contract
) -> None:
    """Raise EvaluationError unless model, test split, baselines and contract come from one run."""
    names = [item["name"] for item in facts["classes"]]
    if names != contract.class_names:
        raise EvaluationError(f"the model's classes {names} are not the contract's {contract.class_names}")
    if facts["tokenizer_fingerprint"] != test.metadata["tokenizer_fingerprint"]:
        raise EvaluationError("the test split was tokenised with another tokenizer than the model's")
    if baselines["review_ids"] != test.review_ids or baselines["test_hash"] != test.content_hash:
        raise EvaluationError(
            "the baselines were scored on other rows than this test split: run Baselines again"
        )
    if test.dataset_hash != facts["dataset_hash"]:
        raise EvaluationError(
            f"the model was trained on dataset {facts['dataset_hash'][:12]}, the test split belongs to "
            f"{test.dataset_hash[:12]}: take both from one run"
        )
    if baselines["dataset_hash"] != facts["dataset_hash"] or baselines["train_hash"] != facts["train_hash"]:
        raise EvaluationError(
            "baselines and model were trained on different data: run both on one train split"
        )


def evaluate(
    predictions: Predictions,
    test: FeatureSet,
    baselines: dict[str, Any],
    contract: Contract,
    *,
    min_accuracy: float,
    seed: int,
) -> dict[str, Any]:
    """Compute the content of evaluation.json, the gate's verdict included."""
    names, samples = contract.class_names, contract.gate.bootstrap_samples
    bootstrap = GroupBootstrap(test.group_ids, test.label_ids, classes=len(names), samples=samples, seed=seed)
    predicted = predictions.class_ids
    others = {
        name: np.asarray(model["predictions"], dtype=np.int64) for name, model in baselines["models"].items()
    }
    bootstrap.resample(predicted, *others.values())
    matrix = metrics.confusion_matrix(test.label_ids, predicted, len(names))
    correct = (predicted == test.label_ids).astype(float)
    evaluation: dict[str, Any] = {
        "contract": contract.describe(),
        "rows": len(test),
        "groups": len(set(test.group_ids)),
        "metrics": {name: bootstrap.figure(metric, predicted) for name, metric in _METRICS.items()},
        "classes": _classes(bootstrap, matrix, predicted, names),
        "confusion_matrix": metrics.matrix_report(matrix, names),
        "baselines": {
            name: _baseline(bootstrap, predicted, others[name], model["facts"])
            for name, model in baselines["models"].items()
        },
        "calibration_error": calibration_error(predictions.probabilities.max(axis=1), correct),
        "parity": {"rows": len(test), "different_rows": predictions.different_features},
        "intervals": {
            "level": 0.95,
            "method": "percentile bootstrap over groups",
            "samples": samples,
            "seed": seed,
        },
        "test_hash": test.content_hash,
    }
    evaluation["gate"] = judge(evaluation, contract.gate, min_accuracy).report()
    return evaluation


def _classes(bootstrap: GroupBootstrap, matrix: Ints, predicted: Ints, names: list[str]) -> dict[str, Any]:
    """Figures of each class, with the interval of its recall."""
    found: dict[str, Any] = metrics.per_class(matrix, names)
    for position, name in enumerate(names):
        found[name]["recall_interval"] = bootstrap.figure(_recall_of(position), predicted)["interval"]
    return found


def _recall_of(position: int) -> Metric:
    def metric(matrices: Any) -> Floats:
        found: Floats = metrics.recall(matrices)[..., position]
        return found

    return metric


def _baseline(
    bootstrap: GroupBootstrap, predicted: Ints, other: Ints, facts: dict[str, Any]
) -> dict[str, Any]:
    return {
        "facts": facts,
        "metrics": {name: bootstrap.figure(metric, other) for name, metric in _METRICS.items()},
        "difference": {
            name: bootstrap.difference(metric, predicted, other) for name, metric in _METRICS.items()
        },
    }


def prediction_lines(predictions: Predictions, test: FeatureSet, contract: Contract) -> str:
    """JSON Lines of ids, true and predicted class and probabilities; no texts."""
    names = contract.class_names
    lines = []
    for row, probabilities in enumerate(predictions.probabilities):
        line = {
            "review_id": test.review_ids[row],
            "group_id": test.group_ids[row],
            "label": names[int(test.label_ids[row])],
            "predicted": names[int(predictions.class_ids[row])],
            "probabilities": {name: float(value) for name, value in zip(names, probabilities, strict=True)},
        }
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    return "".join(lines)


def hardest_mistakes(
    predictions: Predictions, test: FeatureSet, contract: Contract, count: int
) -> list[dict[str, Any]]:
    """The most confident wrong answers, with their texts."""
    predicted, confidence = predictions.class_ids, predictions.probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != test.label_ids)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    names = contract.class_names
    return [
        {
            "review_id": test.review_ids[row],
            "text": test.texts[row],
            "label": names[int(test.label_ids[row])],
            "predicted": names[int(predicted[row])],
            "confidence": float(confidence[row]),
        }
        for row in worst.tolist()
    ]
