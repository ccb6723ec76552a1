"""What Evaluate writes row by row: answers without texts, and mistakes with them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from pipeline_code.reviews.evaluation.evidence import Evidence


def prediction_lines(evidence: Evidence) -> str:
    """JSON Lines of each test row: ids, true and predicted class, probabilities, tags and slices; no texts.

    `human` is the probability that one person is right, null where it is not known.
    """
    names, test, predictions = evidence.contract.class_names, evidence.test, evidence.predictions
    lines = []
    for row in range(len(test)):
        probabilities = zip(names, predictions.probabilities[row].tolist(), strict=True)
        line = {
            "review_id": test.review_ids[row],
            "group_id": test.group_ids[row],
            "label": names[int(test.label_ids[row])],
            "predicted": names[int(predictions.class_ids[row])],
            "probabilities": dict(probabilities),
            "correct": bool(evidence.correct[row]),
            "tags": evidence.tags[row],
            "slices": [name for name, mask in evidence.slice_masks.items() if mask[row]],
            "human": _human(evidence, row),
        }
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    return "".join(lines)


def mistakes(evidence: Evidence) -> list[dict[str, Any]]:
    """Every wrong answer with its text, the most confident first."""
    names, test, predictions = evidence.contract.class_names, evidence.test, evidence.predictions
    confidence = predictions.confidence
    wrong = np.flatnonzero(~evidence.correct)
    return [
        {
            "review_id": test.review_ids[row],
            "text": test.texts[row],
            "label": names[int(test.label_ids[row])],
            "predicted": names[int(predictions.class_ids[row])],
            "confidence": float(confidence[row]),
            "tags": evidence.tags[row],
            "human": _human(evidence, row),
        }
        for row in wrong[np.argsort(-confidence[wrong], kind="stable")].tolist()
    ]


def mistake_lines(evidence: Evidence) -> str:
    """`mistakes` as JSON Lines."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in mistakes(evidence))


def hardest_mistakes(evidence: Evidence, count: int) -> list[dict[str, Any]]:
    """The most confident wrong answers, with their texts."""
    return mistakes(evidence)[:count]


def _human(evidence: Evidence, row: int) -> float | None:
    value = float(evidence.human[row])
    return None if np.isnan(value) else value
