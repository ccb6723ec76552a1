"""Versions of pipelines: each new definition is one, and an execution may be started from any."""

from __future__ import annotations

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import not_found
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.pipelines.records import PIPELINE
from local_cloud.sagemaker.store import Record

VERSION = "PipelineVersion"


def add(ctx: Context, pipeline: Record, definition: str) -> int:
    """Make a definition the latest version of a pipeline and return its number."""
    with ctx.store.lock:
        name = pipeline["PipelineName"]
        number = int(ctx.store.get(PIPELINE, name).get("LatestVersion", 0)) + 1
        ctx.store.put(
            VERSION,
            f"{name}/{number}",
            {
                "PipelineArn": pipeline["PipelineArn"],
                "PipelineVersionId": number,
                "PipelineDefinition": definition,
                "CreationTime": now(),
                "LastModifiedTime": now(),
            },
        )
        ctx.store.update(PIPELINE, name, LatestVersion=number)
        return number


def get(ctx: Context, pipeline: Record, number: int | None = None) -> Record:
    """A version of a pipeline, the latest unless a number is given; ServiceError when there is none."""
    wanted = pipeline["LatestVersion"] if number is None else number
    record = ctx.store.find(VERSION, f"{pipeline['PipelineName']}/{wanted}")
    if record is None:
        raise not_found("Pipeline version", f"{pipeline['PipelineName']}, version {wanted}")
    return record


def forget(ctx: Context, pipeline: Record) -> None:
    """Remove all versions of a pipeline."""
    for number in range(1, int(pipeline["LatestVersion"]) + 1):
        ctx.store.delete(VERSION, f"{pipeline['PipelineName']}/{number}")


def ran(ctx: Context, pipeline: Record, number: int, execution_arn: str) -> None:
    """Note the latest execution of a version."""
    ctx.store.update(
        VERSION, f"{pipeline['PipelineName']}/{number}", LastExecutionPipelineExecutionArn=execution_arn
    )


@operation("ListPipelineVersions")
def list_versions(ctx: Context, params: Params) -> Params:
    """The versions of a pipeline by time."""
    arn = resources.get(ctx, PIPELINE, params["PipelineName"])["PipelineArn"]
    found = [one for one in ctx.store.list(VERSION) if one["PipelineArn"] == arn]
    return listing.respond("ListPipelineVersions", params, found)


@operation("UpdatePipelineVersion")
def update_version(ctx: Context, params: Params) -> Params:
    """Name and describe a version."""
    pipeline = resources.get(ctx, PIPELINE, params["PipelineArn"])
    record = get(ctx, pipeline, params["PipelineVersionId"])
    changes = {key: value for key, value in params.items() if key.startswith("PipelineVersionD")}
    name = f"{pipeline['PipelineName']}/{record['PipelineVersionId']}"
    return ctx.store.update(VERSION, name, **changes, LastModifiedTime=now())
