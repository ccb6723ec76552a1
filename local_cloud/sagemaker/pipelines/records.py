"""What is kept of executions: their records, what their steps left behind, the step cache, and the events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import not_found
from local_cloud.sagemaker.pipelines.cache import CachedStep
from local_cloud.sagemaker.pipelines.work import Json
from local_cloud.sagemaker.store import Record

PIPELINE, EXECUTION, RESULT, CACHE = "Pipeline", "PipelineExecution", "PipelineStepResult", "StepCache"
ENDED = ("Succeeded", "Failed", "Stopped", "CompletedWithFailures")
_REQUEST = "PipelineRequest"
_EXECUTION_EVENT = "SageMaker Model Building Pipeline Execution Status Change"
_STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"


def get(ctx: Context, arn: str) -> Record:
    """The record of an execution; ServiceError when there is none."""
    record = ctx.store.find(EXECUTION, arn)
    if record is None:
        raise not_found("Pipeline execution", arn)
    return record


def note(ctx: Context, arn: str, **changes: Any) -> Record:
    """Set members of the record of an execution, its status among them, and announce that."""
    with ctx.store.lock:
        before = ctx.store.get(EXECUTION, arn)["PipelineExecutionStatus"]
        record = ctx.store.update(EXECUTION, arn, **changes, LastModifiedTime=now())
        announce(ctx, record, before)
        return record


def announce(ctx: Context, record: Record, before: str | None) -> None:
    """Send the event of an execution whose status is new."""
    ended = record["PipelineExecutionStatus"] in ENDED
    detail = {
        "pipelineArn": record["PipelineArn"],
        "pipelineExecutionArn": record["PipelineExecutionArn"],
        "pipelineExecutionDisplayName": record["PipelineExecutionDisplayName"],
        "previousPipelineExecutionStatus": before,
        "currentPipelineExecutionStatus": record["PipelineExecutionStatus"],
        "executionStartTime": record["CreationTime"],
        "executionEndTime": record["LastModifiedTime"] if ended else None,
        "failureReason": record.get("FailureReason"),
    }
    kept = {key: value for key, value in detail.items() if value is not None}
    ctx.emit(_EXECUTION_EVENT, kept, [record["PipelineArn"], record["PipelineExecutionArn"]])


def replayed(ctx: Context, operation: str, token: str | None) -> Record | None:
    """The answer that an operation gave to the same request token before, or None."""
    return ctx.store.find(_REQUEST, f"{operation}/{token}") if token else None


def remember(ctx: Context, operation: str, token: str | None, answer: Record) -> Record:
    """Keep the answer to a request token, and return it."""
    if token:
        ctx.store.put(_REQUEST, f"{operation}/{token}", answer)
    return answer


def results(ctx: Context, arn: str, names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """What steps of an execution left behind, by name; those that left nothing are missing."""
    found = {name: ctx.store.find(RESULT, f"{arn}/{name}") for name in names}
    return {name: record["Properties"] for name, record in found.items() if record is not None}


def forget(ctx: Context, record: Record) -> None:
    """Remove an execution and all that its steps left behind."""
    arn = record["PipelineExecutionArn"]
    ctx.store.delete(EXECUTION, arn)
    for name in record["Steps"]:
        ctx.store.delete(RESULT, f"{arn}/{name}")


def forget_cache(ctx: Context, pipeline_arn: str) -> None:
    """Remove what the step cache holds of a pipeline."""
    for one in ctx.store.list(CACHE):
        if one["execution_arn"].startswith(f"{pipeline_arn}/"):
            ctx.store.delete(CACHE, one["key"])


class StoredCache:
    """The step cache of an account and region, in its store."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def find(self, key: str) -> CachedStep | None:
        """The latest step that ended well under a key."""
        record = self._ctx.store.find(CACHE, key)
        if record is None:
            return None
        return CachedStep(record["execution_arn"], record["ended"], record["properties"], record["metadata"])

    def put(self, key: str, step: CachedStep) -> None:
        """Keep a step that ended well."""
        self._ctx.store.put(CACHE, key, {**vars(step), "key": key})


class Recorder:
    """Writes what happens to an execution into its record and onto the event bus."""

    def __init__(self, ctx: Context, pipeline_arn: str, arn: str) -> None:
        self._ctx, self._pipeline_arn, self._arn = ctx, pipeline_arn, arn

    def result(self, name: str, properties: Mapping[str, Any]) -> None:
        """Keep what a step leaves for later steps, and for later executions."""
        self._ctx.store.put(RESULT, f"{self._arn}/{name}", {"Properties": dict(properties)})

    def step(self, record: Json) -> None:
        """Store a step's record; announce it when its status is new."""
        before: list[str | None] = []

        def change(execution: Record) -> None:
            known = execution["Steps"].get(record["StepName"], {})
            before.append(known.get("StepStatus"))
            execution["Steps"][record["StepName"]] = dict(record)
            execution["LastModifiedTime"] = now()

        self._ctx.store.modify(EXECUTION, self._arn, change)
        if before[0] == record["StepStatus"]:
            return
        detail = {
            "metadata": _lower_keys(record["Metadata"]),
            "stepType": record["StepType"],
            "stepName": record["StepName"],
            "pipelineArn": self._pipeline_arn,
            "pipelineExecutionArn": self._arn,
            "previousStepStatus": before[0],
            "currentStepStatus": record["StepStatus"],
            "cacheHitResult": _lower_keys(record.get("CacheHitResult", {})),
            "stepStartTime": record["StartTime"],
            "stepEndTime": record.get("EndTime"),
            "failureReason": record.get("FailureReason"),
        }
        kept = {key: value for key, value in detail.items() if value is not None}
        self._ctx.emit(_STEP_EVENT, kept, [self._pipeline_arn, self._arn])


def _lower_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lower_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_lower_keys(item) for item in value]
    return value
