"""The record of an endpoint: its status, its variants, and the events that announce both."""

from __future__ import annotations

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints.deployment import Deployment
from local_cloud.sagemaker.store import Record

KIND = "Endpoint"
_EVENT = "SageMaker Endpoint State Change"
_MEMBERS = ("EndpointName", "EndpointArn", "EndpointConfigName", "CreationTime", "LastModifiedTime")


def described(ctx: Context, name: str, deployment: Deployment | None) -> Record:
    """Return the record of an endpoint with the variants of the deployment that answers for it."""
    record = ctx.store.get(KIND, name)
    if deployment is not None:
        record["ProductionVariants"] = [variant.summary() for variant in deployment.production]
        if deployment.shadows:
            record["ShadowProductionVariants"] = [variant.summary() for variant in deployment.shadows]
    return record


def enter(ctx: Context, name: str, deployment: Deployment | None, changes: Record) -> Record:
    """Change the record of an endpoint and announce its new status."""
    record = ctx.store.update(KIND, name, **changes, LastModifiedTime=now())
    announce(ctx, described(ctx, name, deployment))
    return record


def announce(ctx: Context, record: Record) -> None:
    """Send the state change event of a described endpoint."""
    tags = resources.tags_of(ctx, record["EndpointArn"])
    variants = [
        {key: value for key, value in variant.items() if key != "DeployedImages"}
        for variant in record.get("ProductionVariants", [])
    ]
    detail = {key: record[key] for key in _MEMBERS}
    detail.update(
        EndpointStatus=_upper(record["EndpointStatus"]),
        ProductionVariants=variants,
        Tags={tag["Key"]: tag["Value"] for tag in tags},
    )
    if record.get("FailureReason"):
        detail["FailureReason"] = record["FailureReason"]
    ctx.emit(_EVENT, detail, [record["EndpointArn"]])


def _upper(status: str) -> str:
    """``InService`` -> ``IN_SERVICE``, as events spell it."""
    return "".join(f"_{c}" if c.isupper() and at else c for at, c in enumerate(status)).upper()
