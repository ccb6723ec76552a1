"""Evidence without a model: given answers on given texts, with the baselines that the job would score."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.dataset import FeatureSet
from pipeline_code.reviews.evaluation import Evidence
from pipeline_code.reviews.labels.human_level import human_level
from pipeline_code.reviews.labels.ratings import ratings_of
from pipeline_code.reviews.metrics import Ints, confusion_matrix, per_class
from pipeline_code.reviews.predictions import Predictions

CHEAP = {
    "artifact_mb": 1.0,
    "latency_ms": {"p50": 1.0, "p95": 1.0, "requests": 1},
    "memory_mb": 1.0,
    "cost_per_1000": 0.0,
    "instance_type": "ml.m5.large",
    "price_per_hour": 0.1,
    "measured_on": "a test",
}


def split_of(
    texts: Sequence[str], group_ids: Sequence[str], label_ids: Ints, attributes: Sequence[str] | None = None
) -> FeatureSet:
    """A split of texts; each has one token."""
    count = len(texts)
    return FeatureSet(
        review_ids=[f"r{number}" for number in range(count)],
        group_ids=list(group_ids),
        texts=list(texts),
        label_ids=label_ids,
        tokens=np.ones(count, np.int32),
        offsets=np.arange(count + 1),
        metadata={"max_seq_length": "128", "dataset_hash": "d", "split_rule": "by hash"},
        content_hash="t",
        sources=["s"] * count,
        attributes=["{}"] * count if attributes is None else list(attributes),
    )


def answers(class_ids: Ints, classes: int = 3, sure: float = 0.9) -> Predictions:
    """Answers that are `sure` of their class."""
    rest = (1 - sure) / (classes - 1)
    return Predictions(np.eye(classes)[class_ids] * (sure - rest) + rest, class_ids, 0)


def evidence(
    contract: Contract, test: FeatureSet, predictions: Predictions, others: dict[str, Ints], **changes: Any
) -> Evidence:
    """Evidence with baselines that predict `others`; must-pass examples are all right."""
    labels = [contract.class_names.index(item.label) for item in contract.must_pass]
    return Evidence(
        **{
            "contract": contract,
            "test": test,
            "baselines": baselines(contract, test, others),
            "predictions": predictions,
            "must_pass": answers(np.asarray(labels, np.int64)),
            "constraints": CHEAP,
            **changes,
        }
    )


def baselines(contract: Contract, test: FeatureSet, others: dict[str, Ints]) -> dict[str, Any]:
    """What evaluate reads of baselines.json."""
    commonest = np.full(len(test), np.bincount(test.label_ids).argmax())
    models = {"majority": commonest, "tfidf": commonest, **others}
    human = human_level(
        [ratings_of(item) for item in test.attributes], test.label_ids, test.group_ids, contract,
        seed=1, samples=contract.gate.bootstrap_samples,
    )  # fmt: skip
    return {
        "models": {name: _scored(name, test, predicted, contract) for name, predicted in models.items()},
        "live": {"package": "a/7" if "live" in others else None},
        "human": {
            "report": human.report,
            "one_rater": [None if np.isnan(value) else float(value) for value in human.one_rater],
        },
        "labels": {},
    }


def _scored(name: str, test: FeatureSet, predicted: Ints, contract: Contract) -> dict[str, Any]:
    matrix = confusion_matrix(test.label_ids, predicted, len(contract.classes))
    return {
        "kind": "live" if name == "live" else "simple",
        "facts": {},
        "classes": per_class(matrix, contract.class_names),
        "predictions": predicted.tolist(),
    }
