"""Changes of CloudFormation stacks that a kill cuts off: what undoes them is kept with the stack."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_cloud.hooks_state import INTERRUPTED, tables
from local_cloud.marks import is_marked, mark

_RESTING = "REVIEW_IN_PROGRESS"
_OPERATION = "_local_cloud_operation"
_KIND = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Begun:
    """A resource with a name of its own, whose making had begun at a time and that no stack has."""

    type: str
    name: str
    at: datetime


@dataclass(frozen=True)
class CutOff:
    """A stack whose change was cut off, the status it has now, and what it may have made unseen."""

    account: str
    region: str
    name: str
    status: str
    begun: tuple[Begun, ...] = ()


def keep_operations() -> None:
    """Note with each stack, while it changes, what it was before: what a later rollback goes back to."""
    from ministack.services.cloudformation import changesets, handlers, stacks

    original = stacks._deploy_stack_async
    if is_marked(original):
        return
    signature = inspect.signature(original)

    def deploy(*given: Any, **named: Any) -> Awaitable[None]:
        asked = signature.bind(*given, **named)
        asked.apply_defaults()
        record = _record(asked.arguments["stack_name"])
        record[_OPERATION] = {
            name: asked.arguments[name]
            for name in ("is_update", "previous_stack", "template", "param_values", "tags", "imports")
        }
        return finish(record, original(*given, **named))

    async def finish(record: dict[str, Any], work: Awaitable[None]) -> None:
        try:
            await work
        finally:
            record.pop(_OPERATION, None)

    mark(deploy)
    for module in (stacks, handlers, changesets):
        module._deploy_stack_async = deploy


def stacks_in_motion() -> bool:
    """Whether CloudFormation is changing a stack, and so the state of other services."""
    if "ministack.services.cloudformation" not in sys.modules:
        return False
    return any(_in_motion(stack) for stack in list(tables("cloudformation")["_stacks"].values()))


def cut_off() -> list[CutOff]:
    """Let every change that was cut off have failed: RollbackStack or DeleteStack can end it then."""
    from ministack.core import responses
    from ministack.services.cloudformation import stacks

    found = tables("cloudformation")
    ended = []
    for (account, region, name), stack in found["_stacks"].items():
        operation = stack.pop(_OPERATION, None)
        if not _in_motion(stack):
            continue
        before, identity = str(stack["StackStatus"]), stack.get("StackId", name)
        events = found["_stack_events"].get((account, region, identity), [])
        begun = tuple(_begun(stack, operation, events)) if operation else ()
        status = "DELETE_FAILED" if before.startswith("DELETE") else _fail(stack, before, operation)
        stack.update(StackStatus=status, StackStatusReason=INTERRUPTED)
        with responses.request_scope(account, region):
            stacks._add_event(identity, name, name, _KIND, status, INTERRUPTED, identity)
        ended.append(CutOff(account, region, name, status, begun))
    for changes in found["_change_sets"].values():
        if changes.get("ExecutionStatus") == "EXECUTE_IN_PROGRESS":
            changes.update(ExecutionStatus="EXECUTE_FAILED", StatusReason=INTERRUPTED)
    return ended


def _fail(stack: dict[str, Any], before: str, operation: dict[str, Any] | None) -> str:
    """The status of a failed create or update; what a rollback of it needs is put where that looks for it."""
    if operation is None:  # it had not begun: its resources are as they were
        operation = {"is_update": before.startswith("UPDATE"), "previous_stack": None}
    previous = operation["previous_stack"]
    known = (previous or {}).get("_resources", {})
    stack["_failed_operation"] = {
        **operation,
        "created": [name for name, one in stack.get("_resources", {}).items() if one != known.get(name)],
        # What a create that never ended has made is in use by nobody: it goes, whatever its DeletionPolicy.
        "retain_except_on_create": True,
        "stack_tags": operation.get("tags") or [],
        "previous_tags": (previous or {}).get("Tags") or [],
    }
    return "UPDATE_FAILED" if operation["is_update"] else "CREATE_FAILED"


def _begun(stack: dict[str, Any], operation: dict[str, Any], events: list[dict[str, Any]]) -> Iterator[Begun]:
    from ministack.services.cloudformation import provisioners

    last = {event["LogicalResourceId"]: event for event in events}
    for logical_id, event in last.items():
        kind = event["ResourceType"]
        named = provisioners._CUSTOM_NAME_REPLACEMENT.get(kind, {}).get("name", "")
        resource = operation["template"].get("Resources", {}).get(logical_id, {})
        name = resource.get("Properties", {}).get(named)
        made = logical_id in stack.get("_resources", {})
        if event["ResourceStatus"] == "CREATE_IN_PROGRESS" and isinstance(name, str) and not made:
            yield Begun(kind, name, datetime.fromisoformat(event["Timestamp"]))


def _record(name: str) -> dict[str, Any]:
    from ministack.services import cloudformation

    record: dict[str, Any] = cloudformation._stacks[name]
    return record


def _in_motion(stack: Any) -> bool:
    status = str(stack.get("StackStatus", ""))
    return status.endswith("_IN_PROGRESS") and status != _RESTING
