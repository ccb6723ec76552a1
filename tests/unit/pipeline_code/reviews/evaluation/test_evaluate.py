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
    Evidence,
    check_pieces,
    evaluate,
    hardest_mistakes,
    mistake_lines,
    prediction_lines,
)
from pipeline_code.reviews.evaluation.figures import uncalibrated
from pipeline_code.reviews.predictions import Predictions, ServingRefused, predict, predict_texts
from tests.unit.pipeline_code.reviews.evaluation.evidence import CHEAP, answers, evidence, split_of
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
    return answers((test.label_ids + shift) % 3, sure=0.8)


@pytest.fixture
def judged(test_split: FeatureSet, baselines: dict[str, Any], contract: Contract) -> Evidence:
    """A model that is always right."""
    labels = [contract.class_names.index(item.label) for item in contract.must_pass]
    right = answers(np.array(labels, np.int64))
    return Evidence(contract, test_split, baselines, always(test_split, 0), right, CHEAP)


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
    with pytest.raises(ServingRefused, match=f"refused review {test_split.review_ids[0]}: a text may hold 3"):
        predict(model, test_split, contract)


def test_texts_of_no_split_are_answered_in_their_order(model: Path, contract: Contract) -> None:
    found = predict_texts(model, ["great love excellent good", "awful bad hate broken"], contract)
    assert [contract.class_names[place] for place in found.class_ids] == ["positive", "negative"]
    assert len(predict_texts(model, [], contract).class_ids) == 0


def test_a_perfect_and_a_wrong_model(judged: Evidence) -> None:
    good = evaluate(judged, min_accuracy=0.7, seed=1)
    assert good["metrics"]["accuracy"]["value"] == good["metrics"]["accuracy"]["interval"][1] == 1.0
    assert good["classes"]["neutral"]["pr_auc"]["value"] == 1.0
    assert good["must_pass"] == {"examples": 2, "failures": []}
    test = judged.test
    wrong = replace(judged, predictions=always(test, 1), must_pass=answers(np.array([0, 0])))
    bad = evaluate(wrong, min_accuracy=0.7, seed=1)
    assert bad["metrics"]["macro_f1"]["value"] == 0.0
    assert bad["gate"]["passed"] is False
    assert bad["baselines"]["tfidf"]["difference"]["accuracy"]["interval"][1] < 0
    assert bad["baselines"]["tfidf"]["difference"]["accuracy"]["verdict"] == "worse"
    counts = np.array(bad["confusion_matrix"]["counts"])
    assert counts.sum(axis=1).tolist() == np.bincount(test.label_ids, minlength=3).tolist()
    assert counts[0][1] == counts.sum(axis=1)[0]
    (failure,) = bad["must_pass"]["failures"]
    assert (failure["number"], failure["label"], failure["predicted"]) == (1, "positive", "negative")


def test_every_declared_slice_has_figures_people_and_the_live_model(judged: Evidence) -> None:
    live = {**judged.baselines["models"]["majority"], "kind": "live"}
    models = judged.baselines["models"] | {"live": live}
    found = evaluate(
        replace(judged, baselines=judged.baselines | {"models": models}), min_accuracy=0.7, seed=1
    )
    assert list(found["slices"]) == [item.name for item in judged.contract.slices]
    short = found["slices"]["short"]
    assert short["rows"] == sum(len(text.split()) <= 5 for text in judged.test.texts)
    assert short["accuracy"]["value"] == 1.0
    assert 0 < short["human"] <= 1
    assert short["ceiling_gain"]["value"] == 0.0
    assert short["live_difference"]["value"] > 0
    assert found["slices"]["negation"]["rows"] == 0
    assert found["slices"]["negation"]["accuracy"] is None
    assert found["baselines"]["live"]["difference"]["accuracy"]["verdict"] == "better"


def test_a_weak_slice_that_nobody_declared_is_found_with_the_accuracy_of_the_confirming_half(
    contract: Contract,
) -> None:
    numbers = np.random.default_rng(5).integers(0, 400, size=(3000, 8))
    words = np.char.add("w", numbers.astype(str)).astype(object)
    words[::20, 0] = "gizmo"
    texts = [" ".join(row) for row in words]
    test = split_of(texts, [f"g{place // 5}" for place in range(3000)], np.arange(3000) % 3)
    weak = np.array(["gizmo" in text for text in texts])
    wrong = np.random.default_rng(6).random(3000) < np.where(weak, 0.7, 0.15)
    predicted = np.where(wrong, (test.label_ids + 1) % 3, test.label_ids)
    found = evaluate(evidence(contract, test, answers(predicted), {}), min_accuracy=0.5, seed=1)
    (first,) = found["discovered_slices"]
    assert first["description"] == "texts with 'gizmo'"
    assert first["rows"] == weak.sum()
    assert first["accuracy"]["value"] == pytest.approx(1 - first["error_rate"])


def test_people_stand_beside_the_model_on_the_rows_that_people_rated(contract: Contract) -> None:
    labels = np.tile([0, 1, 2], 20)
    opinions = ['{"ratings": "[-3, -3, -2]"}', '{"ratings": "[0, 0, 0]"}', "{}"] * 20
    groups = [f"g{place // 3}" for place in range(60)]
    test = split_of([f"text {place}" for place in range(60)], groups, labels, opinions)
    predicted = np.where(labels == 1, 0, labels)
    found = evaluate(evidence(contract, test, answers(predicted), {}), min_accuracy=0.5, seed=1)["human"]
    assert found["rows"] == 40
    assert found["model"]["accuracy"] == pytest.approx(0.5)
    assert found["model"]["recall"] == {"negative": 1.0, "neutral": 0.0, "positive": None}


def test_the_answer_counts_even_where_another_class_is_more_probable(judged: Evidence) -> None:
    chosen = Predictions(np.tile([0.2, 0.3, 0.5], (len(judged.test), 1)), judged.test.label_ids.copy(), 0)
    found = evaluate(replace(judged, predictions=chosen), min_accuracy=0.7, seed=1)
    assert found["metrics"]["accuracy"]["value"] == 1.0
    assert set(chosen.confidence.tolist()) <= {0.2, 0.3, 0.5}


def test_calibration_can_be_taken_back() -> None:
    logits = np.random.default_rng(1).normal(size=(50, 3)) * 3
    decision = {"temperature": 1.7, "bias": [0.3, -0.2, 0.0]}

    def softmax(values: Any) -> Any:
        weights = np.exp(values - values.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    answered = softmax(logits / 1.7 + np.array(decision["bias"]))
    assert uncalibrated(answered, decision) == pytest.approx(softmax(logits), abs=1e-9)
    assert uncalibrated(answered, {}) == pytest.approx(answered)


def test_a_temperature_that_nothing_was_fitted_on_is_none(contract: Contract) -> None:
    labels = np.tile([0, 1, 2], 4)
    test = split_of(["a text"] * 12, [f"g{place // 3}" for place in range(12)], labels)
    plain = {"temperature": 1.0, "bias": [0.0] * 3, "fitted_on": None}
    for decision, shown in ((plain, None), (plain | {"temperature": 1.7, "fitted_on": "validation"}, 1.7)):
        judged = evidence(contract, test, answers(labels), {}, facts={"decision": decision})
        found = evaluate(judged, min_accuracy=0.5, seed=1)
        assert found["calibration"]["temperature"] == shown


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


def test_predictions_carry_no_texts_and_mistakes_do(judged: Evidence) -> None:
    wrong = replace(judged, predictions=always(judged.test, 1))
    lines = [json.loads(line) for line in prediction_lines(wrong).splitlines()]
    assert [line["review_id"] for line in lines] == judged.test.review_ids
    assert all("text" not in line and line["correct"] is False for line in lines)
    assert lines[0]["human"] == judged.baselines["human"]["one_rater"][0]
    hardest = hardest_mistakes(wrong, 3)
    assert len(hardest) == 3
    assert hardest[0]["text"] in judged.test.texts
    assert len(mistake_lines(wrong).splitlines()) == len(judged.test)
    assert hardest_mistakes(judged, 3) == []
