"""Read the events of SageMaker that start the functions."""

from collections.abc import Mapping
from typing import Any

from .errors import EventError

Event = Mapping[str, Any]


def approved_package(event: Event) -> str:
    """Return the ARN of the package that a "Model Package State Change" event is about."""
    return _detail(event, "ModelPackageArn")


def changed_endpoint(event: Event) -> str:
    """Return the name of the endpoint that an "Endpoint State Change" event is about."""
    return _detail(event, "EndpointName")


def _detail(event: Event, key: str) -> str:
    detail = event.get("detail")
    value = detail.get(key) if isinstance(detail, Mapping) else None
    if not isinstance(value, str) or not value:
        raise EventError(f"event {event.get('id', '(no id)')}: detail.{key} is missing")
    return value
