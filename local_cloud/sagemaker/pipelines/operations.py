"""Operations of pipelines: create, update, describe, list and delete."""

from __future__ import annotations

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import in_use, validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.pipelines import definition
from local_cloud.sagemaker.pipelines import executions as executions
from local_cloud.sagemaker.pipelines.errors import DefinitionError

PIPELINE, EXECUTION = "Pipeline", "PipelineExecution"


@operation("CreatePipeline")
def create_pipeline(ctx: Context, params: Params) -> Params:
    """Create a pipeline whose definition can run here."""
    record = _with_definition(ctx, params)
    if "PipelineDefinition" not in record:
        raise validation("Give PipelineDefinition or PipelineDefinitionS3Location.")
    record.pop("ClientRequestToken", None)
    record.update(PipelineStatus="Active", CreatedBy={}, LastModifiedBy={})
    record.setdefault("PipelineDisplayName", params["PipelineName"])
    return resources.create(ctx, PIPELINE, params["PipelineName"], record)


@operation("UpdatePipeline")
def update_pipeline(ctx: Context, params: Params) -> Params:
    """Change a pipeline; executions that run keep the definition they started with."""
    name = resources.get(ctx, PIPELINE, params["PipelineName"])["PipelineName"]
    changes = _with_definition(ctx, params)
    changes["PipelineName"] = name
    return ctx.store.update(PIPELINE, name, **changes, LastModifiedTime=now())


@operation("DescribePipeline")
def describe_pipeline(ctx: Context, params: Params) -> Params:
    """A pipeline by name or ARN."""
    return resources.get(ctx, PIPELINE, params["PipelineName"])


@operation("ListPipelines")
def list_pipelines(ctx: Context, params: Params) -> Params:
    """Pipelines by name and time."""
    prefix = params.get("PipelineNamePrefix", "")
    found = [one for one in ctx.store.list(PIPELINE) if one["PipelineName"].startswith(prefix)]
    return listing.respond("ListPipelines", params, found, name="PipelineName")


@operation("DeletePipeline")
def delete_pipeline(ctx: Context, params: Params) -> Params:
    """Delete a pipeline that does not run, with its executions."""
    record = resources.get(ctx, PIPELINE, params["PipelineName"])
    mine = [one for one in ctx.store.list(EXECUTION) if one["PipelineArn"] == record["PipelineArn"]]
    busy = [one for one in mine if one["PipelineExecutionStatus"] in ("Executing", "Stopping")]
    if busy:
        raise in_use(PIPELINE, record["PipelineName"], f"{busy[0]['PipelineExecutionArn']} is running")
    resources.delete(ctx, PIPELINE, record["PipelineName"])
    for one in mine:
        ctx.store.delete(EXECUTION, one["PipelineExecutionArn"])
    return {"PipelineArn": record["PipelineArn"]}


def _with_definition(ctx: Context, params: Params) -> Params:
    """The parameters with a checked definition in place of its location."""
    record = dict(params)
    location = record.pop("PipelineDefinitionS3Location", None)
    if location:
        wanted = {"Bucket": location["Bucket"], "Key": location["ObjectKey"]}
        if "VersionId" in location:
            wanted["VersionId"] = location["VersionId"]
        record["PipelineDefinition"] = ctx.s3().get_object(**wanted)["Body"].read().decode()
    if "PipelineDefinition" in record:
        try:
            definition.parse(record["PipelineDefinition"])
        except DefinitionError as error:
            raise validation(f"Unable to parse pipeline definition: {error}") from error
    return record
