import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.bundle import extract_bundle
from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.dataset import FeatureSet, read_features
from pipeline_code.reviews.evaluation import (
    EvaluationError,
    Predictions,
    check_pieces,
    evaluate,
    hardest_mistakes,
    predict,
    prediction_lines,
)
from tests.unit.pipeline_code.workspace import CONTRACT, Workspace


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(CONTRACT)


@pytest.fixture(scope="module")
def test_split(trained: Workspace) -> FeatureSet:
    return read_features(trained.root / "test", "test")


@pytest.fixture(scope="module")
def model(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model")
    extract_bundle(trained.root / "packed" / "model.tar.gz", directory)
    return directory


@pytest.fixture(scope="module")
def baselines(trained: Workspace) -> dict[str, Any]:
    return dict(json.loads((trained.root / "baseline" / "baselines.json").read_text()))


def always(test: FeatureSet, shift: int) -> Predictions:
    """Predict the true class, moved by `shift`."""
    return Predictions(np.eye(3)[(test.label_ids + shift) % 3] * 0.7 + 0.1, 0)


def test_serving_sees_the_features_of_training(
    model: Path, test_split: FeatureSet, contract: Contract
) -> None:
    predictions = predict(model, test_split, contract)
    assert predictions.different_features == 0
    assert predictions.probabilities.shape == (len(test_split), 3)
    assert predictions.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (predictions.class_ids == test_split.label_ids).mean() > 0.7


def test_other_features_are_counted(model: Path, test_split: FeatureSet, contract: Contract) -> None:
    changed = test_split.tokens.copy()
    changed[1] += 1
    assert predict(model, replace(test_split, tokens=changed), contract).different_features == 1


def test_a_refused_review_is_named_without_its_text(
    model: Path, test_split: FeatureSet, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTLINE_MAX_CHARACTERS", "3")
    with pytest.raises(
        EvaluationError, match=f"refused review {test_split.review_ids[0]}: a text may hold 3"
    ):
        predict(model, test_split, contract)


def test_a_perfect_and_a_wrong_model(
    test_split: FeatureSet, baselines: dict[str, Any], contract: Contract
) -> None:
    good = evaluate(always(test_split, 0), test_split, baselines, contract, min_accuracy=0.7, seed=1)
    assert good["metrics"]["accuracy"] == {"value": 1.0, "interval": [1.0, 1.0]}
    bad = evaluate(always(test_split, 1), test_split, baselines, contract, min_accuracy=0.7, seed=1)
    assert bad["metrics"]["macro_f1"]["value"] == 0.0
    assert bad["gate"]["passed"] is False
    assert bad["baselines"]["tfidf"]["difference"]["accuracy"]["interval"][1] < 0
    counts = np.array(bad["confusion_matrix"]["counts"])
    assert counts.sum(axis=1).tolist() == np.bincount(test_split.label_ids, minlength=3).tolist()
    assert counts[0][1] == counts.sum(axis=1)[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"review_ids": ["1_1"]}, "other rows"),
        ({"test_hash": "0"}, "other rows"),
        ({"dataset_hash": "0"}, "different data"),
        ({"train_hash": "0"}, "different data"),
    ],
)
def test_baselines_must_be_of_the_same_rows(
    change: dict[str, Any], said: str, test_split: FeatureSet, baselines: dict[str, Any], contract: Contract
) -> None:
    facts = {
        "classes": [{"name": name} for name in contract.class_names],
        "tokenizer_fingerprint": test_split.metadata["tokenizer_fingerprint"],
        "dataset_hash": baselines["dataset_hash"],
        "train_hash": baselines["train_hash"],
    }
    check_pieces(facts, test_split, baselines, contract)
    with pytest.raises(EvaluationError, match=said):
        check_pieces(facts, test_split, baselines | change, contract)


def test_a_model_of_another_dataset_is_refused(
    test_split: FeatureSet, baselines: dict[str, Any], contract: Contract
) -> None:
    facts = {
        "classes": [{"name": name} for name in contract.class_names],
        "tokenizer_fingerprint": test_split.metadata["tokenizer_fingerprint"],
        "dataset_hash": "f" * 64,
        "train_hash": baselines["train_hash"],
    }
    with pytest.raises(EvaluationError, match="trained on dataset ffffffffffff, the test split belongs to"):
        check_pieces(facts, test_split, baselines, contract)


def test_predictions_carry_no_texts_and_mistakes_do(test_split: FeatureSet, contract: Contract) -> None:
    predictions = always(test_split, 1)
    lines = [json.loads(line) for line in prediction_lines(predictions, test_split, contract).splitlines()]
    assert [line["review_id"] for line in lines] == test_split.review_ids
    assert all(
        set(line) == {"review_id", "group_id", "label", "predicted", "probabilities"} for line in lines
    )
    mistakes = hardest_mistakes(predictions, test_split, contract, 3)
    assert len(mistakes) == 3
    assert mistakes[0]["text"] in test_split.texts
    assert hardest_mistakes(always(test_split, 0), test_split, contract, 3) == []
