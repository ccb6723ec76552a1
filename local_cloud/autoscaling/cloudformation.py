"""CloudFormation's types of Application Auto Scaling, by the same operations as the API serves."""

from __future__ import annotations

from typing import Any

from local_cloud import ministack_hooks as hooks
from local_cloud.autoscaling import capacity, model, operations, records
from local_cloud.sagemaker.cloudformation import typed
from local_cloud.sagemaker.context import Context, Contexts
from local_cloud.sagemaker.errors import ServiceError

Properties = dict[str, Any]
_IDENTITY = ("ResourceId", "ScalableDimension", "ServiceNamespace")
TARGET_TYPE = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY_TYPE = "AWS::ApplicationAutoScaling::ScalingPolicy"


def register(contexts: Contexts) -> None:
    """Teach the emulator's CloudFormation both types."""
    kinds: tuple[tuple[str, Target | Policy, tuple[str, ...]], ...] = (
        (TARGET_TYPE, Target(contexts), _IDENTITY),
        (POLICY_TYPE, Policy(contexts), (*_IDENTITY, "PolicyName", "ScalingTargetId")),
    )
    for name, handler, replacing in kinds:
        hooks.register_resource_type(
            name,
            {"create": handler.create, "update": handler.update, "delete": handler.delete},
            replacing=replacing,
            name_property="",  # neither has a name that a successor could not bear beside it
            taggable=False,
        )


class Target:
    """Scalable targets; Ref gives ``resource|dimension|namespace``."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts

    def create(self, logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        """Register the target, then its scheduled actions; all of it or nothing."""
        ctx, physical_id = _ctx(self._contexts), capacity.key_of(properties)
        new = ctx.store.find(records.TARGET, physical_id) is None
        _call(ctx, "RegisterScalableTarget", properties)
        try:
            for action in properties.get("ScheduledActions", ()):
                _call(ctx, "PutScheduledAction", {**_identity(properties), **action})
        except ServiceError:
            if new:
                operations.call(ctx, "DeregisterScalableTarget", _identity(properties))
            raise
        return physical_id, {"Id": physical_id}

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str
    ) -> tuple[str, Properties]:
        """Change the bounds and the scheduled actions in place."""
        kept = {action["ScheduledActionName"] for action in new.get("ScheduledActions", ())}
        ctx = _ctx(self._contexts)
        for action in old.get("ScheduledActions", ()):
            named = {**_identity(old), "ScheduledActionName": action["ScheduledActionName"]}
            there = ctx.store.find(records.SCHEDULE, records.key(records.SCHEDULE, named))
            if named["ScheduledActionName"] not in kept and there:  # one-time actions go once they have run
                operations.call(ctx, "DeleteScheduledAction", named)
        return self.create("", new, stack)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Deregister the target; one that is gone already counts as deleted."""
        ctx = _ctx(self._contexts)
        identity = dict(zip(_IDENTITY, physical_id.split("|"), strict=True))
        if ctx.store.find(records.TARGET, physical_id) is not None:
            operations.call(ctx, "DeregisterScalableTarget", identity)


class Policy:
    """Scaling policies; Ref gives the ARN."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts

    def create(self, logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        """Put the policy on its target, which ScalingTargetId names, or its parts do."""
        given = {key: value for key, value in properties.items() if key != "ScalingTargetId"}
        if "ScalingTargetId" in properties:
            given.update(zip(_IDENTITY, str(properties["ScalingTargetId"]).split("|"), strict=True))
        arn = str(_call(_ctx(self._contexts), "PutScalingPolicy", given)["PolicyARN"])
        return arn, {"Arn": arn}

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str
    ) -> tuple[str, Properties]:
        """Put the policy again, as it is now."""
        return self.create("", new, stack)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the policy; one that is gone already, with its target for example, counts as deleted."""
        ctx = _ctx(self._contexts)
        for record in ctx.store.list(records.POLICY):
            if record["PolicyARN"] == physical_id:
                named = {"PolicyName": record["PolicyName"]}
                operations.call(ctx, "DeleteScalingPolicy", {**_identity(record), **named})


def _identity(properties: Properties) -> Properties:
    return {member: properties[member] for member in _IDENTITY}


def _call(ctx: Context, operation: str, properties: Properties) -> Properties:
    """Call an operation with what it takes of the properties; numbers may be strings in templates."""
    shape = model.service_model().operation_model(operation).input_shape
    members = dict(shape.members) if shape else {}
    return operations.call(ctx, operation, typed(members, properties))


def _ctx(contexts: Contexts) -> Context:
    return contexts.of(hooks.request_account(), hooks.request_region())
