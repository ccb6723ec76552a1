"""What a model is judged by, and whether its pieces belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.dataset import FeatureSet
from pipeline_code.reviews.error_analysis import automatic_tags
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.metrics import Floats, Ints
from pipeline_code.reviews.predictions import Predictions
from pipeline_code.reviews.slices import Mask, slice_masks


class EvaluationError(BertlineError):
    """Model, test split and baselines do not belong together."""


@dataclass(frozen=True)
class Evidence:
    """What a model is judged by. `constraints` is that part of evaluation.json, `must_pass` the model's
    answers to the contract's examples, `facts` the archive's bertline.json."""

    contract: Contract
    test: FeatureSet
    baselines: dict[str, Any]
    predictions: Predictions
    must_pass: Predictions
    constraints: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def correct(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Where the model is right [rows]."""
        found: np.ndarray[Any, np.dtype[np.bool_]] = self.predictions.class_ids == self.test.label_ids
        return found

    @cached_property
    def human(self) -> Floats:
        """Probability that one person is right [rows]; nan where nobody's ratings are known."""
        known = self.baselines["human"]["one_rater"]
        return np.asarray([np.nan if value is None else value for value in known], dtype=float)

    @cached_property
    def slice_masks(self) -> dict[str, Mask]:
        """Which rows belong to each slice of the contract [rows], by its name."""
        return slice_masks(self.contract, self.test)

    @cached_property
    def tags(self) -> list[list[str]]:
        """Automatic tags of each row, with those of the contract."""
        patterns = [(item.name, item.pattern) for item in self.contract.error_tags]
        return automatic_tags(self.test.texts, self.test.lengths() >= self.test.max_seq_length, patterns)

    def other(self, name: str) -> Ints:
        """What a baseline predicts [rows]."""
        return np.asarray(self.baselines["models"][name]["predictions"], dtype=np.int64)


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
