"""Training jobs: what is refused, and what they leave, without an emulator."""

from __future__ import annotations

import re
from typing import Any

import pytest
from boto3.exceptions import S3UploadFailedError

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import lifecycle

from ..conftest import AccountContext
from .requests import CHANNEL, Json, run_job, running, training_request, wait_for

EFS = {
    "FileSystemId": "fs-12345678",
    "FileSystemAccessMode": "ro",
    "FileSystemType": "EFS",
    "DirectoryPath": "/",
}


def _channel(name: str = "train", mode: str | None = None, **source: Any) -> Json:
    found: Json = {
        "ChannelName": name,
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in", **source}},
    }
    return {**found, "InputMode": mode} if mode else found


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (
            training_request(InputDataConfig=[{**CHANNEL, "RecordWrapperType": "RecordIO"}]),
            "'train': RecordWrapperType RecordIO",
        ),
        (
            training_request(InputDataConfig=[{**CHANNEL, "CompressionType": "Gzip"}]),
            "'train': CompressionType Gzip is for Pipe mode",
        ),
        (
            training_request(InputDataConfig=[_channel(S3DataType="AugmentedManifestFile")]),
            "AugmentedManifest",
        ),
        (training_request(InputDataConfig=[_channel(InstanceGroupNames=["g"])]), "no instance group g"),
        (training_request(InputDataConfig=[CHANNEL, CHANNEL]), "ChannelName must be unique"),
        (
            training_request(
                InputDataConfig=[{"ChannelName": "x", "DataSource": {"FileSystemDataSource": EFS}}]
            ),
            "'x': a DataSource of FileSystemDataSource",
        ),
        (training_request(EnableManagedSpotTraining=True), "Invalid MaxWaitTimeInSeconds"),
        (
            training_request(StoppingCondition={"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 2}),
            "only be given when EnableManagedSpotTraining",
        ),
        (
            training_request(
                DebugRuleConfigurations=[{"RuleConfigurationName": "r", "RuleEvaluatorImage": "i"}]
            ),
            "DebugRuleConfigurations",
        ),
        (
            training_request(CheckpointConfig={"S3Uri": "s3://b/c", "LocalPath": "/data"}),
            "CheckpointConfig.Local",
        ),
        (training_request(ResourceConfig={"VolumeSizeInGB": 1}), "InstanceCount must be from 1"),
        (
            training_request(
                AlgorithmSpecification={
                    "TrainingImage": "i",
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [{"Name": "m", "Regex": "("}],
                }
            ),
            "'m' is invalid",
        ),
    ],
)
def test_training_jobs_that_cannot_run_are_refused(ctx: AccountContext, request_: Json, named: str) -> None:
    with pytest.raises(ServiceError, match=named):
        operations.call(ctx, "CreateTrainingJob", request_)


def test_a_stopped_training_job_keeps_what_it_saved(ctx: AccountContext) -> None:
    script = "echo saved > /opt/ml/model/weights; touch /opt/ml/ready; sleep 600"
    run = running(ctx, lifecycle.TRAINING, training_request(entrypoint=["/bin/bash", "-ec", script]))
    wait_for(run, (run.folder / "algo-1" / "opt" / "ml" / "ready").exists)
    operations.call(ctx, "StopTrainingJob", {"TrainingJobName": "train"})
    assert run.done.wait(30)
    job = operations.call(ctx, "DescribeTrainingJob", {"TrainingJobName": "train"})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert [one["Status"] for one in job["SecondaryStatusTransitions"][-2:]] == ["Stopping", "Stopped"]
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": "s3://b/models/train/output/model.tar.gz"}
    assert ("b", "models/train/output/model.tar.gz") in ctx.stub.objects


def test_a_training_job_leaves_model_output_metrics_and_checkpoints(ctx: AccountContext) -> None:
    ctx.stub.objects["b", "in/a.txt"] = b"1"
    ctx.stub.objects["b", "points/epoch-1"] = b"old"
    script = (
        "cat /opt/ml/checkpoints/epoch-1; echo; echo new > /opt/ml/checkpoints/epoch-2;"
        " cp /opt/ml/input/data/train/a.txt /opt/ml/model/; echo x > /opt/ml/output/data/notes;"
        " cp /opt/ml/input/config/*.json /opt/ml/output/data/; echo loss=0.5; echo loss=0.25"
    )
    request = training_request(
        entrypoint=["/bin/bash", "-ec", script],
        InputDataConfig=[{**CHANNEL, "InputMode": "FastFile"}],
        HyperParameters={"epochs": "1"},
        CheckpointConfig={"S3Uri": "s3://b/points"},
    )
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]
    job = run_job(ctx, lifecycle.TRAINING, request)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed", job
    assert [(one["MetricName"], one["Value"]) for one in job["FinalMetricDataList"]] == [("loss", 0.25)]
    assert [one["Status"] for one in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert {key for _, key in ctx.stub.objects} >= {
        "models/train/output/model.tar.gz",
        "models/train/output/output.tar.gz",
        "points/epoch-2",
    }


def test_a_training_failure_carries_the_failure_file(ctx: AccountContext) -> None:
    script = "echo 'CUDA is missing' > /opt/ml/output/failure; exit 1"
    job = run_job(ctx, lifecycle.TRAINING, training_request(entrypoint=["/bin/bash", "-ec", script]))
    assert job["FailureReason"] == "AlgorithmError: CUDA is missing, exit code: 1"
    assert job["SecondaryStatus"] == "Failed"


def test_hosts_of_a_training_job_get_one_place_to_meet_and_other_jobs_another(ctx: AccountContext) -> None:
    script = "cd /opt/ml/checkpoints; echo $MASTER_ADDR:$MASTER_PORT > $$"
    cluster = {"InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    for name, count in (("first", 2), ("second", 2), ("alone", 1)):
        request = training_request(
            name,
            ["/bin/bash", "-ec", script],
            ResourceConfig={**cluster, "InstanceCount": count},
            CheckpointConfig={"S3Uri": f"s3://b/{name}"},
        )
        assert run_job(ctx, lifecycle.TRAINING, request)["TrainingJobStatus"] == "Completed"
    met: dict[str, set[str]] = {"first": set(), "second": set(), "alone": set()}
    for (_, key), body in ctx.stub.objects.items():
        met[key.partition("/")[0]].add(body.decode().strip())
    assert met.pop("alone") == {":"}
    places = [place for (place,) in met.values()]
    assert all(re.fullmatch(r"127\.0\.0\.1:[0-9]+", place) for place in places)
    assert places[0] != places[1]


def test_an_upload_that_is_refused_fails_the_job_by_its_name(
    ctx: AccountContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise S3UploadFailedError("An error occurred (AccessDenied) when calling the PutObject operation")

    monkeypatch.setattr(ctx.stub, "upload_file", refuse)
    job = run_job(ctx, lifecycle.TRAINING, training_request(entrypoint=["touch", "/opt/ml/model/weights"]))
    assert job["FailureReason"].startswith("ClientError: An error occurred (AccessDenied)")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
