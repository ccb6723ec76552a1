"""Processing and training jobs as their callers see them: states, reasons, stops and constraints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import until

from .conftest import Account
from .makers import processing, training

ENDED = ("Completed", "Failed", "Stopped")


def process(account: Account, *command: str, **more: Any) -> None:
    params = processing(account)
    params["AppSpecification"]["ContainerEntrypoint"] = list(command)
    account.sagemaker.create_processing_job(ProcessingJobName="p", **params, **more)


def train(account: Account, *command: str, **more: Any) -> None:
    params = training(account)
    params["AlgorithmSpecification"]["ContainerEntrypoint"] = list(command)
    params["OutputDataConfig"] = {"S3OutputPath": f"s3://{account.bucket()}/out"}
    account.sagemaker.create_training_job(TrainingJobName="t", **{**params, **more})


def processed(account: Account, *wanted: str) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        return dict(account.sagemaker.describe_processing_job(ProcessingJobName="p"))

    return dict(until(read, lambda found: found["ProcessingJobStatus"] in (wanted or ENDED)))


def trained(account: Account, *wanted: str) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        return dict(account.sagemaker.describe_training_job(TrainingJobName="t"))

    return dict(until(read, lambda found: found["TrainingJobStatus"] in (wanted or ENDED)))


def test_a_processing_job_that_ends_well_is_completed(account: Account) -> None:
    process(account, "true")
    described = processed(account)
    assert described["ProcessingJobStatus"] == "Completed"
    assert "FailureReason" not in described
    assert described["CreationTime"] <= described["ProcessingStartTime"] <= described["ProcessingEndTime"]


def test_a_processing_job_that_exits_otherwise_has_failed_with_its_code(account: Account) -> None:
    process(account, "sh", "-c", "exit 3")
    described = processed(account)
    assert described["ProcessingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("AlgorithmError: ")
    assert "exit code: 3" in described["FailureReason"]


def test_a_processing_job_is_stopped(account: Account) -> None:
    process(account, "sleep", "60")
    account.sagemaker.stop_processing_job(ProcessingJobName="p")
    assert processed(account)["ProcessingJobStatus"] == "Stopped"


def test_a_processing_job_takes_its_data_from_s3_and_leaves_its_own_there(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    s3.put_object(Bucket=bucket, Key="in/a.txt", Body=b"hello")
    folder = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3Uri": f"s3://{bucket}/in"}
    taken = {"InputName": "a", "S3Input": {**folder, "LocalPath": "/opt/ml/processing/in"}}
    local = {"S3Uri": f"s3://{bucket}/out", "LocalPath": "/opt/ml/processing/out"}
    left = {"OutputName": "b", "S3Output": {**local, "S3UploadMode": "EndOfJob"}}
    process(
        account,
        "cp",
        "/opt/ml/processing/in/a.txt",
        "/opt/ml/processing/out/b.txt",
        ProcessingInputs=[taken],
        ProcessingOutputConfig={"Outputs": [left]},
    )
    assert processed(account)["ProcessingJobStatus"] == "Completed"
    assert s3.get_object(Bucket=bucket, Key="out/b.txt")["Body"].read() == b"hello"


def test_a_training_job_goes_through_its_secondary_states(account: Account) -> None:
    train(account, "true")
    described = trained(account)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Completed", "Completed")
    states = [one["Status"] for one in described["SecondaryStatusTransitions"]]
    assert states[0] == "Starting"
    assert states.index("Training") < states.index("Uploading") < states.index("Completed")
    assert described["ModelArtifacts"]["S3ModelArtifacts"].endswith("/out/t/output/model.tar.gz")


def test_the_failure_message_of_a_training_job_is_its_reason(account: Account) -> None:
    script = "mkdir -p /opt/ml/output && echo -n 'no such column' > /opt/ml/output/failure; exit 1"
    train(account, "sh", "-c", script)
    described = trained(account)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Failed", "Failed")
    assert described["FailureReason"].startswith("AlgorithmError: ")
    assert "no such column" in described["FailureReason"]


def test_a_training_job_is_stopped(account: Account) -> None:
    train(account, "sleep", "60")
    account.sagemaker.stop_training_job(TrainingJobName="t")
    described = trained(account)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped", "Stopped")


@pytest.mark.parametrize(
    ("operation", "member", "said"),
    [
        ("stop_processing_job", "ProcessingJobName", "Could not find requested job with name: none"),
        ("stop_training_job", "TrainingJobName", "Requested resource not found."),
        ("stop_transform_job", "TransformJobName", "Could not find requested job with name: none"),
    ],
)
def test_what_is_not_there_is_not_stopped(account: Account, operation: str, member: str, said: str) -> None:
    assert account.refused(operation, **{member: "none"}) == ("ValidationException", said)


def test_a_tuning_job_that_is_not_there_is_not_stopped(account: Account) -> None:
    code, _ = account.refused("stop_hyper_parameter_tuning_job", HyperParameterTuningJobName="none")
    assert code == "ResourceNotFound"


def test_what_has_ended_is_not_stopped(account: Account) -> None:
    process(account, "true")
    processed(account)
    code, _ = account.refused("stop_processing_job", ProcessingJobName="p")
    assert code == "ValidationException"


def test_jobs_are_listed_by_status(account: Account) -> None:
    process(account, "false")
    processed(account)

    def listed(status: str) -> list[str]:
        found = account.sagemaker.list_processing_jobs(StatusEquals=status)["ProcessingJobSummaries"]
        return [one["ProcessingJobName"] for one in found]

    assert (listed("Failed"), listed("Completed")) == (["p"], [])


def _with(params: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    *lead, last = path.split(".")
    at = params
    for part in lead:
        at = at[part]
    at[last] = value
    return params


@pytest.mark.parametrize(
    ("path", "value", "constraint"),
    [
        ("RoleArn", "arn:aws:iam::12:role/short", "regular expression pattern: "),
        ("ResourceConfig.InstanceType", "ml.none.large", "enum value set: ["),
        ("AlgorithmSpecification.TrainingInputMode", "Slowly", "enum value set: ["),
        ("OutputDataConfig.S3OutputPath", "/data", "regular expression pattern: "),
    ],
)
def test_constraints_of_a_training_job(account: Account, path: str, value: str, constraint: str) -> None:
    params = _with(training(account), path, value)
    code, message = account.refused("create_training_job", TrainingJobName="t", **params)
    spelt = ".".join(part[0].lower() + part[1:] for part in path.split("."))
    assert code == "ValidationException"
    start = f"1 validation error detected: Value '{value}' at '{spelt}' failed to satisfy constraint: "
    assert message.startswith(f"{start}Member must satisfy {constraint}")


@pytest.mark.parametrize(
    ("path", "value", "constraint"),
    [
        ("ProcessingResources.ClusterConfig.InstanceCount", 101, "have value less than or equal to 100"),
        ("ProcessingResources.ClusterConfig.VolumeSizeInGB", 16385, "have value less than or equal to 16384"),
        ("AppSpecification.ImageUri", "a" * 256, "have length less than or equal to 255"),
    ],
)
def test_constraints_of_a_processing_job(account: Account, path: str, value: object, constraint: str) -> None:
    params = _with(processing(account), path, value)
    code, message = account.refused("create_processing_job", ProcessingJobName="p", **params)
    spelt = ".".join(part[0].lower() + part[1:] for part in path.split("."))
    assert code == "ValidationException"
    assert f"at '{spelt}' failed to satisfy constraint: Member must {constraint}" in message
