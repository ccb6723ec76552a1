"""A model's answers on a split, asked through its own serving code as an endpoint would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_code.reviews.bundle import load_inference
from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.dataset import FeatureSet
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.metrics import Floats, Ints

_REQUEST_LINES = 512


class ServingRefused(BertlineError):
    """The serving code answered a text with an error; the message names the review."""


@dataclass(frozen=True)
class Predictions:
    """Calibrated probabilities [rows, classes] and class ids [rows], in the order of the split.

    The class is the one that the model answers: where its decision has offsets, not always the most
    probable one. `different_features` counts texts that serving and training tokenise differently.
    """

    probabilities: Floats
    class_ids: Ints
    different_features: int

    @property
    def confidence(self) -> Floats:
        """Probability of the answered class [rows]."""
        found: Floats = self.probabilities[np.arange(len(self.class_ids)), self.class_ids]
        return found


def predict(model_dir: Path, test: FeatureSet, contract: Contract) -> Predictions:
    """Send a split through the artifact's own inference code, as requests of JSON Lines.

    Raises
    ------
    ServingRefused
        The serving code answered a review with an error.
    """
    serving = load_inference(model_dir)
    model = serving.model_fn(str(model_dir))
    answers: list[dict[str, Any]] = []
    different = 0
    for start in range(0, len(test), _REQUEST_LINES):
        texts = test.texts[start : start + _REQUEST_LINES]
        answers += _ask(serving, model, texts, test.review_ids[start:])
        different += sum(
            not np.array_equal(ids, test.ids(place))
            for place, ids in enumerate(model.token_ids(texts), start=start)
        )
    return _gathered(answers, contract, different)


def predict_texts(model_dir: Path, texts: list[str], contract: Contract) -> Predictions:
    """As `predict`, of texts that belong to no split, such as must-pass examples; named by their place."""
    serving = load_inference(model_dir)
    names = [f"example {number}" for number in range(1, len(texts) + 1)]
    answers = _ask(serving, serving.model_fn(str(model_dir)), texts, names) if texts else []
    return _gathered(answers, contract, 0)


def _ask(serving: Any, model: Any, texts: list[str], names: list[str]) -> list[dict[str, Any]]:
    body = "\n".join(json.dumps({"features": [text]}) for text in texts)
    data = serving.input_fn(body.encode(), serving.JSON_LINES)
    lines = serving.output_fn(serving.predict_fn(data, model), serving.JSON_LINES).split("\n")
    answers = [json.loads(line) for line in lines]
    for name, answer in zip(names, answers, strict=False):
        if "error" in answer:
            raise ServingRefused(f"the serving code refused review {name}: {answer['error']['message']}")
    return answers


def _gathered(answers: list[dict[str, Any]], contract: Contract, different: int) -> Predictions:
    names = contract.class_names
    rows = [[float(answer["probabilities"][name]) for name in names] for answer in answers]
    chosen = [names.index(answer["label"]) for answer in answers]
    probabilities = np.asarray(rows, dtype=float).reshape(-1, len(names))
    return Predictions(probabilities, np.asarray(chosen, dtype=np.int64), different)
