"""Cleanup steps: what earlier steps wrote to S3 is deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.jobs.transfer import split_uri
from local_cloud.sagemaker.pipelines import faults
from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed
from local_cloud.sagemaker.pipelines.expressions import Reference
from local_cloud.sagemaker.pipelines.work import Result, Work


def check(arguments: Mapping[str, Any]) -> None:
    """Refuse the arguments of a Cleanup step that do not say what to delete; DefinitionError names it."""
    sources = (arguments.get("Resources") or {}).get("S3") if set(arguments) == {"Resources"} else None
    if not isinstance(sources, list) or not sources:
        raise DefinitionError("a Cleanup step needs Arguments.Resources.S3, a list of {StepName, S3Uris}")
    for one in sources:
        if not isinstance(one, Mapping) or not isinstance(one.get("StepName"), str):
            raise DefinitionError(f"a source of a Cleanup step needs a StepName, got {one!r}")
        if set(one) - {"StepName", "S3Uris"}:
            raise DefinitionError(f"a source of a Cleanup step has StepName and S3Uris only, got {one!r}")


def sources(arguments: Mapping[str, Any]) -> list[Reference]:
    """The steps whose outputs a Cleanup step deletes."""
    return [Reference("step", one["StepName"]) for one in arguments["Resources"]["S3"]]


def clean(clients: RoleClients, work: Work) -> Result:
    """Delete what the sources of a step name.

    Raises
    ------
    StepFailed
        A URI lies outside the output of its step, or S3 refuses.
    """
    client = clients.get("s3")
    deleted: list[str] = []
    for source in work.arguments["Resources"]["S3"]:
        outputs = list(_outputs(work.earlier(source["StepName"])))
        uris = source.get("S3Uris")
        for uri in outputs if uris is None else uris:
            if uris is not None and not any(_below(uri, output) for output in outputs):
                raise StepFailed(f"{uri} is no output of step '{source['StepName']}'")
            try:
                deleted += _delete(client, uri, whole=uris is None)
            except (BotoCoreError, ClientError) as error:
                raise faults.of_call(error, f"deleting {uri}") from error
    return Result({"DeletedObjects": deleted}, {"Cleanup": {"DeletedObjectCount": len(deleted)}})


def _outputs(properties: Mapping[str, Any]) -> Iterator[str]:
    """Where a job has written: of a training job below its own name only."""
    for output in properties.get("ProcessingOutputConfig", {}).get("Outputs", []):
        if "S3Output" in output:
            yield str(output["S3Output"]["S3Uri"])
    if "TransformOutput" in properties:
        yield str(properties["TransformOutput"]["S3OutputPath"])
    if "OutputDataConfig" in properties and "TrainingJobName" in properties:
        prefix = str(properties["OutputDataConfig"]["S3OutputPath"]).rstrip("/")
        yield f"{prefix}/{properties['TrainingJobName']}"


def _below(uri: str, prefix: str) -> bool:
    return uri == prefix or uri.startswith(prefix.rstrip("/") + "/")


def _delete(client: Any, uri: str, *, whole: bool) -> list[str]:
    bucket, key = split_uri(uri)
    if not whole:
        client.delete_object(Bucket=bucket, Key=key)
        return [uri]
    found = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key.rstrip("/") + "/"):
        for one in page.get("Contents", []):
            client.delete_object(Bucket=bucket, Key=one["Key"])
            found.append(f"s3://{bucket}/{one['Key']}")
    return found
