"""What the page shows: the service's own records, cut down to what a person looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.pipelines.records import EXECUTION
from local_cloud.sagemaker.store import Record

Json = dict[str, Any]
_MOST = 50
_MOST_LINES = 500
# The list operation of a kind of job, the member that lists, and its CloudWatch Logs group.
JOBS = {
    "ProcessingJob": "/aws/sagemaker/ProcessingJobs",
    "TrainingJob": "/aws/sagemaker/TrainingJobs",
    "TransformJob": "/aws/sagemaker/TransformJobs",
    "HyperParameterTuningJob": "",
}


def overview(ctx: Context) -> Json:
    """Everything of an account and region, the newest of each kind first."""
    return {
        "cloud": {
            "url": ctx.endpoint_url,
            "account": ctx.account,
            "region": ctx.region,
            "speed": ctx.clock.speed,
        },
        "executions": _executions(ctx),
        "jobs": _jobs(ctx),
        "endpoints": list(_each(ctx, _endpoint, _listed(ctx, "ListEndpoints"))),
        "feature_groups": list(_each(ctx, _feature_group, _listed(ctx, "ListFeatureGroups"))),
        "model_packages": _model_packages(ctx),
    }


def execution(ctx: Context, arn: str) -> Json:
    """One execution with its steps and parameters.

    Raises
    ------
    ServiceError
        There is no such execution.
    """
    asked = {"PipelineExecutionArn": arn}
    found = operations.call(ctx, "DescribePipelineExecution", asked)
    steps = operations.call(
        ctx, "ListPipelineExecutionSteps", {**asked, "SortOrder": "Ascending", "MaxResults": 100}
    )
    parameters = operations.call(ctx, "ListPipelineParametersForExecution", {**asked, "MaxResults": 50})
    return {
        **_execution(ctx.store.get(EXECUTION, found["PipelineExecutionArn"])),
        "ended": _ended(found),
        "steps": [_step(one) for one in steps["PipelineExecutionSteps"]],
        "parameters": [[one["Name"], one["Value"]] for one in parameters["PipelineParameters"]],
    }


def log(ctx: Context, group: str, stream: str) -> Json:
    """The last lines of every log stream whose name begins with `stream`, in order."""
    client = ctx.client("logs")
    try:
        streams = client.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]
        return {"streams": [_tail(client, group, one["logStreamName"]) for one in streams]}
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return {"streams": []}  # nothing has been written yet


def _tail(client: Any, group: str, name: str) -> Json:
    found = client.get_log_events(
        logGroupName=group, logStreamName=name, limit=_MOST_LINES, startFromHead=False
    )
    return {"name": name, "lines": [event["message"] for event in found["events"]]}


def _listed(ctx: Context, operation: str, **params: Any) -> list[Record]:
    """The newest records of a List operation; by default some of them begin with the oldest."""
    newest = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": _MOST}
    answer = operations.call(ctx, operation, {**newest, **params})
    records: list[Record] = next(value for value in answer.values() if isinstance(value, list))
    return records


def _newest(found: list[Json], time: str) -> list[Json]:
    return sorted(found, key=lambda one: str(one[time]), reverse=True)[:_MOST]


def _each(ctx: Context, view: Callable[[Context, Record], Json], records: list[Record]) -> Iterator[Json]:
    """What is seen of each record; nothing of one that has been deleted since it was listed."""
    for record in records:
        try:
            yield view(ctx, record)
        except (ServiceError, KeyError):
            continue


def _executions(ctx: Context) -> list[Json]:
    # The records themselves: ListPipelineExecutions would copy all of them once for each pipeline.
    return _newest([_execution(record) for record in ctx.store.list(EXECUTION)], "started")


def _execution(record: Record) -> Json:
    return {
        "arn": record["PipelineExecutionArn"],
        "pipeline": record["PipelineName"],
        "name": record.get("PipelineExecutionDisplayName"),
        "status": record["PipelineExecutionStatus"],
        "started": record["CreationTime"],
        "reason": record.get("FailureReason"),
    }


def _ended(record: Record) -> object:
    return (
        None if record["PipelineExecutionStatus"] in ("Executing", "Stopping") else record["LastModifiedTime"]
    )


def _step(record: Record) -> Json:
    type_, facts = next(iter(record.get("Metadata", {}).items()), ("", {}))
    job = str(facts.get("Arn", "")).rpartition("/")[2] if isinstance(facts, dict) else ""
    outcome = facts.get("Outcome") if isinstance(facts, dict) else None
    return {
        "name": record["StepName"],
        "type": type_,
        "status": record["StepStatus"],
        "outcome": outcome,
        "started": record.get("StartTime"),
        "ended": record.get("EndTime"),
        "attempt": record.get("AttemptCount"),
        "cached": bool(record.get("CacheHitResult")),
        "reason": record.get("FailureReason"),
        "group": JOBS.get(type_) if job else None,
        "stream": _streams(job),
    }


def _jobs(ctx: Context) -> list[Json]:
    found = []
    for kind, group in JOBS.items():
        for record in _listed(ctx, f"List{kind}s"):
            found.append(
                {
                    "kind": kind,
                    "name": record[f"{kind}Name"],
                    "status": record[f"{kind}Status"],
                    "started": record["CreationTime"],
                    "ended": record.get(f"{kind.removesuffix('Job')}EndTime"),
                    "reason": record.get("FailureReason"),
                    "group": group,
                    "stream": _streams(record[f"{kind}Name"]),
                }
            )
    return _newest(found, "started")


def _streams(job: str) -> str:
    """How the log streams of a job begin; without the slash those of `job-10` were among those of `job-1`."""
    return f"{job}/"


def _endpoint(ctx: Context, record: Record) -> Json:
    name = record["EndpointName"]
    found = operations.call(ctx, "DescribeEndpoint", {"EndpointName": name})
    pending = found.get("PendingDeploymentSummary") or {}
    return {
        "name": name,
        "status": found["EndpointStatus"],
        "config": found["EndpointConfigName"],
        "pending": pending.get("EndpointConfigName"),
        "reason": found.get("FailureReason"),
        "group": f"/aws/sagemaker/Endpoints/{name}",
        "variants": [
            {**_variant(one), "role": role}
            for role, variants in (
                ("production", found.get("ProductionVariants", [])),
                ("shadow", found.get("ShadowProductionVariants", [])),
                ("coming", pending.get("ProductionVariants", [])),
            )
            for one in variants
        ],
    }


def _variant(record: Record) -> Json:
    return {
        "name": record["VariantName"],
        "weight": record.get("CurrentWeight"),
        "instances": record.get("CurrentInstanceCount"),
        "wanted": record.get("DesiredInstanceCount"),
        "stage": ", ".join(one["Status"] for one in record.get("VariantStatus", [])),
    }


def _feature_group(ctx: Context, record: Record) -> Json:
    found = operations.call(ctx, "DescribeFeatureGroup", {"FeatureGroupName": record["FeatureGroupName"]})
    return {
        "name": found["FeatureGroupName"],
        "status": found.get("FeatureGroupStatus"),
        "features": len(found["FeatureDefinitions"]),
        "identifier": found["RecordIdentifierFeatureName"],
        "created": found["CreationTime"],
        "stores": [
            name
            for name, on in (
                ("online", bool((found.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"))),
                ("offline", "OfflineStoreConfig" in found),
            )
            if on
        ],
    }


def _model_packages(ctx: Context) -> list[Json]:
    found = []
    for group in _listed(ctx, "ListModelPackageGroups"):
        name = group["ModelPackageGroupName"]
        for record in _listed(ctx, "ListModelPackages", ModelPackageGroupName=name):
            found.append(
                {
                    "group": name,
                    "version": record.get("ModelPackageVersion"),
                    "arn": record["ModelPackageArn"],
                    "approval": record.get("ModelApprovalStatus"),
                    "status": record.get("ModelPackageStatus"),
                    "created": record["CreationTime"],
                }
            )
    return _newest(found, "created")
