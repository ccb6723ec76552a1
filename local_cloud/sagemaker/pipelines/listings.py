"""Operations that tell of executions: describe, and lists of executions, steps and parameters."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.pipelines import records, versions
from local_cloud.sagemaker.pipelines.records import EXECUTION, PIPELINE
from local_cloud.sagemaker.store import Record


@operation("DescribePipelineExecution")
def describe(ctx: Context, params: Params) -> Params:
    """An execution by ARN."""
    return records.get(ctx, params["PipelineExecutionArn"])


@operation("DescribePipelineDefinitionForExecution")
def describe_definition(ctx: Context, params: Params) -> Params:
    """The definition an execution was started with."""
    record = records.get(ctx, params["PipelineExecutionArn"])
    pipeline = resources.get(ctx, PIPELINE, record["PipelineArn"])
    version = versions.get(ctx, pipeline, record["PipelineVersionId"])
    return {"PipelineDefinition": version["PipelineDefinition"], "CreationTime": record["CreationTime"]}


@operation("ListPipelineExecutions")
def list_executions(ctx: Context, params: Params) -> Params:
    """Executions of a pipeline."""
    arn = resources.get(ctx, PIPELINE, params["PipelineName"])["PipelineArn"]
    found = [one for one in ctx.store.list(EXECUTION) if one["PipelineArn"] == arn]
    for one in found:
        one.update(StartTime=one["CreationTime"], PipelineExecutionFailureReason=one.get("FailureReason"))
    return listing.respond("ListPipelineExecutions", params, found)


@operation("ListPipelineExecutionSteps")
def list_steps(ctx: Context, params: Params) -> Params:
    """The steps an execution has started so far, the latest first."""
    record = _asked(ctx, params)
    steps = [{**step, "CreationTime": step["StartTime"]} for step in record["Steps"].values()]
    return listing.respond("ListPipelineExecutionSteps", params, steps)


@operation("ListPipelineParametersForExecution")
def list_parameters(ctx: Context, params: Params) -> Params:
    """The parameters an execution was started with, those left at their default included."""
    given: dict[str, Any] = {**params, "SortOrder": "Ascending"}
    shown = _asked(ctx, params)["PipelineParameters"]
    return listing.respond("ListPipelineParametersForExecution", given, shown)


def _asked(ctx: Context, params: Params) -> Record:
    if "PipelineExecutionArn" not in params:
        raise validation("Give PipelineExecutionArn.")
    return records.get(ctx, params["PipelineExecutionArn"])
