"""Operations of pipeline executions: start, stop, describe, list, steps and parameters."""

from __future__ import annotations

import json
import logging
import secrets
import string
import threading
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import not_found, validation
from local_cloud.sagemaker.jobs.errors import JobFailed
from local_cloud.sagemaker.jobs.transfer import split_uri
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.pipelines import definition, parameters
from local_cloud.sagemaker.pipelines.cache import CachedStep
from local_cloud.sagemaker.pipelines.errors import StepFailed
from local_cloud.sagemaker.pipelines.executor import Execution, Facts, Json, Outcome
from local_cloud.sagemaker.pipelines.runner import CloudRunner
from local_cloud.sagemaker.store import Record

_log = logging.getLogger("local_cloud.sagemaker.pipelines")
PIPELINE, EXECUTION, CACHE, TOKEN = "Pipeline", "PipelineExecution", "StepCache", "ExecutionToken"
_EXECUTION_EVENT = "SageMaker Model Building Pipeline Execution Status Change"
_STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"
_ID_LETTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 12
_running: dict[str, Execution] = {}


@operation("StartPipelineExecution")
def start(ctx: Context, params: Params) -> Params:
    """Check the parameters and start an execution; the same request token gives the same execution."""
    if "SelectiveExecutionConfig" in params:
        raise validation("SelectiveExecutionConfig is not supported here")
    pipeline = resources.get(ctx, PIPELINE, params["PipelineName"])
    parsed = definition.parse(pipeline["PipelineDefinition"])
    values = parameters.values(parsed.parameters, params.get("PipelineParameters", []))
    with ctx.store.lock:
        earlier = ctx.store.find(TOKEN, params["ClientRequestToken"])
        if earlier:
            return {"PipelineExecutionArn": earlier["PipelineExecutionArn"]}
        record = _record(pipeline, params)
        arn = record["PipelineExecutionArn"]
        ctx.store.put(EXECUTION, arn, record)
        ctx.store.put(TOKEN, params["ClientRequestToken"], {"PipelineExecutionArn": arn})
        ctx.store.update(
            PIPELINE,
            pipeline["PipelineName"],
            LastRunTime=record["CreationTime"],
            LastExecutionTime=record["CreationTime"],
        )
        _launch(ctx, pipeline, record, parsed, values)
    return {"PipelineExecutionArn": arn}


@operation("StopPipelineExecution")
def stop(ctx: Context, params: Params) -> Params:
    """Stop an execution and the jobs it runs."""
    arn = params["PipelineExecutionArn"]
    with ctx.store.lock:
        status = _get(ctx, arn)["PipelineExecutionStatus"]
        execution = _running.get(arn)
        if execution is None:
            raise validation(f"Pipeline execution {arn} is {status}; it cannot be stopped.")
        if status == "Executing":
            _note(ctx, arn, PipelineExecutionStatus="Stopping")
        execution.stop.set()
    return {"PipelineExecutionArn": arn}


@operation("DescribePipelineExecution")
def describe(ctx: Context, params: Params) -> Params:
    """An execution by ARN."""
    return _get(ctx, params["PipelineExecutionArn"])


@operation("DescribePipelineDefinitionForExecution")
def describe_definition(ctx: Context, params: Params) -> Params:
    """The definition an execution was started with."""
    record = _get(ctx, params["PipelineExecutionArn"])
    return {"PipelineDefinition": record["PipelineDefinition"], "CreationTime": record["CreationTime"]}


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
    """The steps an execution has started so far."""
    record = _get(ctx, params["PipelineExecutionArn"])
    steps = [{**step, "CreationTime": step["StartTime"]} for step in record["Steps"].values()]
    return listing.respond("ListPipelineExecutionSteps", params, steps)


@operation("ListPipelineParametersForExecution")
def list_parameters(ctx: Context, params: Params) -> Params:
    """The parameters an execution was started with, those left at their default included."""
    record = _get(ctx, params["PipelineExecutionArn"])
    given = {**params, "SortOrder": "Ascending"}
    return listing.respond("ListPipelineParametersForExecution", given, record["PipelineParameters"])


class StoredCache:
    """The step cache of an account and region, in its store."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def find(self, key: str) -> CachedStep | None:
        """The latest step that ended well under a key."""
        record = self._ctx.store.find(CACHE, key)
        return CachedStep(**record) if record else None

    def put(self, key: str, step: CachedStep) -> None:
        """Keep a step that ended well."""
        self._ctx.store.put(CACHE, key, {**vars(step)})


class Recorder:
    """Writes what happens to an execution into its record and onto the event bus."""

    def __init__(self, ctx: Context, pipeline_arn: str, arn: str) -> None:
        self._ctx, self._pipeline_arn, self._arn = ctx, pipeline_arn, arn

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
            "stepType": next(iter(record["Metadata"]), ""),
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


def _record(pipeline: Record, params: Params) -> Record:
    identity = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
    at = now()
    return {
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineExecutionArn": f"{pipeline['PipelineArn']}/execution/{identity}",
        "PipelineExecutionId": identity,
        "PipelineExecutionDisplayName": params.get("PipelineExecutionDisplayName", f"execution-{identity}"),
        "PipelineExecutionDescription": params.get("PipelineExecutionDescription"),
        "PipelineExecutionStatus": "Executing",
        "PipelineDefinition": pipeline["PipelineDefinition"],
        "ParallelismConfiguration": params.get(
            "ParallelismConfiguration", pipeline.get("ParallelismConfiguration")
        ),
        "CreationTime": at,
        "LastModifiedTime": at,
        "CreatedBy": {},
        "LastModifiedBy": {},
        "Steps": {},
    }


def _launch(
    ctx: Context, pipeline: Record, record: Record, parsed: definition.Definition, values: dict[str, Any]
) -> None:
    arn, identity = record["PipelineExecutionArn"], record["PipelineExecutionId"]
    shown = [{"Name": name, "Value": _written(value)} for name, value in values.items()]
    ctx.store.update(EXECUTION, arn, PipelineParameters=shown)
    facts = Facts(pipeline["PipelineName"], pipeline["PipelineArn"], identity, arn, record["CreationTime"])
    parallelism = record["ParallelismConfiguration"] or {}
    execution = Execution(
        definition=parsed,
        parameters=values,
        facts=facts,
        runner=CloudRunner(ctx, identity, pipeline["RoleArn"]),
        cache=StoredCache(ctx),
        listener=Recorder(ctx, pipeline["PipelineArn"], arn),
        read_json=lambda uri: _read_json(ctx, uri),
        clock=now,
        parallel=parallelism.get("MaxParallelExecutionSteps", 50),
    )
    _running[arn] = execution
    _announce(ctx, ctx.store.get(EXECUTION, arn), None)
    threading.Thread(target=_live, args=(ctx, execution), name=f"pipeline-{identity}", daemon=True).start()


def _live(ctx: Context, execution: Execution) -> None:
    arn = execution.facts.execution_arn
    try:
        outcome = execution.run()
    except Exception as error:  # noqa: BLE001 - an execution without an end would hang whoever waits for it
        _log.exception("%s", arn)
        outcome = Outcome("Failed", f"InternalServerError: {type(error).__name__}: {error}")
    changes: Record = {"PipelineExecutionStatus": outcome.status}
    if outcome.reason:
        changes["FailureReason"] = outcome.reason
    with ctx.store.lock:  # a stop comes before the end or after it, never between
        _running.pop(arn, None)
        _note(ctx, arn, **changes)


def _note(ctx: Context, arn: str, **changes: Any) -> None:
    with ctx.store.lock:
        before = ctx.store.get(EXECUTION, arn)["PipelineExecutionStatus"]
        _announce(ctx, ctx.store.update(EXECUTION, arn, **changes, LastModifiedTime=now()), before)


def _announce(ctx: Context, record: Record, before: str | None) -> None:
    ended = record["PipelineExecutionStatus"] in ("Succeeded", "Failed", "Stopped")
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


def _read_json(ctx: Context, uri: str) -> Any:
    try:
        bucket, key = split_uri(uri)
        return json.loads(ctx.s3().get_object(Bucket=bucket, Key=key)["Body"].read())
    except (JobFailed, BotoCoreError, ClientError, ValueError) as error:
        raise StepFailed(f"JsonGet cannot read {uri}: {error}") from error


def _get(ctx: Context, arn: str) -> Record:
    record = ctx.store.find(EXECUTION, arn)
    if record is None:
        raise not_found("Pipeline execution", arn)
    return record


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lower_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lower_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_lower_keys(item) for item in value]
    return value
