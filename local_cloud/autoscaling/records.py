"""What the service keeps: targets, policies and scheduled actions, and how they are found."""

from __future__ import annotations

import threading
from typing import Any

from local_cloud.autoscaling import capacity
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.per_context import PerContext
from local_cloud.sagemaker.store import Record

TARGET, POLICY, SCHEDULE = "ScalableTarget", "ScalingPolicy", "ScheduledAction"
_NAME = {POLICY: "PolicyName", SCHEDULE: "ScheduledActionName"}
# Held by whoever changes targets, policies or capacities of an account and region: one at a time. It is not
# the store's own lock: alarms are made and deleted over HTTP meanwhile.
changing = PerContext(lambda ctx: threading.RLock())


def target(ctx: Context, params: dict[str, Any]) -> Record:
    """The registered target that a request names.

    Raises
    ------
    ServiceError
        ObjectNotFoundException when it is not registered.
    """
    record = ctx.store.find(TARGET, capacity.key_of(params))
    if record is None:
        raise not_found(f"No scalable target registered for {capacity.in_words(params)}")
    return record


def not_found(message: str) -> ServiceError:
    """The error for what is not registered."""
    return ServiceError("ObjectNotFoundException", message)


def key(kind: str, params: dict[str, Any]) -> str:
    """What identifies a policy or a scheduled action: its target and its name."""
    return f"{capacity.key_of(params)}|{params[_NAME[kind]]}"


def below(ctx: Context, kind: str, owner: Record) -> list[Record]:
    """The policies, or scheduled actions, of a target."""
    wanted = capacity.key_of(owner)
    return [record for record in ctx.store.list(kind) if capacity.key_of(record) == wanted]


def listed(ctx: Context, kind: str, params: dict[str, Any], names: str) -> list[Record]:
    """The policies, or scheduled actions, that a Describe request asks for; `names` is its list of names."""
    members = [member for member in ("ResourceId", "ScalableDimension") if member in params]
    return [
        record
        for record in ctx.store.list(kind)
        if all(record[member] == params[member] for member in members)
        and (not params.get(names) or record[_NAME[kind]] in params[names])
    ]
