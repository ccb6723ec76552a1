"""Experiments start on the newest prepared features, and their verdict comes back."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bertline import experiment_command, experiments, source_queries, step_outputs
from bertline.errors import BadContract, BertlineError, NotDeployed
from bertline.experiment_command import app
from bertline.platform import Platform
from bertline.watch import Execution, Step

from .conftest import FakeS3, client_error
from .test_contracts import TEXT as QUERIED

Fake = Callable[..., Any]
JOB = "arn:aws:sagemaker:us-east-1:1:processing-job/pipelines-2-Prepare"
CONTRACT = (
    'name = "tweets"\nversion = "1"\n[[classes]]\nid = 0\nname = "bad"\n'
    '[[sources]]\ntag = "a"\nfiles = "*.csv"\n'
)
UPLOADED = "s3://raw/contracts/1/"
PREPARED = experiments.Prepared("arn:2", "s3://f/train", "s3://f/validation", UPLOADED, "s3://e/1/")
TRAINING = {
    "Parameters": [
        {"Name": "EncoderUri"},
        {"Name": "ContractUri", "DefaultValue": "s3://assets/1.toml"},
        {"Name": "Epochs", "DefaultValue": 3},
    ],
    "Steps": [{"Name": "Validate"}, {"Name": "Prepare"}],
}
EXPERIMENTS = {
    "Parameters": [
        {"Name": name}
        for name in (
            "ExperimentKind", "TrainData", "ValidationData", "Learner",
        )
    ]
    + [{"Name": name, "DefaultValue": "s3://assets/1.toml"} for name in ("ContractUri", "EncoderUri")],
    "Steps": [],
}  # fmt: skip


def training(**changes: Any) -> dict[str, Any]:
    """A training pipeline whose newest execution failed in Validate; the one before prepared features."""
    ended = {"arn:3": {"Validate": "Failed"}, "arn:2": {"Validate": "Succeeded", "Prepare": "Succeeded"}}

    def steps(*, PipelineExecutionArn: str) -> dict[str, Any]:
        found = [
            {"StepName": name, "StepStatus": state, "Metadata": {"ProcessingJob": {"Arn": JOB}}}
            for name, state in ended[PipelineExecutionArn].items()
        ]
        return {"PipelineExecutionSteps": found}

    outputs = [
        {"OutputName": name, "S3Output": {"S3Uri": f"s3://artifacts/features/2/{name}"}}
        for name in ("train", "validation", "test")
    ]
    return {
        "list_pipeline_executions": {
            "PipelineExecutionSummaries": [{"PipelineExecutionArn": arn} for arn in ended]
        },
        "describe_pipeline_execution": {"PipelineExecutionStatus": "Failed"},
        "describe_pipeline_definition_for_execution": {"PipelineDefinition": json.dumps(TRAINING)},
        "list_pipeline_execution_steps": steps,
        "list_pipeline_parameters_for_execution": {
            "PipelineParameters": [{"Name": "EncoderUri", "Value": "s3://raw/encoder/1/"}]
        },
        "describe_processing_job": {"ProcessingOutputConfig": {"Outputs": outputs}},
        **changes,
    }


def test_the_newest_features_are_those_that_were_prepared(fake: Fake, place: Platform) -> None:
    found = experiments.newest(fake(sagemaker=training()), place)
    assert found.execution == "arn:2"
    assert found.train == "s3://artifacts/features/2/train"
    assert found.validation == "s3://artifacts/features/2/validation"
    assert found.encoder == "s3://raw/encoder/1/"
    assert found.contract == "s3://assets/1.toml"


def test_without_features_there_is_no_experiment(fake: Fake, place: Platform) -> None:
    nothing = training(list_pipeline_executions={"PipelineExecutionSummaries": []})
    with pytest.raises(BertlineError, match="has not prepared features yet"):
        experiments.newest(fake(sagemaker=nothing), place)


def started(
    fake: Fake, place: Platform, prepared: experiments.Prepared = PREPARED, **values: str
) -> tuple[str, dict[str, str]]:
    target = fake(
        sagemaker={
            "describe_pipeline": {"PipelineDefinition": json.dumps(EXPERIMENTS)},
            "start_pipeline_execution": {"PipelineExecutionArn": "arn:9"},
        }
    )
    assert experiments.start(target, place, prepared, values) == "arn:9"
    call = dict(target.clients["sagemaker"].calls)["start_pipeline_execution"]
    return call["PipelineName"], {item["Name"]: item["Value"] for item in call["PipelineParameters"]}


def test_the_experiments_pipeline_gets_features_and_contract(fake: Fake, place: Platform) -> None:
    pipeline, given = started(fake, place, ExperimentKind="LearningCurve", Learner="tfidf")
    assert pipeline == "bertline-dev-experiments"
    assert given == {
        "TrainData": "s3://f/train",
        "ValidationData": "s3://f/validation",
        "ContractUri": UPLOADED,
        "ExperimentKind": "LearningCurve",
        "Learner": "tfidf",
    }


def test_the_encoder_is_sent_to_the_learner_that_needs_it(fake: Fake, place: Platform) -> None:
    given = started(fake, place, ExperimentKind="LearningCurve", Learner="encoder")[1]
    assert given["EncoderUri"] == "s3://e/1/"


def test_features_of_a_contract_that_was_replaced_by_a_deployment_are_refused(
    fake: Fake, place: Platform
) -> None:
    deployed, old = (replace(PREPARED, contract=f"s3://assets/{number}.toml") for number in (1, 0))
    values = {"ExperimentKind": "LearningCurve", "Learner": "tfidf"}
    assert started(fake, place, deployed, **values)[1]["ContractUri"] == "s3://assets/1.toml"
    with pytest.raises(
        BertlineError, match="newest features, of execution arn:2: prepare them anew with `bertline run`"
    ):
        started(fake, place, old, **values)


def test_a_missing_stack_is_named(fake: Fake, place: Platform) -> None:
    def missing(**_: Any) -> Any:
        raise client_error("ResourceNotFound", "no such pipeline")

    with pytest.raises(NotDeployed, match="bertline-dev-experiments is not deployed"):
        experiments.start(
            fake(sagemaker={"describe_pipeline": missing}), place, PREPARED, {"ExperimentKind": "AddData"}
        )


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    folder = tmp_path / "candidate"
    folder.mkdir()
    (folder / "tweets.csv").write_text("a,b\n")
    (tmp_path / "tweets.toml").write_text(CONTRACT)
    return folder


def test_a_candidate_lies_apart_from_reviews(fake: Fake, place: Platform, candidate: Path) -> None:
    target, s3 = fake(), FakeS3()
    target.clients["s3"] = s3
    sent = experiments.send_candidate(target, place, str(candidate), candidate.parent / "tweets.toml")
    assert sent["CandidateData"].startswith("s3://raw/candidates/")
    assert sent["CandidateContract"].startswith("s3://raw/contracts/")
    assert sorted(key.split("/")[0] for key in s3.objects) == ["candidates", "contracts"]
    (candidate.parent / "tweets.toml").write_text(CONTRACT + "# changed\n")
    with pytest.raises(BadContract, match="bump the version"):
        experiments.send_candidate(target, place, str(candidate), candidate.parent / "tweets.toml")


def test_the_results_of_a_candidates_queries_are_sent_too(
    fake: Fake, place: Platform, candidate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_queries, "HOME", candidate.parent)
    monkeypatch.setattr(source_queries, "private_home", lambda: None)
    target, s3 = fake(), FakeS3()
    target.clients["s3"] = s3
    (candidate / "raw.csv").write_text("review,body,stars,title\n1,good,5,t\n")
    contract = candidate.parent / "shop.toml"
    sql = "SELECT review, body, stars, title, 'x' AS shop_name FROM 'raw.csv'"
    contract.write_text(QUERIED.replace("SELECT 1", sql))
    experiments.send_candidate(target, place, str(candidate), contract)
    sent = {key.rsplit("/", 1)[1] for key in s3.objects if key.startswith("candidates/")}
    assert sent == {"raw.csv", "tweets.csv", "joined.parquet"}


def test_the_result_is_fetched(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "RESULTS", tmp_path)
    monkeypatch.setattr(step_outputs, "private_home", lambda: None)
    content = {"verdict": {"words": "Refuse it."}}

    def download(bucket: str, key: str, path: str) -> None:
        assert (bucket, key.rsplit("/", 1)[0]) == ("artifacts", "executions/9/experiment")
        Path(path).write_text(json.dumps(content) if path.endswith(".json") else "# A page")

    uri = {"OutputName": "experiment", "S3Output": {"S3Uri": "s3://artifacts/executions/9/experiment"}}
    target = fake(sagemaker={"describe_processing_job": {"ProcessingOutputConfig": {"Outputs": [uri]}}})
    target.clients["s3"] = type("S3", (), {"download_file": staticmethod(download)})()
    step = Step("Experiment", "Succeeded", job=JOB)
    found = experiments.fetch(target, Execution("arn/9", "Succeeded", [step]))
    assert found.words == "Refuse it."
    assert found.page.read_text() == "# A page"
    assert found.folder == tmp_path / "9"


def test_an_experiment_that_failed_says_why(fake: Fake) -> None:
    failed = Execution("arn/9", "Failed", [Step("Experiment", "Failed", reason="LeverError: too few")])
    with pytest.raises(BertlineError, match="the experiment is Failed: LeverError: too few"):
        experiments.fetch(fake(), failed)


def test_an_unknown_learner_is_refused_before_anything_is_sent() -> None:
    result = CliRunner().invoke(app, ["learning-curve", "--learner", "oracle"])
    assert "--learner is 'oracle': it must be tfidf or encoder" in str(result.exception)


def test_an_experiment_can_be_shown_again(
    fake: Fake, place: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found: list[dict[str, str]] = []
    asked: list[str] = []

    def listed(*, PipelineName: str, **_: Any) -> dict[str, Any]:
        assert PipelineName == "bertline-dev-experiments"
        return {"PipelineExecutionSummaries": found}

    target = fake(sagemaker={"list_pipeline_executions": listed})
    result = experiments.Result({"verdict": {"words": "Refuse it."}}, tmp_path)
    monkeypatch.setattr(experiment_command, "target_of", lambda env: target)
    monkeypatch.setattr(experiment_command.platform, "find", lambda target, env: place)
    monkeypatch.setattr(experiment_command.watch, "follow", lambda target, arn, console: asked.append(arn))
    monkeypatch.setattr(experiments, "fetch", lambda target, execution: result)

    nothing = CliRunner().invoke(app, ["show"])
    assert "no experiment has been started yet" in str(nothing.exception)
    found.append({"PipelineExecutionArn": "arn:p/execution/b"})
    for more in ([], ["--execution", "a"]):
        assert CliRunner().invoke(app, ["show", *more]).exit_code == 0
    assert asked == ["arn:p/execution/b", "arn:p/execution/a"]
