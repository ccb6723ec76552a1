"""What jobs are refused, and what becomes of the others, without an emulator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import lifecycle, processing, training
from local_cloud.sagemaker.jobs.logs import LogShipper

from ..conftest import AccountContext

ROLE = "arn:aws:iam::123456789012:role/r"
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No CloudWatch, no STS."""

    class Silent(LogShipper):
        def __init__(self, *_: Any, **__: Any) -> None: ...
        def line(self, number: int, text: str) -> None: ...
        def metric(self, metric: Json) -> None: ...
        def close(self) -> None: ...

    monkeypatch.setattr(processing, "LogShipper", Silent)
    monkeypatch.setattr(training, "LogShipper", Silent)
    monkeypatch.setattr(AccountContext, "job_environment", lambda self, role: {"ROLE": role})


def _processing(name: str = "job", script: str = "true", instances: int = 1, **more: Any) -> Json:
    cluster = {"InstanceCount": instances, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": "i", "ContainerEntrypoint": ["/bin/bash", "-ec", script]},
        **more,
    }


def _input(**changes: Any) -> Json:
    source = {"S3Uri": "s3://b/in", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": "in", "S3Input": {**source, "LocalPath": "/opt/ml/processing/in", **changes}}


def _output(path: str = "/opt/ml/processing/out", name: str = "out") -> Json:
    target = {"S3Uri": "s3://b/out", "LocalPath": path, "S3UploadMode": "EndOfJob"}
    return {"Outputs": [{"OutputName": name, "S3Output": target}]}


def _training(name: str = "train", entrypoint: list[str] | None = None, **more: Any) -> Json:
    algorithm = {"TrainingImage": "i", "TrainingInputMode": "File"}
    if entrypoint:
        algorithm["ContainerEntrypoint"] = entrypoint  # type: ignore[assignment]
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": algorithm,
        "OutputDataConfig": {"S3OutputPath": "s3://b/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def _ended(ctx: AccountContext, kind: lifecycle.Kind, request: Json) -> Json:
    name = request[f"{kind.name}Name"]
    operations.call(ctx, f"Create{kind.name}", request)
    run = lifecycle.find_run(ctx, kind, name)
    assert run is None or run.done.wait(30)
    return operations.call(ctx, f"Describe{kind.name}", {f"{kind.name}Name": name})


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (_processing(ProcessingInputs=[_input(LocalPath="/data")]), "'/data' of 'in'"),
        (
            _processing(ProcessingInputs=[_input(LocalPath="/opt/ml/processing/../x")]),
            "below /opt/ml/processing",
        ),
        (_processing(ProcessingInputs=[_input(S3DataType="ManifestFile")]), "'in': only S3DataType S3Prefix"),
        (_processing(ProcessingInputs=[_input(S3InputMode="Pipe")]), "'in': only S3InputMode File"),
        (_processing(ProcessingInputs=[_input(), _input()]), "must be unique: in"),
        (_processing(ProcessingOutputConfig=_output("/tmp/x")), "'/tmp/x' of 'out'"),
    ],
)
def test_processing_jobs_that_cannot_run_are_refused(ctx: AccountContext, request_: Json, named: str) -> None:
    with pytest.raises(ServiceError, match=named):
        operations.call(ctx, "CreateProcessingJob", request_)
    assert ctx.store.list("ProcessingJob") == []


CHANNEL = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}},
}


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (_training(InputDataConfig=[{**CHANNEL, "InputMode": "Pipe"}]), "'train': input mode Pipe"),
        (_training(ResourceConfig={"VolumeSizeInGB": 1}), "InstanceCount must be from 1"),
        (
            _training(
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


def test_a_processing_job_moves_data_through_its_folders(
    ctx: AccountContext, events: list[tuple[str, Mapping[str, Any]]]
) -> None:
    ctx.stub.objects["b", "in/a.txt"] = b"hello"
    script = "tr a-z A-Z < /opt/ml/processing/in/a.txt > /opt/ml/processing/out/a.txt; echo $WHO $ROLE >&2"
    request = _processing(
        script=script,
        ProcessingInputs=[_input()],
        ProcessingOutputConfig=_output(),
        Environment={"WHO": "me"},
    )
    job = _ended(ctx, lifecycle.PROCESSING, request)
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert ctx.stub.objects["b", "out/a.txt"] == b"HELLO"
    assert not (ctx.home / "jobs" / "job").exists()
    announced = [detail["ProcessingJobStatus"] for kind, detail in events if "Processing Job" in kind]
    assert announced == ["InProgress", "Completed"]


def test_every_instance_knows_its_place(ctx: AccountContext) -> None:
    script = "cp /opt/ml/config/resourceconfig.json /opt/ml/processing/out/$RANDOM-$$.json"
    _ended(
        ctx, lifecycle.PROCESSING, _processing(script=script, instances=2, ProcessingOutputConfig=_output())
    )
    found = [json.loads(body) for (_, key), body in ctx.stub.objects.items() if key.startswith("out/")]
    assert sorted(one["current_host"] for one in found) == ["algo-1", "algo-2"]
    assert all(one["hosts"] == ["algo-1", "algo-2"] for one in found)


def test_a_job_finds_its_own_description(ctx: AccountContext) -> None:
    script = "cp /opt/ml/config/processingjobconfig.json /opt/ml/processing/out/"
    _ended(ctx, lifecycle.PROCESSING, _processing(script=script, ProcessingOutputConfig=_output()))
    found = json.loads(ctx.stub.objects["b", "out/processingjobconfig.json"])
    assert found["ProcessingJobArn"].endswith(":processing-job/job")
    path = found["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["LocalPath"]
    assert path == str(ctx.home / "jobs" / "job" / "algo-1" / "opt" / "ml" / "processing" / "out")


def test_a_failed_job_keeps_its_folder_and_uploads_nothing(ctx: AccountContext) -> None:
    script = "touch /opt/ml/processing/out/half; echo 'why not' > /opt/ml/output/message; exit 7"
    job = _ended(ctx, lifecycle.PROCESSING, _processing(script=script, ProcessingOutputConfig=_output()))
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == job["ExitMessage"] == "AlgorithmError: why not, exit code: 7"
    assert ctx.stub.objects == {}
    assert (ctx.home / "jobs" / "job" / "algo-1" / "output.log").exists()


def test_input_that_is_not_there_fails_the_job(ctx: AccountContext) -> None:
    job = _ended(ctx, lifecycle.PROCESSING, _processing(ProcessingInputs=[_input()]))
    assert job["FailureReason"].startswith("ClientError: Data download failed: No S3 objects found")


def test_a_time_limit_stops_the_job(ctx: AccountContext) -> None:
    request = _processing(script="sleep 600", StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = _ended(ctx, lifecycle.PROCESSING, request)
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeInSeconds" in job["FailureReason"]


def test_a_name_is_used_once_and_an_ended_job_cannot_be_stopped(ctx: AccountContext) -> None:
    _ended(ctx, lifecycle.PROCESSING, _processing())
    with pytest.raises(ServiceError) as caught:
        operations.call(ctx, "CreateProcessingJob", _processing())
    assert caught.value.code == "ResourceInUse"
    with pytest.raises(ServiceError, match="Completed; it cannot be stopped"):
        operations.call(ctx, "StopProcessingJob", {"ProcessingJobName": "job"})


def test_a_stopped_training_job_keeps_what_it_saved(ctx: AccountContext) -> None:
    script = "echo saved > /opt/ml/model/weights; touch /opt/ml/ready; sleep 600"
    operations.call(ctx, "CreateTrainingJob", _training(entrypoint=["/bin/bash", "-ec", script]))
    run = lifecycle.find_run(ctx, lifecycle.TRAINING, "train")
    assert run is not None
    ready = run.folder / "algo-1" / "opt" / "ml" / "ready"
    while not ready.exists() and not run.done.is_set():
        run.done.wait(0.02)
    operations.call(ctx, "StopTrainingJob", {"TrainingJobName": "train"})
    assert run.done.wait(30)
    job = operations.call(ctx, "DescribeTrainingJob", {"TrainingJobName": "train"})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
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
    request = _training(
        entrypoint=["/bin/bash", "-ec", script],
        InputDataConfig=[{**CHANNEL, "InputMode": "FastFile"}],
        HyperParameters={"epochs": "1"},
        CheckpointConfig={"S3Uri": "s3://b/points"},
    )
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]
    job = _ended(ctx, lifecycle.TRAINING, request)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed", job
    assert [(one["MetricName"], one["Value"]) for one in job["FinalMetricDataList"]] == [("loss", 0.25)]
    assert [one["Status"] for one in job["SecondaryStatusTransitions"]] == [
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
    job = _ended(ctx, lifecycle.TRAINING, _training(entrypoint=["/bin/bash", "-ec", script]))
    assert job["FailureReason"] == "AlgorithmError: CUDA is missing, exit code: 1"
    assert job["SecondaryStatus"] == "Failed"


def test_jobs_are_listed_by_status_and_name(ctx: AccountContext) -> None:
    for name, script in (("good-1", "true"), ("bad", "false"), ("good-2", "true")):
        _ended(ctx, lifecycle.PROCESSING, _processing(name, script))
    found = operations.call(ctx, "ListProcessingJobs", {"StatusEquals": "Completed", "NameContains": "good"})
    names = [one["ProcessingJobName"] for one in found["ProcessingJobSummaries"]]
    assert sorted(names) == ["good-1", "good-2"]
