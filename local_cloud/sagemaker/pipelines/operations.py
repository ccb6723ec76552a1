"""Operations of pipelines: create, update, describe, list and delete."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import in_use, validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.pipelines import definition, records, versions
from local_cloud.sagemaker.pipelines.errors import DefinitionError
from local_cloud.sagemaker.pipelines.records import EXECUTION, PIPELINE


@operation("CreatePipeline")
def create_pipeline(ctx: Context, params: Params) -> Params:
    """Create a pipeline whose definition can run here; the same request token creates it once."""
    name = params["PipelineName"]
    earlier = _created(ctx, params)
    if earlier:
        return earlier
    record = _with_definition(ctx, params)  # not under the lock: it may have to ask S3
    if "PipelineDefinition" not in record:
        raise validation("Give PipelineDefinition or PipelineDefinitionS3Location.")
    record.update(PipelineStatus="Active", CreatedBy={}, LastModifiedBy={})
    record.setdefault("PipelineDisplayName", name)
    with ctx.store.lock:
        earlier = _created(ctx, params)
        if earlier:
            return earlier
        made = resources.create(ctx, PIPELINE, name, record)
        versions.add(ctx, made, record["PipelineDefinition"])
        return made


@operation("UpdatePipeline")
def update_pipeline(ctx: Context, params: Params) -> Params:
    """Change a pipeline; executions that run keep the definition they started with."""
    changes = _with_definition(ctx, params)
    with ctx.store.lock:
        record = resources.get(ctx, PIPELINE, params["PipelineName"])
        name = record["PipelineName"]
        new = str(changes.get("PipelineDefinition", record["PipelineDefinition"]))
        changes["PipelineName"] = name
        updated = ctx.store.update(PIPELINE, name, **changes, LastModifiedTime=now())
        same = new == record["PipelineDefinition"]
        number = record["LatestVersion"] if same else versions.add(ctx, updated, new)
        return {**updated, "PipelineVersionId": number}


@operation("DescribePipeline")
def describe_pipeline(ctx: Context, params: Params) -> Params:
    """A pipeline by name or ARN, with the definition of its latest version or of the one asked for."""
    record = resources.get(ctx, PIPELINE, params["PipelineName"])
    version = versions.get(ctx, record, params.get("PipelineVersionId"))
    shown = ("PipelineDefinition", "PipelineVersionDisplayName", "PipelineVersionDescription")
    return {**record, **{key: version[key] for key in shown if key in version}}


@operation("ListPipelines")
def list_pipelines(ctx: Context, params: Params) -> Params:
    """Pipelines by name and time."""
    return listing.respond("ListPipelines", params, ctx.store.list(PIPELINE), name="PipelineName")


@operation("DeletePipeline")
def delete_pipeline(ctx: Context, params: Params) -> Params:
    """Delete a pipeline that does not run, with its executions."""
    with ctx.store.lock:  # no execution starts meanwhile
        record = resources.get(ctx, PIPELINE, params["PipelineName"])
        mine = [one for one in ctx.store.list(EXECUTION) if one["PipelineArn"] == record["PipelineArn"]]
        busy = [one for one in mine if one["PipelineExecutionStatus"] in ("Executing", "Stopping")]
        if busy:
            raise in_use(PIPELINE, record["PipelineName"], f"{busy[0]['PipelineExecutionArn']} is running")
        resources.delete(ctx, PIPELINE, record["PipelineName"])
        for one in mine:
            records.forget(ctx, one)
        versions.forget(ctx, record)
        records.forget_cache(ctx, record["PipelineArn"])
    return {"PipelineArn": record["PipelineArn"]}


def _created(ctx: Context, params: Params) -> Params | None:
    """The pipeline that the same request has created before; ServiceError when another has the name."""
    name = params["PipelineName"]
    earlier = resources.find(ctx, PIPELINE, name)
    if earlier and earlier["ClientRequestToken"] != params["ClientRequestToken"]:
        raise validation(
            "Pipeline names must be unique within an AWS account and region. "
            f"Pipeline with name ({name}) already exists."
        )
    return earlier


def _with_definition(ctx: Context, params: Params) -> Params:
    """The parameters with a checked definition in place of its location."""
    record = dict(params)
    location = record.pop("PipelineDefinitionS3Location", None)
    if location:
        record["PipelineDefinition"] = _fetched(ctx, location)
    if "PipelineDefinition" in record:
        try:
            definition.parse(record["PipelineDefinition"])
        except DefinitionError as error:
            raise validation(f"Unable to parse pipeline definition: {error}") from error
    return record


def _fetched(ctx: Context, location: Params) -> str:
    wanted = {"Bucket": location["Bucket"], "Key": location["ObjectKey"]}
    if "VersionId" in location:
        wanted["VersionId"] = location["VersionId"]
    try:
        return str(ctx.s3().get_object(**wanted)["Body"].read().decode())
    except (BotoCoreError, ClientError, UnicodeDecodeError) as error:
        where = f"s3://{wanted['Bucket']}/{wanted['Key']}"
        raise validation(f"Unable to read the pipeline definition {where}: {error}") from error
