"""What CreateProcessingJob and CreateTrainingJob are asked, and how a job of it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.jobs import lifecycle

from ..conftest import AccountContext

ROLE = "arn:aws:iam::123456789012:role/r"
Json = dict[str, Any]
CHANNEL = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}},
}


def processing_request(name: str = "job", script: str = "true", instances: int = 1, **more: Any) -> Json:
    cluster = {"InstanceCount": instances, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": "i", "ContainerEntrypoint": ["/bin/bash", "-ec", script]},
        **more,
    }


def s3_input(**changes: Any) -> Json:
    source = {"S3Uri": "s3://b/in", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": "in", "S3Input": {**source, "LocalPath": "/opt/ml/processing/in", **changes}}


def s3_output(
    path: str = "/opt/ml/processing/out", name: str = "out", mode: str = "EndOfJob", to: str = "s3://b/out"
) -> Json:
    target = {"S3Uri": to, "LocalPath": path, "S3UploadMode": mode}
    return {"Outputs": [{"OutputName": name, "S3Output": target}]}


def training_request(name: str = "train", entrypoint: list[str] | None = None, **more: Any) -> Json:
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


def wait_for(run: lifecycle.Run, seen: Callable[[], object]) -> None:
    """Wait until something is there that a job makes; its end comes before that only when it fails."""
    while not seen() and not run.done.is_set():
        run.done.wait(0.02)
    assert seen(), run.ctx.store.find(run.kind.name, run.name)


def running(ctx: AccountContext, kind: lifecycle.Kind, request: Json) -> lifecycle.Run:
    """Start a job."""
    operations.call(ctx, f"Create{kind.name}", request)
    run = lifecycle.find_run(ctx, kind, request[f"{kind.name}Name"])
    assert run is not None
    return run


def job_folder(ctx: AccountContext) -> Path:
    return ctx.home / "jobs" / ctx.account / ctx.region / "processing" / "job"


def run_job(ctx: AccountContext, kind: lifecycle.Kind, request: Json) -> Json:
    name = request[f"{kind.name}Name"]
    operations.call(ctx, f"Create{kind.name}", request)
    run = lifecycle.find_run(ctx, kind, name)
    assert run is None or run.done.wait(30)
    return operations.call(ctx, f"Describe{kind.name}", {f"{kind.name}Name": name})
