"""The experiment of a pipeline and the trial of each execution, as PipelineExperimentConfig asks for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.experiments import associations, config
from local_cloud.sagemaker.experiments.associations import COMPONENT
from local_cloud.sagemaker.experiments.trials import EXPERIMENT, TRIAL
from local_cloud.sagemaker.lineage.jobs import component_name

_EXECUTION = "PipelineExecution"
_JOBS = ("TrainingJob", "ProcessingJob", "TransformJob")


def record_execution(ctx: Context, detail: Mapping[str, Any]) -> None:
    """Make the experiment and the trial of an execution that starts."""
    if detail["currentPipelineExecutionStatus"] == "Executing":
        _trial(ctx, detail)


def record_step(ctx: Context, detail: Mapping[str, Any]) -> None:
    """Put the job of a step into the trial of its execution; a cached job stays where it was run."""
    if detail.get("cacheHitResult"):
        return
    for kind in _JOBS:
        told = detail.get("metadata", {}).get(kind[:1].lower() + kind[1:], {})
        job = str(told.get("arn", "")).rpartition("/")[2]
        component = ctx.store.find(COMPONENT, component_name(kind, job)) if job else None
        trial = _trial(ctx, detail) if component else None
        if component and trial:
            associations.link(ctx, trial, component["TrialComponentName"])


def _trial(ctx: Context, detail: Mapping[str, Any]) -> str | None:
    """The trial of an execution; None when its definition asks for none."""
    arn = str(detail["pipelineExecutionArn"])
    execution = ctx.store.find(_EXECUTION, arn)
    if execution is None:
        return None
    ran = operations.call(ctx, "DescribePipelineDefinitionForExecution", {"PipelineExecutionArn": arn})
    asked = json.loads(ran["PipelineDefinition"]).get("PipelineExperimentConfig") or {}
    known = {
        "Execution.PipelineName": execution.get("PipelineName") or arn.split("/")[1],
        "Execution.PipelineArn": execution["PipelineArn"],
        "Execution.PipelineExecutionId": arn.rpartition("/")[2],
        "Execution.PipelineExecutionArn": arn,
        "Execution.StartDateTime": execution["CreationTime"].isoformat(),
        **{f"Parameters.{one['Name']}": one["Value"] for one in execution.get("PipelineParameters") or []},
    }
    names = {key: _resolved(value, known) for key, value in asked.items()}
    experiment, trial = names.get("ExperimentName"), names.get("TrialName")
    if not experiment or not trial:
        return None
    source = {"SourceArn": execution["PipelineArn"], "SourceType": "SageMakerPipeline"}
    found = config.ensure(ctx, EXPERIMENT, experiment, Source=source)
    source = {"SourceArn": arn, "SourceType": "SageMakerPipelineExecution"}
    named = str(found["ExperimentName"])
    return str(config.ensure(ctx, TRIAL, trial, ExperimentName=named, Source=source)["TrialName"])


def _resolved(value: Any, known: Mapping[str, Any]) -> str | None:
    """A name that is written out, or a reference to the execution or a parameter."""
    if isinstance(value, dict):
        found = known.get(str(value.get("Get")))
        return None if found is None else str(found)
    return str(value) if value else None
