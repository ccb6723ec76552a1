"""Scaling activities: each change of a capacity that was tried, why, and how it ended."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from local_cloud.autoscaling import capacity
from local_cloud.autoscaling.capacity import Capacity
from local_cloud.autoscaling.operations import Params, operation, page
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.store import Record

KIND = "ScalingActivity"
_KEPT, _MOST = timedelta(weeks=6), 1_000
_RUNNING = "InProgress"


def scale(ctx: Context, target: Record, to: int, cause: str) -> bool:
    """Change a capacity and record that as an activity; false when SageMaker refuses it."""
    return _begin(ctx, target, f"Setting desired instance count to {to}.", cause, to)


def bring_inside(ctx: Context, target: Record, current: int) -> bool:
    """Change a capacity that is outside of its target's bounds; whether it was."""
    least, most = target["MinCapacity"], target["MaxCapacity"]
    if current < least:
        return scale(ctx, target, least, f"minimum capacity was set to {least}")
    if current > most:
        return scale(ctx, target, most, f"maximum capacity was set to {most}")
    return False


def note(ctx: Context, target: Record, description: str, cause: str, message: str) -> None:
    """Record an activity that needed no other service and is over."""
    record = _new(target, description, cause)
    record.update(StatusCode="Successful", StatusMessage=message, EndTime=now())
    _keep(ctx, record)


def not_scaled(ctx: Context, target: Record, current: int, cause: str, code: str) -> None:
    """Record that an alarm asked for a capacity that the target's bounds do not allow."""
    reason = {"Code": code, "CurrentCapacity": current}
    bound = "MaxCapacity" if code == "AlreadyAtMaxCapacity" else "MinCapacity"
    reason[bound] = target[bound]
    record = _new(target, "Attempting to scale due to alarm triggered", cause)
    record.update(StatusCode="Failed", EndTime=now(), NotScaledReasons=[reason])
    _keep(ctx, record)


def settle(ctx: Context, target: Record, found: Capacity) -> None:
    """End the activities of a target that the endpoint has meanwhile fulfilled, or not."""
    if not found.changeable:
        return
    for record in _running(ctx, target):
        wanted = int(record["Wanted"])
        lead = f"Successfully set desired instance count to {wanted}."
        if found.current == wanted:
            ended = {
                "StatusCode": "Successful",
                "StatusMessage": f"{lead} Change successfully fulfilled by sagemaker.",
            }
        elif found.failure:
            ended = {
                "StatusCode": "Failed",
                "StatusMessage": f"{lead} Not fulfilled by sagemaker: {found.failure}",
            }
        else:
            ended = {
                "StatusCode": "Overridden",
                "StatusMessage": f"{lead} Another request has changed it to {found.current}.",
            }
        ctx.store.update(KIND, record["ActivityId"], **ended, EndTime=now())


@operation("DescribeScalingActivities")
def describe(ctx: Context, params: Params) -> Params:
    """The activities of the last six weeks, the latest first."""
    capacity.check_supported(params)
    if "ScalableDimension" in params and "ResourceId" not in params:
        raise validation("A scalable dimension can only be given with a resource ID")
    wanted = {member: params[member] for member in ("ResourceId", "ScalableDimension") if member in params}
    since = now() - _KEPT
    found = [
        record
        for record in reversed(ctx.store.list(KIND))
        if record["StartTime"] >= since
        and all(record[member] == value for member, value in wanted.items())
        and (params.get("IncludeNotScaledActivities") or "NotScaledReasons" not in record)
    ]
    return page(found, params, "ScalingActivities")


def _begin(ctx: Context, target: Record, description: str, cause: str, to: int) -> bool:
    record = {**_new(target, description, cause), "Wanted": to}
    try:
        capacity.change(ctx, target["ResourceId"], to)
    except ServiceError as error:
        message = f"Failed to set desired instance count to {to}. Reason: {error.message}"
        record.update(StatusCode="Failed", StatusMessage=message, EndTime=now())
        _keep(ctx, record)
        return False
    waiting = "Waiting for change to be fulfilled by sagemaker."
    message = f"Successfully set desired instance count to {to}. {waiting}"
    record.update(StatusCode=_RUNNING, StatusMessage=message)
    _keep(ctx, record)
    return True


def _keep(ctx: Context, record: Record) -> None:
    """Record an activity, and forget those that are too old or too many: a change may be refused for ever."""
    ctx.store.put(KIND, record["ActivityId"], record)
    found, since = ctx.store.list(KIND), now() - _KEPT
    for at, one in enumerate(found):
        if at < len(found) - _MOST or one["StartTime"] < since:
            ctx.store.delete(KIND, one["ActivityId"])


def _running(ctx: Context, target: Record) -> list[Record]:
    key = capacity.key_of(target)

    def runs(record: Record) -> bool:
        return record["StatusCode"] == _RUNNING and capacity.key_of(record) == key

    # Most looks find none, and counting copies nothing.
    return [record for record in ctx.store.list(KIND) if runs(record)] if ctx.store.count(KIND, runs) else []


def _new(target: Record, description: str, cause: str) -> dict[str, Any]:
    return {
        "ActivityId": str(uuid.uuid4()),
        **capacity.identity(target),
        "Description": description,
        "Cause": cause,
        "StartTime": now(),
    }
