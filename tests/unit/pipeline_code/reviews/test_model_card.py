"""The model card fits SageMaker's schema and API, and says what evaluation.json says."""

import json
from typing import Any

import boto3
import jsonschema
import pytest
from botocore.validate import ParamValidator
from sagemaker.core.shapes.model_card_shapes import ModelCardContent

from pipeline_code.reviews import model_card as cards
from pipeline_code.reviews.model_card import ModelCardError, model_card, model_card_document
from tests.unit.pipeline_code.reviews.card_schema import SCHEMA
from tests.unit.pipeline_code.reviews.report import example

EVALUATIONS = {"passed": example.evaluation, "refused": example.refused, "bare": example.bare}


def metrics_of(card: dict[str, Any]) -> dict[str, dict[str, Any]]:
    groups = card["evaluation_details"][0]["metric_groups"]
    return {f"{group['name']}: {one['name']}": one for group in groups for one in group["metric_data"]}


@pytest.mark.parametrize("name", EVALUATIONS)
def test_the_card_fits_the_published_schema(name: str) -> None:
    card = model_card(EVALUATIONS[name]())
    jsonschema.Draft202012Validator(SCHEMA).validate(card)
    ModelCardContent.model_validate(card)


def test_the_schema_of_this_test_refuses_what_sagemaker_refuses() -> None:
    card = model_card(example.evaluation())
    for spoil in (
        lambda found: found["model_overview"].update(model_name="a"),
        lambda found: found["intended_uses"].update(risk_rating="none"),
        lambda found: found["evaluation_details"][0]["metric_groups"][0]["metric_data"][0].update(value=None),
        lambda found: found["additional_information"].update(ethical_considerations="a" * 2049),
    ):
        spoiled = json.loads(json.dumps(card))
        spoil(spoiled)
        assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(spoiled)


def test_the_figures_are_those_of_the_evaluation() -> None:
    found = example.evaluation()
    card = model_card(found)
    metrics = metrics_of(card)
    accuracy = metrics["Metrics: Accuracy"]
    assert accuracy["value"] == round(found["metrics"]["accuracy"]["value"], 6)
    assert accuracy["notes"] == "95 % interval 0.7044 to 0.8172"
    assert metrics["Classes: Recall of neutral"]["value"] == round(found["classes"]["neutral"]["recall"], 6)
    assert "critical, 74 test texts" in metrics["Slices: Accuracy in negation"]["notes"]
    assert "Slices: Accuracy in product = router" not in metrics
    beside = "Beside people and other models"
    assert metrics[f"{beside}: Accuracy, people (k = 1)"]["value"] == 0.85
    assert "this model is: not worse" in metrics[f"{beside}: Accuracy, live"]["notes"]
    matrix = metrics["Confusion matrix: Test texts by true (rows) and predicted class"]
    assert matrix["value"] == found["confusion_matrix"]["counts"]
    assert len(metrics["Calibration: Reliability"]["value"]) == 7
    assert metrics["Gate: min_accuracy"]["value"] == "passed"
    assert card["evaluation_details"][0]["evaluation_observation"] == found["gate"]["summary"]
    details = card["additional_information"]["custom_details"]
    assert details["model_archive_sha256"] == found["model"]["archive_sha256"]


def test_weak_groups_and_unjudged_rules_are_named() -> None:
    card = model_card(example.evaluation())
    assert (
        "negation (accuracy 0.69 on 74 texts)" in card["intended_uses"]["factors_affecting_model_efficiency"]
    )
    assert "unanimous" not in card["intended_uses"]["factors_affecting_model_efficiency"]
    caveats = card["additional_information"]["caveats_and_recommendations"]
    assert "Not judged by the gate: critical slice product = router has 3 test texts" in caveats


def test_missing_parts_leave_no_metric_behind() -> None:
    metrics = metrics_of(model_card(example.bare()))
    assert not [name for name in metrics if "people" in name.split(": ", 1)[1] or name.startswith("Slices")]
    assert "Size, speed and cost: Cost of 1,000 answers, US dollars" not in metrics
    assert "Size, speed and cost: Model archive, MB" in metrics


def test_the_document_is_one_line_that_the_api_takes() -> None:
    document = model_card_document(example.evaluation())
    assert list(document) == ["content"]
    assert json.loads(document["content"]) == model_card(example.evaluation())
    assert document["content"].isascii()
    assert "\n" not in document["content"]
    client = boto3.client("sagemaker", region_name="us-east-1")
    shape = client.meta.service_model.operation_model("CreateModelPackage").input_shape
    assert shape.members["ModelCard"].members["ModelCardContent"].metadata["max"] == cards.CONTENT_CHARACTERS
    request = {"ModelCard": {"ModelCardContent": document["content"], "ModelCardStatus": "PendingReview"}}
    assert not ParamValidator().validate(request, shape).has_errors()


def test_long_names_and_many_slices_are_cut_to_the_schema() -> None:
    found = example.evaluation()
    one = found["slices"]["negation"]
    found["slices"] = {f"{number} {'long ' * 100}": one for number in range(300)}
    found["gate"]["summary"] = "s" * 5000
    for rule in found["gate"]["rules"]:
        rule["reason"] = "r" * 5000
    found["model"]["hyperparameters"] = {f"h{number}": "v" * 400 for number in range(150)} | {"empty": ""}
    card = model_card(found)
    jsonschema.Draft202012Validator(SCHEMA).validate(card)
    assert len(model_card_document(found)["content"]) <= cards.CONTENT_CHARACTERS


def test_a_card_that_is_too_long_leaves_out_the_least_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model_card_document(example.evaluation())["content"]
    monkeypatch.setattr(cards, "CONTENT_CHARACTERS", len(whole) - 1)
    card = json.loads(model_card_document(example.evaluation())["content"])
    names = [group["name"] for group in card["evaluation_details"][0]["metric_groups"]]
    assert names[0] == "Metrics"
    assert "Confusion matrix" not in names
    caveats = card["additional_information"]["caveats_and_recommendations"]
    assert caveats.startswith("Left out for length, see evaluation.json: Confusion matrix")
    monkeypatch.setattr(cards, "CONTENT_CHARACTERS", 100)
    with pytest.raises(ModelCardError, match=r"characters of 100: shorten names"):
        model_card_document(example.evaluation())
