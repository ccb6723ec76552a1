"""Creates, updates and deletes the resources of stacks."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from local_cloud import ministack_hooks as hooks
from local_cloud.sagemaker import model, operations, resources
from local_cloud.sagemaker.cloudformation.types import ResourceType
from local_cloud.sagemaker.cloudformation.values import Properties, typed
from local_cloud.sagemaker.context import Context, Contexts
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.store import Record

_MINUTES = 120
_POLL_SECONDS = 0.1
_log = logging.getLogger("local_cloud.sagemaker.cloudformation")


class ResourceFailed(Exception):
    """A resource did not reach the status it should; the stack rolls back."""


class Handler:
    """Creates, updates and deletes one resource type."""

    def __init__(self, type_: ResourceType, contexts: Contexts) -> None:
        self._type, self._contexts = type_, contexts

    def create(self, logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        """Create the resource and wait until it is ready; what failed on the way is removed again."""
        ctx, type_ = self._ctx(), self._type
        self._check_known(logical_id, properties)
        given = {**properties}
        if type_.named and not given.get(type_.name_property):
            given[type_.name_property] = hooks.physical_name(stack, logical_id, longest=type_.longest)
        made = self._call(ctx, "Create", type_.translate(given))
        key = str(given[type_.name_property] if type_.named else made[f"{type_.kind}Arn"])
        try:
            self._settle(ctx, key, properties, "create")
        except Exception:
            self._abandon(ctx, key)
            raise
        return self._identity(ctx, key)

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str
    ) -> tuple[str, Properties]:
        """Update the resource in place: its own properties, then its tags."""
        ctx, type_ = self._ctx(), self._type
        self._check_known(physical_id, new)
        key = self._key(self._get(ctx, physical_id))
        changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        if changed - {"Tags"} and not self._is_back(ctx, key, new):
            self._update(ctx, key, old, new, changed - {"Tags"})
            self._settle(ctx, key, new, "update")
        if "Tags" in changed:
            with ctx.store.lock:
                arn = str(self._get(ctx, key)[f"{type_.kind}Arn"])
                resources.remove_tags(ctx, arn, [tag["Key"] for tag in old.get("Tags", [])])
                resources.set_tags(ctx, arn, new.get("Tags", []))
        return self._identity(ctx, key)

    def _is_back(self, ctx: Context, key: str, new: Properties) -> bool:
        """Whether an endpoint has rolled itself back to what its stack rolls back to.

        Another deployment would change nothing, and would be rolled back by an alarm that is still on.
        """
        if self._type.kind != "Endpoint":
            return False
        record = self._get(ctx, key)
        same = record["EndpointConfigName"] == new.get("EndpointConfigName")
        return same and record["EndpointStatus"] == "InService" and bool(record.get("FailureReason"))

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the resource; one that is gone already counts as deleted."""
        ctx = self._ctx()
        found = resources.find(ctx, self._type.kind, physical_id)
        if found is not None:
            self._delete(ctx, self._key(found))

    def _check_known(self, where: str, properties: Properties) -> None:
        """Refuse properties that the type does not have, as CloudFormation does."""
        known = {*self._members("Create"), *self._members("Update"), *self._type.extra}
        unknown = sorted(properties.keys() - known)
        if unknown:
            raise ResourceFailed(f"{where}: Encountered unsupported property {', '.join(unknown)}")

    def _update(self, ctx: Context, key: str, old: Properties, new: Properties, changed: set[str]) -> None:
        type_ = self._type
        members = {*self._members("Update"), *type_.extra, *type_.translated}
        fixed = sorted(changed - members)
        if fixed:
            raise ResourceFailed(f"{type_.cfn_type} '{key}' cannot change {', '.join(fixed)} in place")
        for params in type_.changes(old, new, {f"{type_.kind}{type_.identity}": key}):
            self._call(ctx, "Update", type_.translate(params))

    def _delete(self, ctx: Context, key: str) -> None:
        members = self._members("Delete")
        named = f"{self._type.kind}Name"
        params: Properties = {named if named in members else f"{self._type.kind}Arn": key}
        if "ClientRequestToken" in members:
            params["ClientRequestToken"] = uuid.uuid4().hex
        operations.call(ctx, f"Delete{self._type.kind}", params)
        self._wait(key, "delete", lambda: resources.find(ctx, self._type.kind, key) is None)

    def _abandon(self, ctx: Context, key: str) -> None:
        """Delete what could not be created; why that failed is what the stack has to say, not this."""
        try:
            self._delete(ctx, key)
        except (ServiceError, ResourceFailed):
            _log.exception("%s %s is left behind", self._type.cfn_type, key)

    def _call(self, ctx: Context, verb: str, params: Properties) -> Properties:
        return operations.call(ctx, f"{verb}{self._type.kind}", typed(self._members(verb), params))

    def _members(self, verb: str) -> dict[str, Any]:
        operation = f"{verb}{self._type.kind}"
        return model.input_members(operation) if operation in model.operation_names() else {}

    def _settle(self, ctx: Context, key: str, properties: Properties, action: str) -> None:
        if self._type.settle is not None:
            self._type.settle(ctx, key, properties)
        if self._type.status:
            self._wait(key, action, lambda: self._is_ready(ctx, key))

    def _is_ready(self, ctx: Context, key: str) -> bool:
        """Whether a resource has settled as it should; ResourceFailed when it has settled otherwise."""
        type_ = self._type
        record = self._describe(ctx, key)
        status, reason = str(record.get(type_.status)), record.get("FailureReason")
        # An endpoint whose update failed is InService again, with its old configuration and a reason.
        if "Fail" in status or (status in type_.good and reason):
            raise ResourceFailed(f"{type_.cfn_type} '{key}' is {status}: {reason or 'no reason given'}")
        return status in type_.good

    def _wait(self, key: str, action: str, done: Callable[[], bool]) -> None:
        minutes = self._type.minutes.get(action, _MINUTES)
        deadline = time.monotonic() + 60 * minutes
        while not done():
            if time.monotonic() > deadline:
                raise ResourceFailed(
                    f"{self._type.cfn_type} '{key}': {action} did not end within {minutes} minutes"
                )
            time.sleep(_POLL_SECONDS)

    def _describe(self, ctx: Context, key: str) -> Properties:
        members = self._members("Describe")
        named = f"{self._type.kind}Name"
        return operations.call(
            ctx,
            f"Describe{self._type.kind}",
            {named if named in members else f"{self._type.kind}Arn": key},
        )

    def _identity(self, ctx: Context, key: str) -> tuple[str, Properties]:
        type_ = self._type
        record = self._describe(ctx, key)
        arn = str(record[f"{type_.kind}Arn"])
        attributes: Properties = {f"{type_.kind}Arn": arn, "Arn": arn}
        if type_.name_property in record:
            attributes[type_.name_property] = str(record[type_.name_property])
        told = (*type_.attributes, *([type_.status] if type_.status else []))
        attributes.update({name: _written(record[name]) for name in told if name in record})
        return (arn if type_.ref == "arn" else key), attributes

    def _get(self, ctx: Context, physical_id: str) -> Record:
        return resources.get(ctx, self._type.kind, physical_id)

    def _key(self, record: Record) -> str:
        """What the store and the operations know a resource by."""
        return str(record[self._type.name_property if self._type.named else f"{self._type.kind}Arn"])

    def _ctx(self) -> Context:
        return self._contexts.of(hooks.request_account(), hooks.request_region())


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
