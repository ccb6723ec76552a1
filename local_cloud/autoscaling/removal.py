"""How targets go: by request, or with the endpoint they scale; their policies and schedules go with them."""

from __future__ import annotations

from local_cloud.autoscaling import capacity, policies, records
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.store import Record


def forget(ctx: Context, target: Record) -> None:
    """Remove a target with its policies, their alarms and its scheduled actions."""
    for policy in records.below(ctx, records.POLICY, target):
        policies.remove(ctx, policy)
    for action in records.below(ctx, records.SCHEDULE, target):
        ctx.store.delete(records.SCHEDULE, records.key(records.SCHEDULE, action))
    ctx.store.delete(records.TARGET, capacity.key_of(target))


def forget_gone(ctx: Context) -> None:
    """Remove the targets whose endpoint has been deleted."""
    with records.changing(ctx):
        for target in ctx.store.list(records.TARGET):
            endpoint, _ = capacity.names(target["ResourceId"])
            if ctx.store.find("Endpoint", endpoint) is None:
                forget(ctx, target)
