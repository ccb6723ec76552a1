"""Read the events of SageMaker that start the functions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .errors import EventError
from .notes import Approval

Event = Mapping[str, Any]


def read_approval(event: Event) -> Approval | None:
    """Return the approval that a "Model Package State Change" event tells of.

    None when an approved package was edited: the event then names the edited fields, without the approval.
    """
    package = _detail(event, "ModelPackageArn")
    edited = event["detail"].get("UpdatedModelPackageFields")
    if edited and "ModelApprovalStatus" not in edited:
        return None
    return Approval(package, _time(event))


def changed_endpoint(event: Event) -> str:
    """Return the name of the endpoint that an "Endpoint State Change" event is about."""
    return _detail(event, "EndpointName")


def _detail(event: Event, key: str) -> str:
    detail = event.get("detail")
    value = detail.get(key) if isinstance(detail, Mapping) else None
    if not isinstance(value, str) or not value:
        raise EventError(f"event {event.get('id', '(no id)')}: detail.{key} is missing")
    return value


def _time(event: Event) -> datetime:
    value = event.get("time")
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise EventError(f"event {event.get('id', '(no id)')}: time {value!r} is no moment") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
