"""Executions: start, stop, retry and change, and what becomes of those that a restart has interrupted."""

from __future__ import annotations

import json
import logging
import secrets
import string
import threading
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs.errors import JobFailed
from local_cloud.sagemaker.jobs.transfer import split_uri
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.pipelines import definition, parameters, records, selective, versions
from local_cloud.sagemaker.pipelines.attempts import Facts, Surroundings
from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.errors import StepFailed
from local_cloud.sagemaker.pipelines.executor import Execution, Outcome
from local_cloud.sagemaker.pipelines.expressions import Scope, text
from local_cloud.sagemaker.pipelines.records import EXECUTION, PIPELINE
from local_cloud.sagemaker.pipelines.runner import CloudRunner
from local_cloud.sagemaker.store import Record

_log = logging.getLogger("local_cloud.sagemaker.pipelines")
_ID_LETTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 12
_PARALLEL = 50
_INTERRUPTED = "The local cloud was stopped while the step was running."
_running: dict[str, Execution] = {}
Results = Mapping[str, Mapping[str, Any]]


@operation("StartPipelineExecution")
def start(ctx: Context, params: Params) -> Params:
    """Check the parameters and start an execution; the same request token gives the same execution."""
    if "MlflowExperimentName" in params:
        raise validation("MlflowExperimentName is not supported: pipelines here write no MLflow runs.")
    with ctx.store.lock:
        pipeline = resources.get(ctx, PIPELINE, params["PipelineName"])
        version = versions.get(ctx, pipeline, params.get("PipelineVersionId"))
        earlier = records.replayed(ctx, "StartPipelineExecution", params["ClientRequestToken"])
        if earlier:
            return earlier
        parsed = definition.parse(version["PipelineDefinition"])
        values = parameters.values(parsed.parameters, params.get("PipelineParameters", []))
        config = params.get("SelectiveExecutionConfig")
        plan = selective.plan(ctx, pipeline["PipelineArn"], parsed.steps, config) if config else None
        record = _record(pipeline, version, params, values)
        record["PipelineExperimentConfig"] = _experiment(record, parsed)
        arn = record["PipelineExecutionArn"]
        ctx.store.put(EXECUTION, arn, record)
        versions.ran(ctx, pipeline, version["PipelineVersionId"], arn)
        at = record["CreationTime"]
        ctx.store.update(PIPELINE, pipeline["PipelineName"], LastRunTime=at, LastExecutionTime=at)
        records.announce(ctx, record, None)
        if plan and plan.source:
            _take_over(ctx, record, parsed, plan.source, plan.reused)
        _launch(ctx, record, parsed, plan.reused if plan else {}, plan.only if plan else None)
        return records.remember(
            ctx, "StartPipelineExecution", params["ClientRequestToken"], {"PipelineExecutionArn": arn}
        )


@operation("StopPipelineExecution")
def stop(ctx: Context, params: Params) -> Params:
    """Stop an execution and the jobs it runs."""
    arn = params["PipelineExecutionArn"]
    with ctx.store.lock:
        earlier = records.replayed(ctx, "StopPipelineExecution", params["ClientRequestToken"])
        if earlier == {"PipelineExecutionArn": arn}:
            return earlier
        status = records.get(ctx, arn)["PipelineExecutionStatus"]
        execution = _running.get(arn)
        if execution is None:
            raise validation(f"Pipeline execution {arn} is {status}; it cannot be stopped.")
        if status == "Executing":
            records.note(ctx, arn, PipelineExecutionStatus="Stopping")
        execution.stop.set()
        execution.wake()
        return records.remember(
            ctx, "StopPipelineExecution", params["ClientRequestToken"], {"PipelineExecutionArn": arn}
        )


@operation("RetryPipelineExecution")
def retry(ctx: Context, params: Params) -> Params:
    """Run an execution that has failed or was stopped again, from the steps that have not succeeded."""
    arn, token = params["PipelineExecutionArn"], params["ClientRequestToken"]
    with ctx.store.lock:
        earlier = records.replayed(ctx, "RetryPipelineExecution", token)
        if earlier == {"PipelineExecutionArn": arn}:
            return earlier
        record = records.get(ctx, arn)
        status = record["PipelineExecutionStatus"]
        if status not in ("Failed", "Stopped", "CompletedWithFailures"):
            raise validation(
                f"Pipeline execution {arn} is {status}; only one that is Failed or Stopped can be retried."
            )
        pipeline = resources.get(ctx, PIPELINE, record["PipelineArn"])
        version = versions.get(ctx, pipeline, record["PipelineVersionId"])
        parsed = definition.parse(version["PipelineDefinition"])
        done = {name: one for name, one in record["Steps"].items() if one["StepStatus"] == "Succeeded"}
        changes: Record = {"PipelineExecutionStatus": "Executing", "FailureReason": None, "Steps": done}
        if "ParallelismConfiguration" in params:
            changes["ParallelismConfiguration"] = params["ParallelismConfiguration"]
        kept = records.results(ctx, arn, done)
        only = None if record["Only"] is None else frozenset(record["Only"])
        _launch(ctx, records.note(ctx, arn, **changes), parsed, kept, only)
        return records.remember(ctx, "RetryPipelineExecution", token, {"PipelineExecutionArn": arn})


@operation("UpdatePipelineExecution")
def update(ctx: Context, params: Params) -> Params:
    """Change name, description or parallelism; the latter counts at once for an execution that runs."""
    arn = params["PipelineExecutionArn"]
    with ctx.store.lock:
        records.get(ctx, arn)
        changes = {key: value for key, value in params.items() if key != "PipelineExecutionArn"}
        ctx.store.update(EXECUTION, arn, **changes, LastModifiedTime=now())
        execution, parallelism = _running.get(arn), params.get("ParallelismConfiguration")
        if execution and parallelism:
            execution.parallel = parallelism["MaxParallelExecutionSteps"]
            execution.wake()
    return {"PipelineExecutionArn": arn}


def interrupted(ctx: Context) -> None:
    """End the executions of an account and region that were running when the cloud went down.

    They are Failed with a reason, and so are their steps that were running; each can be retried.
    """
    for record in ctx.store.list(EXECUTION):
        arn = record["PipelineExecutionArn"]
        if record["PipelineExecutionStatus"] in records.ENDED or arn in _running:
            continue
        recorder = records.Recorder(ctx, record["PipelineArn"], arn)
        for step in record["Steps"].values():
            if step["StepStatus"] not in ("Succeeded", "Failed", "Stopped"):
                ended = {"StepStatus": "Failed", "FailureReason": _INTERRUPTED, "EndTime": now()}
                recorder.step({**step, **ended})
        reason = f"InternalServerError: {_INTERRUPTED.replace('the step', 'the execution')}"
        records.note(ctx, arn, PipelineExecutionStatus="Failed", FailureReason=reason)


def _record(pipeline: Record, version: Record, params: Params, values: Mapping[str, Any]) -> Record:
    identity = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
    at, config = now(), params.get("SelectiveExecutionConfig")
    return {
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineName": pipeline["PipelineName"],
        "PipelineExecutionArn": f"{pipeline['PipelineArn']}/execution/{identity}",
        "PipelineExecutionId": identity,
        "PipelineExecutionDisplayName": params.get("PipelineExecutionDisplayName", f"execution-{identity}"),
        "PipelineExecutionDescription": params.get("PipelineExecutionDescription"),
        "PipelineExecutionStatus": "Executing",
        "PipelineVersionId": version["PipelineVersionId"],
        "RoleArn": pipeline["RoleArn"],
        "ParallelismConfiguration": params.get(
            "ParallelismConfiguration", pipeline.get("ParallelismConfiguration")
        ),
        "SelectiveExecutionConfig": config,
        "Only": sorted(one["StepName"] for one in config["SelectedSteps"]) if config else None,
        "Values": dict(values),
        "PipelineParameters": [{"Name": name, "Value": text(value)} for name, value in values.items()],
        "CreationTime": at,
        "LastModifiedTime": at,
        "CreatedBy": {},
        "LastModifiedBy": {},
        "Steps": {},
    }


def _facts(record: Record) -> Facts:
    return Facts(
        record["PipelineName"],
        record["PipelineArn"],
        record["PipelineExecutionId"],
        record["PipelineExecutionArn"],
        record["CreationTime"],
    )


def _experiment(record: Record, parsed: definition.Definition) -> Any:
    """The experiment and trial that the definition asks for, by name."""
    known = _facts(record).values(record["CreationTime"])
    return Scope(record["Values"], known, {}).resolve(parsed.experiment)


def _take_over(
    ctx: Context, record: Record, parsed: definition.Definition, source: Record, reused: Results
) -> None:
    """List the steps that a selective execution takes from another, and keep what they left behind."""
    recorder = records.Recorder(ctx, record["PipelineArn"], record["PipelineExecutionArn"])
    for name in parsed.steps:
        if name in reused:
            at = now()
            origin = {"SourcePipelineExecutionArn": source["PipelineExecutionArn"]}
            recorder.result(name, reused[name])
            times = {"StartTime": at, "EndTime": at}
            recorder.step({**source["Steps"][name], **times, "SelectiveExecutionResult": origin})


def _launch(
    ctx: Context,
    record: Record,
    parsed: definition.Definition,
    kept: Results,
    only: frozenset[str] | None,
) -> None:
    arn, identity = record["PipelineExecutionArn"], record["PipelineExecutionId"]
    clients = RoleClients(ctx, record["RoleArn"])
    around = Surroundings(
        steps=parsed.every_step,
        parameters=record["Values"],
        facts=_facts(record),
        runner=CloudRunner(ctx, arn, clients),
        cache=records.StoredCache(ctx),
        listener=records.Recorder(ctx, record["PipelineArn"], arn),
        read_json=lambda uri: _read_json(clients, uri),
        clock=now,
        wait=ctx.clock.wait,
    )
    parallelism = record["ParallelismConfiguration"] or {}
    parallel = parallelism.get("MaxParallelExecutionSteps", _PARALLEL)
    execution = Execution(parsed.steps, around, parallel, kept, only)
    _running[arn] = execution
    threading.Thread(target=_live, args=(ctx, execution), name=f"pipeline-{identity}", daemon=True).start()


def _live(ctx: Context, execution: Execution) -> None:
    arn = execution.around.facts.execution_arn
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
        records.note(ctx, arn, **changes)


def _read_json(clients: RoleClients, uri: str) -> Any:
    try:
        bucket, key = split_uri(uri)
        return json.loads(clients.get("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    except (JobFailed, BotoCoreError, ClientError, ValueError) as error:
        raise StepFailed(f"JsonGet cannot read {uri}: {error}") from error
