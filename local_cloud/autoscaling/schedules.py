"""Scheduled actions: bounds of a target that change at given times."""

from __future__ import annotations

import uuid
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local_cloud.autoscaling import activities, capacity, records
from local_cloud.autoscaling.operations import Params, operation, page
from local_cloud.autoscaling.times import Schedule, parse
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.store import Record

KIND = records.SCHEDULE
_BOUNDS = ("MinCapacity", "MaxCapacity")


@operation("PutScheduledAction")
def put(ctx: Context, params: Params) -> Params:
    """Create or change a scheduled action.

    Raises
    ------
    ServiceError
        ObjectNotFoundException without a registered target, ValidationException for a wrong schedule.
    """
    capacity.check_supported(params)
    owner = records.target(ctx, params)
    key = records.key(KIND, params)
    known = ctx.store.find(KIND, key) or {}
    record = {member: value for member, value in known.items() if member not in ("StartTime", "EndTime")}
    record.update(params)
    if "Schedule" not in record:
        raise validation("A scheduled action needs a Schedule")
    if not any(bound in record.get("ScalableTargetAction", {}) for bound in _BOUNDS):
        raise validation("A scheduled action needs a ScalableTargetAction with MinCapacity or MaxCapacity")
    _schedule(record)
    record.setdefault("CreationTime", now())
    record.setdefault("ScheduledActionARN", _arn(ctx, owner, params["ScheduledActionName"]))
    record["LooksFrom"] = now()
    ctx.store.put(KIND, key, record)
    return {}


@operation("DescribeScheduledActions")
def describe(ctx: Context, params: Params) -> Params:
    """The scheduled actions."""
    capacity.check_supported(params)
    return page(records.listed(ctx, KIND, params, "ScheduledActionNames"), params, "ScheduledActions")


@operation("DeleteScheduledAction")
def delete(ctx: Context, params: Params) -> Params:
    """Forget a scheduled action."""
    capacity.check_supported(params)
    if ctx.store.delete(KIND, records.key(KIND, params)) is None:
        words = f"{capacity.in_words(params)}, scheduled action name: {params['ScheduledActionName']}"
        raise records.not_found(f"No scheduled action found for {words}")
    return {}


def run_due(ctx: Context, target: Record, at: datetime) -> Record:
    """Run what is due for a target since the last look; returns the target as it is then.

    A clock that is sped up shortens rates; ``at`` and ``cron`` are times of day and stay. What becomes due
    while schedules are suspended is not made up for.
    """
    suspended = target["SuspendedState"]["ScheduledScalingSuspended"]
    for record in records.below(ctx, KIND, target):
        schedule = _schedule(record)
        if not schedule.due(record["LooksFrom"], at, ctx.clock.speed):
            continue
        if schedule.once:
            ctx.store.delete(KIND, records.key(KIND, record))
        else:
            ctx.store.update(KIND, records.key(KIND, record), LooksFrom=at)
        if not suspended and record.get("StartTime", at) <= at <= record.get("EndTime", at):
            target = _run(ctx, target, record)
    return target


def _run(ctx: Context, target: Record, record: Record) -> Record:
    action = record["ScalableTargetAction"]
    changed = {bound: action[bound] for bound in _BOUNDS if bound in action}
    target = ctx.store.update(records.TARGET, capacity.key_of(target), **changed)
    words = " and ".join(
        f"{name} capacity to {action[bound]}"
        for name, bound in zip(("min", "max"), _BOUNDS, strict=True)
        if bound in action
    )
    cause = f"scheduled action name {record['ScheduledActionName']} was triggered"
    message = f"Successfully set {words}"
    activities.note(ctx, target, f"Setting {words}", cause, message)
    return target


def _schedule(record: Record) -> Schedule:
    try:
        zone = ZoneInfo(record.get("Timezone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        raise validation(f"Timezone '{record['Timezone']}' is not known") from None
    try:
        return parse(record["Schedule"], zone)
    except ValueError as error:
        raise validation(f"Schedule '{record['Schedule']}' cannot be read: {error}") from None


def _arn(ctx: Context, target: Record, name: str) -> str:
    return (
        f"arn:aws:autoscaling:{ctx.region}:{ctx.account}:scheduledAction:{uuid.uuid4()}:resource/"
        f"{target['ServiceNamespace']}/{target['ResourceId']}:scheduledActionName/{name}"
    )
