"""CloudFormation's type of composite alarms, which the emulator has in its API alone."""

from __future__ import annotations

from typing import Any

from local_cloud import ministack_hooks as hooks
from local_cloud.sagemaker.context import Context, Contexts

Properties = dict[str, Any]
COMPOSITE_ALARM = "AWS::CloudWatch::CompositeAlarm"
_LONGEST_NAME = 255
_PASSED_ON = (
    "AlarmName",
    "AlarmRule",
    "AlarmDescription",
    "ActionsEnabled",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
    "Tags",
)


def register(contexts: Contexts) -> None:
    """Teach the emulator's CloudFormation the type."""
    handler = CompositeAlarm(contexts)
    hooks.register_resource_type(
        COMPOSITE_ALARM,
        {"create": handler.create, "update": handler.update, "delete": handler.delete},
        replacing=("AlarmName",),
        name_property="AlarmName",
        taggable=True,
    )


class CompositeAlarm:
    """Creates, changes and deletes composite alarms; Ref gives the name."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts

    def create(self, logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        """Put the alarm.

        Raises
        ------
        ValueError
            A property has no effect here (the suppression of actions).
        """
        name = properties.get("AlarmName") or hooks.physical_name(stack, logical_id, longest=_LONGEST_NAME)
        return self._put(str(name), properties)

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str
    ) -> tuple[str, Properties]:
        """Put the alarm again, as it is now."""
        return self._put(physical_id, new)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the alarm; one that is gone already counts as deleted."""
        self._ctx().client("cloudwatch").delete_alarms(AlarmNames=[physical_id])

    def _put(self, name: str, properties: Properties) -> tuple[str, Properties]:
        refused = sorted(set(properties) - set(_PASSED_ON))
        if refused:
            raise ValueError(f"{COMPOSITE_ALARM}: {', '.join(refused)} is not supported by the local cloud")
        ctx = self._ctx()
        # The tags that CloudFormation itself sets cannot be given through the API.
        tags = [tag for tag in properties.get("Tags", ()) if not str(tag["Key"]).startswith("aws:")]
        given = {**properties, "AlarmName": name, "Tags": tags}
        if isinstance(given.get("ActionsEnabled"), str):
            given["ActionsEnabled"] = given["ActionsEnabled"].lower() == "true"
        ctx.client("cloudwatch").put_composite_alarm(**given)
        return name, {"Arn": f"arn:aws:cloudwatch:{ctx.region}:{ctx.account}:alarm:{name}"}

    def _ctx(self) -> Context:
        return self._contexts.of(hooks.request_account(), hooks.request_region())
