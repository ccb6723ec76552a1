"""The lineage of jobs: a trial component, the artifacts it was given and those it made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.experiments import components, config
from local_cloud.sagemaker.experiments.associations import COMPONENT
from local_cloud.sagemaker.lineage import tracking
from local_cloud.sagemaker.store import Record

Detail = Mapping[str, Any]
# (name of the entry in the component, type of the artifact, URI, media type)
Things = Iterable[tuple[str, str, str | None, str | None]]
_SUFFIX = {
    "TrainingJob": "aws-training-job",
    "ProcessingJob": "aws-processing-job",
    "TransformJob": "aws-transform-job",
}
_LONGEST_VALUE = 2500


def component_name(kind: str, job: str) -> str:
    """The name of the trial component of a job."""
    return f"{job}-{_SUFFIX[kind]}"


def record_training(ctx: Context, job: Detail) -> None:
    """A training job: its image, channels and checkpoints; its model once there is one."""
    algorithm = job.get("AlgorithmSpecification", {})
    given: Things = [
        ("SageMaker.ImageUri", "Image", algorithm.get("TrainingImage"), None),
        *(_channel(channel) for channel in job.get("InputDataConfig", [])),
    ]
    made: Things = [
        ("SageMaker.ModelArtifact", "Model", job.get("ModelArtifacts", {}).get("S3ModelArtifacts"), None),
        ("SageMaker.Checkpoint", "Checkpoint", job.get("CheckpointConfig", {}).get("S3Uri"), None),
    ]
    resource = job.get("ResourceConfig", {})
    _record(ctx, "TrainingJob", job, given, made, {**job.get("HyperParameters", {}), **_size(resource)})


def record_processing(ctx: Context, job: Detail) -> None:
    """A processing job: its image and inputs; its outputs once it has ended well."""
    given: Things = [
        ("SageMaker.ImageUri", "Image", job.get("AppSpecification", {}).get("ImageUri"), None),
        *(
            (item["InputName"], "DataSet", item.get("S3Input", {}).get("S3Uri"), None)
            for item in job.get("ProcessingInputs", [])
        ),
    ]
    made: Things = [
        (item["OutputName"], "DataSet", item.get("S3Output", {}).get("S3Uri"), None)
        for item in job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    ]
    resource = job.get("ProcessingResources", {}).get("ClusterConfig", {})
    _record(ctx, "ProcessingJob", job, given, made, {**job.get("Environment", {}), **_size(resource)})


def record_transform(ctx: Context, job: Detail) -> None:
    """A transform job: its input and its model's data; its output once it has ended well."""
    source = job.get("TransformInput", {}).get("DataSource", {}).get("S3DataSource", {})
    media = job.get("TransformInput", {}).get("ContentType")
    model = resources.find(ctx, "Model", job.get("ModelName", "")) or {}
    containers = [*model.get("Containers", []), *filter(None, [model.get("PrimaryContainer")])]
    data = next((one["ModelDataUrl"] for one in containers if one.get("ModelDataUrl")), None)
    given: Things = [
        ("SageMaker.TransformInput", "DataSet", source.get("S3Uri"), media),
        ("SageMaker.ModelArtifact", "Model", data, None),
    ]
    output = job.get("TransformOutput", {})
    made: Things = [
        ("SageMaker.TransformOutput", "DataSet", output.get("S3OutputPath"), output.get("Accept")),
    ]
    resource = job.get("TransformResources", {})
    _record(ctx, "TransformJob", job, given, made, {**job.get("Environment", {}), **_size(resource)})


def _record(
    ctx: Context, kind: str, job: Detail, given: Things, made: Things, parameters: Mapping[str, Any]
) -> None:
    component = _component(ctx, kind, job, given, made, parameters)
    arn = str(component["TrialComponentArn"])
    for _, type_, uri, _ in given:
        if uri:
            tracking.connect(ctx, tracking.artifact(ctx, uri, type_), arn, "ContributedTo")
    for name, type_, uri, _ in made if job[f"{kind}Status"] == "Completed" else ():
        if uri:
            tracking.connect(ctx, arn, tracking.artifact(ctx, uri, type_, OutputName=name), "Produced")
    if job.get("ExperimentConfig"):
        config.attach(ctx, component["TrialComponentName"], job["ExperimentConfig"])


def _component(
    ctx: Context, kind: str, job: Detail, given: Things, made: Things, parameters: Mapping[str, Any]
) -> Record:
    name = component_name(kind, job[f"{kind}Name"])
    stem = kind.removesuffix("Job")
    ended = job[f"{kind}Status"] == "Completed"
    members: Record = {
        "Source": {"SourceArn": job[f"{kind}Arn"], "SourceType": f"SageMaker{kind}"},
        "Status": _status(job[f"{kind}Status"], job),
        "Parameters": {key: _value(value) for key, value in parameters.items()},
        "InputArtifacts": _entries(given),
        "OutputArtifacts": _entries(made) if ended else {},
        "StartTime": job.get(f"{stem}StartTime"),
        "EndTime": job.get(f"{stem}EndTime"),
        "FinalMetricDataList": job.get("FinalMetricDataList", []),
    }
    shown = job.get("ExperimentConfig", {}).get("TrialComponentDisplayName")
    if shown:
        members["DisplayName"] = shown
    with ctx.store.lock:
        if ctx.store.find(COMPONENT, name) is None:
            return components.create(ctx, name, members)
        return ctx.store.update(COMPONENT, name, **members, LastModifiedTime=now())


def _entries(things: Things) -> dict[str, dict[str, str]]:
    return {
        name: {"Value": uri, **({"MediaType": media} if media else {})}
        for name, _, uri, media in things
        if uri
    }


def _channel(channel: Mapping[str, Any]) -> tuple[str, str, str | None, str | None]:
    source = channel.get("DataSource", {})
    uri = source.get("S3DataSource", {}).get("S3Uri")
    return channel["ChannelName"], "DataSet", uri, channel.get("ContentType")


def _status(status: str, job: Detail) -> dict[str, str]:
    message = job.get("FailureReason")
    return {"PrimaryStatus": status, **({"Message": message[:1024]} if message else {})}


def _size(resource: Mapping[str, Any]) -> dict[str, Any]:
    members = ("InstanceCount", "InstanceType", "VolumeSizeInGB")
    return {f"SageMaker.{key}": resource[key] for key in members if key in resource}


def _value(value: Any) -> dict[str, Any]:
    """A parameter as the component holds it: a number where it reads as one."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isfinite(number):  # an answer in JSON has no other numbers
        return {"NumberValue": number}
    return {"StringValue": str(value)[:_LONGEST_VALUE]}
