"""The record of an endpoint: its status, its variants, and the events that announce both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.store import Record

if TYPE_CHECKING:
    from local_cloud.sagemaker.endpoints.fleet import Fleet
    from local_cloud.sagemaker.endpoints.live import Live

KIND = "Endpoint"
_EVENT = "SageMaker Endpoint State Change"
_DEPLOYMENT_EVENT = "SageMaker Endpoint Deployment State Change"
_MEMBERS = ("EndpointName", "EndpointArn", "EndpointConfigName", "CreationTime", "LastModifiedTime")
_SUMMARY = "PendingDeploymentSummary"


def described(ctx: Context, name: str, live: Live | None) -> Record:
    """Return the record of an endpoint with its variants as they run, and as they are to be."""
    record = ctx.store.get(KIND, name)
    if live is not None and live.fleet is not None:
        record.update(_variants(live.fleet, pending=False))
        for member in ("DataCaptureConfig", "AsyncInferenceConfig", "MetricsConfig"):
            if member in live.fleet.record:
                record[member] = _reported(member, live.fleet.record[member])
    if live is not None and live.pending is not None and record.get(_SUMMARY):
        record[_SUMMARY] = {**record[_SUMMARY], **_variants(live.pending, pending=True)}
    return record


def enter(ctx: Context, name: str, live: Live | None, changes: Record) -> Record:
    """Change the record of an endpoint and announce its new status."""
    record = ctx.store.update(KIND, name, **changes, LastModifiedTime=now())
    announce(ctx, described(ctx, name, live))
    return record


def announce(ctx: Context, record: Record) -> None:
    """Send the state change event of a described endpoint."""
    ctx.emit(_EVENT, _detail(ctx, record), [record["EndpointArn"]])


def announce_deployment(ctx: Context, name: str, live: Live) -> None:
    """Send the event of a stage of a deployment."""
    record = described(ctx, name, live)
    detail = _detail(ctx, record)
    if record.get(_SUMMARY):
        summary = dict(record[_SUMMARY])
        for member in ("ProductionVariants", "ShadowProductionVariants"):
            if member in summary:
                summary[member] = _without_images(summary[member])
        detail[_SUMMARY] = summary
    ctx.emit(_DEPLOYMENT_EVENT, detail, [record["EndpointArn"]])


def _detail(ctx: Context, record: Record) -> Record:
    tags = resources.tags_of(ctx, record["EndpointArn"])
    detail = {key: record[key] for key in _MEMBERS}
    detail.update(
        EndpointStatus=_upper(record["EndpointStatus"]),
        ProductionVariants=_without_images(record.get("ProductionVariants", [])),
        Tags={tag["Key"]: tag["Value"] for tag in tags},
    )
    if record.get("FailureReason"):
        detail["FailureReason"] = record["FailureReason"]
    return detail


def _variants(fleet: Fleet, *, pending: bool) -> Record:
    shown: Record = {"ProductionVariants": [one.summary(pending=pending) for one in fleet.production]}
    if fleet.shadows:
        shown["ShadowProductionVariants"] = [one.summary(pending=pending) for one in fleet.shadows]
    return shown


def _reported(member: str, config: Record) -> Record:
    """A part of the endpoint configuration as DescribeEndpoint reports it."""
    if member != "DataCaptureConfig":
        return config
    enabled = config.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


def _without_images(variants: list[Record]) -> list[Record]:
    return [{key: value for key, value in one.items() if key != "DeployedImages"} for one in variants]


def _upper(status: str) -> str:
    """``InService`` -> ``IN_SERVICE``, as events spell it."""
    return "".join(f"_{c}" if c.isupper() and at else c for at, c in enumerate(status)).upper()
