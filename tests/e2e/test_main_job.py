"""The main job on a slice of the real data: raw reviews in, an answering endpoint out, and every refusal."""

import json
import math
from typing import Any

import pytest

from bertline import approval, endpoint, evaluation, logs, uploads
from bertline.data import datasets
from bertline.watch import Execution

from .conftest import Deployed

pytestmark = pytest.mark.e2e

STEPS = ["LiveModel", "Validate", "Prepare", "Baselines", "Train", "Evaluate", "Gate", "Register", "Refuse"]


@pytest.fixture(scope="module")
def first(deployed: Deployed) -> Execution:
    return deployed.run()


def packages(deployed: Deployed) -> list[dict[str, Any]]:
    group = deployed.place.model_package_group
    found = deployed.target.client("sagemaker").list_model_packages(
        ModelPackageGroupName=group, MaxResults=100
    )
    return list(found["ModelPackageSummaryList"])


def test_every_step_runs_and_the_model_is_registered(deployed: Deployed, first: Execution) -> None:
    assert first.state == "Succeeded", [(s.name, s.state, s.reason) for s in first.steps]
    assert sorted(s.name for s in first.steps) == sorted(STEPS)
    assert {s.name for s in first.steps if s.state == "Succeeded"} == set(STEPS) - {"Refuse"}
    assert first.step("Refuse").state == "Not run"
    assert packages(deployed)[-1]["ModelApprovalStatus"] == "PendingManualApproval"


def test_the_registered_model_has_a_card_made_of_the_same_numbers(
    deployed: Deployed, first: Execution
) -> None:
    package = deployed.target.client("sagemaker").describe_model_package(
        ModelPackageName=approval.find(deployed.target, deployed.place, None)
    )
    card = json.loads(package["ModelCard"]["ModelCardContent"])
    accuracy = evaluation.fetch(deployed.target, first).content["metrics"]["accuracy"]["value"]
    groups = card["evaluation_details"][0]["metric_groups"]
    assert round(accuracy, 6) in [metric["value"] for group in groups for metric in group["metric_data"]]


def test_the_registered_model_names_its_dataset_and_the_dataset_tells_what_it_is(
    deployed: Deployed, first: Execution
) -> None:
    package = deployed.target.client("sagemaker").describe_model_package(
        ModelPackageName=approval.find(deployed.target, deployed.place, None)
    )
    dataset = evaluation.fetch(deployed.target, first).content["data"]["dataset"]
    assert package["CustomerMetadataProperties"]["DatasetHash"] == dataset["hash"]
    card = datasets.find(
        deployed.target.client("s3"), deployed.place.artifact_bucket, str(dataset["hash"])[:12]
    )
    assert card.content == dataset
    assert [source["tag"] for source in card.content["sources"]] == ["amazon"]


def test_training_reported_its_metrics(deployed: Deployed, first: Execution) -> None:
    job = str(first.step("Train").job).rsplit("/", 1)[1]
    found = deployed.target.client("sagemaker").describe_training_job(TrainingJobName=job)
    metrics = {m["MetricName"]: m["Value"] for m in found["FinalMetricDataList"]}
    assert set(metrics) >= {"train:loss", "validation:loss", "validation:accuracy", "validation:macro_f1"}
    assert all(math.isfinite(value) for value in metrics.values())


def test_logs_are_where_cloudwatch_has_them(deployed: Deployed, first: Execution) -> None:
    text = "\n".join(logs.of_step(first.step("Train"), deployed.target))
    assert "validation_macro_f1=" in text


def test_features_are_in_the_feature_store(deployed: Deployed, first: Execution) -> None:
    runtime = deployed.target.client("sagemaker-featurestore-runtime")
    record = runtime.get_record(
        FeatureGroupName=deployed.place.feature_group, RecordIdentifierValueAsString="1_1"
    )["Record"]
    values = {feature["FeatureName"]: feature["ValueAsString"] for feature in record}
    ids = json.loads(values["input_ids"])
    assert len(ids) == int(values["length"]) == len(json.loads(values["attention_mask"]))
    assert values["split"] in ("train", "validation", "test")
    assert values["label"] == ("negative", "neutral", "positive")[int(values["label_id"])]


def test_the_evaluation_has_verdict_numbers_and_report(deployed: Deployed, first: Execution) -> None:
    found = evaluation.fetch(deployed.target, first)
    low, high = found.content["metrics"]["accuracy"]["interval"]
    assert low <= found.content["metrics"]["accuracy"]["value"] <= high
    assert set(found.content["baselines"]) == {"majority", "vader", "tfidf"}
    assert found.content["live"] == {"package": None, "reason": "no model is live yet"}
    assert 0.7 < found.content["human"]["levels"]["1"]["accuracy"]["value"] < 1
    assert found.passed and found.content["gate"]["reasons"] == []
    page = found.report.read_text()
    assert "<svg" in page or "data:image" in page
    assert "http://" not in page.replace("http://www.w3.org", "") and "<script src" not in page


def test_an_approved_model_answers_at_the_endpoint(deployed: Deployed, first: Execution) -> None:
    package = approval.find(deployed.target, deployed.place, None)
    approval.approve(deployed.target, package, "by a test")
    approval.wait_until_served(deployed.target, deployed.place.endpoint, package)
    answers = endpoint.invoke(
        deployed.target, deployed.place.endpoint, ["i love it, works great", "it broke. awful!", " "]
    )
    assert answers[0]["predicted_label"] == 1 and answers[1]["predicted_label"] == -1
    assert math.isclose(sum(answers[0]["probabilities"].values()), 1.0, abs_tol=1e-3)
    assert answers[0]["probability"] == max(answers[0]["probabilities"].values())
    assert answers[0]["model_version"] == package.rsplit("/", 1)[1]
    assert answers[2]["error"]["line"] == 3


def test_an_equal_run_is_judged_against_the_live_model_and_then_takes_over_the_endpoint(
    deployed: Deployed, first: Execution
) -> None:
    _, served = approval.served(deployed.target.client("sagemaker"), deployed.place.endpoint)
    again = deployed.run()
    assert again.state == "Succeeded", [(s.name, s.reason) for s in again.steps if s.reason]
    assert {s.name for s in again.steps if s.cached} == {"Validate", "Prepare", "Train"}
    live = evaluation.fetch(deployed.target, again).content["baselines"]["live"]
    assert live["facts"]["package"] == served
    assert live["difference"]["macro_f1"]["value"] == 0.0  # it is the same model
    assert live["difference"]["macro_f1"]["verdict"] == "not worse"
    third = deployed.run()
    assert {s.name for s in third.steps if s.cached} == {
        "Validate",
        "Prepare",
        "Baselines",
        "Train",
        "Evaluate",
    }
    newest = approval.find(deployed.target, deployed.place, None)
    approval.approve(deployed.target, newest, "by a test")
    approval.wait_until_served(deployed.target, deployed.place.endpoint, newest)
    (answer,) = endpoint.invoke(deployed.target, deployed.place.endpoint, ["fine"])
    assert answer["model_version"] == newest.rsplit("/", 1)[1]


def test_approving_an_older_version_again_goes_back_to_it(deployed: Deployed, first: Execution) -> None:
    oldest = approval.find(deployed.target, deployed.place, 1)
    approval.approve(deployed.target, oldest, "back, by a test")
    approval.wait_until_served(deployed.target, deployed.place.endpoint, oldest)
    (answer,) = endpoint.invoke(deployed.target, deployed.place.endpoint, ["fine"])
    assert answer["model_version"] == "1"


def test_a_floor_out_of_reach_is_refused_with_the_reason_and_registers_nothing(
    deployed: Deployed, first: Execution
) -> None:
    before = len(packages(deployed))
    refused = deployed.run(MinAccuracyValue="0.99")
    assert refused.state == "Failed"
    assert refused.step("Refuse").state == "Failed"
    assert "0.99" in refused.step("Refuse").reason and "accuracy" in refused.step("Refuse").reason.lower()
    assert refused.step("Register").state == "Not run"
    assert len(packages(deployed)) == before
    assert refused.step("Train").cached  # only the evaluation had to be done again


def test_parameters_given_at_the_start_reach_the_jobs(deployed: Deployed, first: Execution) -> None:
    split = {"TrainSplitPercentage": "0.6", "ValidationSplitPercentage": "0.2", "TestSplitPercentage": "0.2"}
    training = {"Epochs": "3", "TrainStepsPerEpoch": "4", "Seed": "7"}
    other = deployed.run(**split, **training, MaxSeqLength="16", ProcessingInstanceCount="2")
    assert other.step("Evaluate").state == "Succeeded", [(s.name, s.reason) for s in other.steps if s.reason]
    counts, before = (split_counts(deployed, execution) for execution in (other, first))
    assert counts["test"] > before["test"] and counts["train"] < before["train"]
    assert sum(counts.values()) == sum(before.values())
    assert "epoch=3 validation_loss" in training_log(deployed, other)
    assert "epoch=3 validation_loss" not in training_log(deployed, first)
    data = evaluation.fetch(deployed.target, other).content["data"]
    assert data["max_seq_length"] == 16 and data["splits"]["train"]["truncated_share"] > 0.3


def training_log(deployed: Deployed, execution: Execution) -> str:
    return "\n".join(logs.of_step(execution.step("Train"), deployed.target))


def split_counts(deployed: Deployed, execution: Execution) -> dict[str, int]:
    """Rows of each split as the evaluation recorded them."""
    splits = evaluation.fetch(deployed.target, execution).content["data"]["splits"]
    return {name: int(split["rows"]) for name, split in splits.items()}


def test_bad_rows_above_the_limit_stop_the_run_with_their_reasons(deployed: Deployed, tmp_path: Any) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "amazonReviewSnippets_GroundTruth.txt").write_text("1_1\t0.5\tgood\n1_2\t0.5\t\n1_3\t0.5\t\n")
    ratings = "".join(f"1_{n}\t0.5\t0.1\t[1, 1, 0]\n" for n in (1, 2, 3))
    (folder / "amazonReviewSnippets_anonDataRatings.txt").write_text(ratings)
    sent = uploads.upload(deployed.target.client("s3"), folder, deployed.place.raw_bucket, "reviews")
    stopped = deployed.run(InputData=sent.uri)
    assert stopped.state == "Failed"
    assert "empty_text" in stopped.step("Validate").reason
    assert stopped.step("Prepare").state == "Not run"
    verdict = deployed.output(stopped, "Validate", "validation", "validation.json")  # the evidence is kept
    assert verdict["reasons"] == {"empty_text": 2} and "empty_text" in verdict["failed"]
