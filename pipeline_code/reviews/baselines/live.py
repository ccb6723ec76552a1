"""The live model, scored again on today's test split through its own serving code."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_code.reviews.bundle import extract_bundle
from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.dataset import FeatureSet
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.predictions import Predictions, predict

NO_MODEL = "none"


class LiveModelError(BertlineError):
    """The live model is named, but cannot be scored; the message names its package."""


@dataclass(frozen=True)
class LiveModel:
    """What the live model is and, if it answers the same question, what it says of the test split."""

    facts: dict[str, Any]
    predictions: Predictions | None


def score_live(directory: Path, package: str, test: FeatureSet, contract: Contract) -> LiveModel:
    """Score the model.tar.gz in `directory`.

    Parameters
    ----------
    package
        ARN of its model package; "none" says that no model is live, whatever the directory holds.

    Raises
    ------
    LiveModelError
        There is no archive, or its serving code refuses a text.
    """
    if package == NO_MODEL:
        return LiveModel({"package": None, "reason": "no model is live yet"}, None)
    archive = directory / "model.tar.gz"
    if not archive.is_file():
        raise LiveModelError(f"{package} is live, but {directory} holds no model.tar.gz: was it deleted?")
    with tempfile.TemporaryDirectory(prefix="bertline-live-") as folder:
        found = extract_bundle(archive, Path(folder))
        facts = _facts(package, found, test)
        classes = [item["name"] for item in found["classes"]]
        if classes != contract.class_names:
            reason = f"the live model answers {classes}, this contract asks for {contract.class_names}"
            return LiveModel(facts | {"reason": reason}, None)
        try:
            return LiveModel(facts, predict(Path(folder), test, contract))
        except BertlineError as error:
            raise LiveModelError(f"{package} cannot be scored: {error}") from error


def _facts(package: str, found: dict[str, Any], test: FeatureSet) -> dict[str, Any]:
    """Under another split rule it may have learned from rows that are tested now, which flatters it."""
    return {
        "package": package,
        "version": package.rsplit("/", 1)[-1],
        "dataset_hash": found["dataset_hash"],
        "contract": found["contract"],
        "may_know_test_rows": found["split_rule"] != test.metadata["split_rule"],
    }
