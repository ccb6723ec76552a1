"""How an endpoint runs that answers asynchronously: its configuration and its instances."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import configs
from local_cloud.sagemaker.errors import ServiceError

_ASYNC = "AsyncInferenceConfig"
_NOT_RUNNING = ("Creating", "Failed", "Deleting")


def asynchronous(ctx: Context, endpoint: str) -> dict[str, Any]:
    """The endpoint configuration of an asynchronous endpoint that takes requests.

    Raises
    ------
    ServiceError
        ValidationError when there is no such endpoint or it answers at once.
    """
    config = config_of(ctx, endpoint)
    if config is None:
        raise ServiceError("ValidationError", f"Endpoint {endpoint} of account {ctx.account} not found.")
    if _ASYNC not in config:
        raise ServiceError(
            "ValidationError",
            f"Endpoint {endpoint} of account {ctx.account} is not asynchronous: use InvokeEndpoint for it.",
        )
    return config


def config_of(ctx: Context, endpoint: str) -> dict[str, Any] | None:
    """The configuration that an endpoint runs with; None when it does not run."""
    record = ctx.store.find("Endpoint", endpoint)
    if record is None or record["EndpointStatus"] in _NOT_RUNNING:
        return None
    return configs.of_endpoint(ctx, record) or {}


def instances(ctx: Context, endpoint: str) -> int:
    """How many instances of its production variants an endpoint has now; none when there is no endpoint."""
    try:
        described = operations.call(ctx, "DescribeEndpoint", {"EndpointName": endpoint})
    except (ServiceError, KeyError):  # it may go at any moment
        return 0
    return sum(variant.get("CurrentInstanceCount", 0) for variant in described.get("ProductionVariants", []))
