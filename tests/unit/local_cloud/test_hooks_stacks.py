"""A change of a stack that is cut off can be undone: one contract test for each private hook that takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from local_cloud import hooks_stacks as hooks
from local_cloud.hooks_stacks import Begun, CutOff
from local_cloud.hooks_state import INTERRUPTED
from local_cloud.sagemaker import operations, registry
from local_cloud.sagemaker.context import Context
from local_cloud.state import stacks as ending

pytest.importorskip("ministack.app")
from ministack.core import responses
from ministack.services import cloudformation, ssm
from ministack.services.cloudformation import changesets, handlers, stacks

ACCOUNT, REGION = "111122223333", "eu-west-1"
PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/p", "Type": "String", "Value": "1"}}
GROUP = {
    "Type": "AWS::SageMaker::ModelPackageGroup",
    "Properties": {"ModelPackageGroupName": "group"},
}


@pytest.fixture(autouse=True)
def own_tables() -> Iterator[None]:
    with responses.request_scope(ACCOUNT, REGION):
        yield
    cloudformation.reset()
    ssm.reset()


def template(value: str) -> str:
    changed = {**PARAMETER, "DeletionPolicy": "Retain"}
    changed["Properties"] = {**PARAMETER["Properties"], "Value": value}  # type: ignore[dict-item]
    return json.dumps({"Resources": {"P": changed}})


async def ask(action: str, **given: str) -> str:
    body = urlencode({"Action": action, "StackName": "s", **given}).encode()
    status, _, answer = await cloudformation.handle_request("POST", "/", {}, body, {})
    assert status == 200, answer
    return str(answer)


async def settled() -> dict[str, Any]:
    while hooks.stacks_in_motion():
        await asyncio.sleep(0.005)
    return dict(cloudformation._stacks["s"])


def test_the_operation_is_kept_with_the_stack_for_as_long_as_it_lasts() -> None:
    hooks.keep_operations()
    assert stacks._deploy_stack_async is handlers._deploy_stack_async is changesets._deploy_stack_async

    async def run() -> None:
        await ask("CreateStack", TemplateBody=template("1"))
        kept = cloudformation._stacks["s"][hooks._OPERATION]
        assert (kept["is_update"], kept["previous_stack"]) == (False, None)
        assert hooks._OPERATION not in await settled()
        await ask("UpdateStack", TemplateBody=template("2"))
        kept = cloudformation._stacks["s"][hooks._OPERATION]
        assert kept["is_update"]
        assert list(kept["previous_stack"]["_resources"]) == ["P"]
        assert (await settled())["StackStatus"] == "UPDATE_COMPLETE"

    asyncio.run(run())


def cut_short(status: str) -> None:
    """Leave the stack as a kill in the middle would have left it, after its resource was made."""
    stack = cloudformation._stacks["s"]
    stack["StackStatus"] = status


def test_a_create_that_was_cut_off_is_rolled_back() -> None:
    hooks.keep_operations()

    async def run() -> None:
        await ask("CreateStack", TemplateBody=template("1"))
        kept = cloudformation._stacks["s"][hooks._OPERATION]
        await settled()
        cloudformation._stacks["s"][hooks._OPERATION] = kept
        cut_short("CREATE_IN_PROGRESS")
        assert hooks.cut_off() == [CutOff(ACCOUNT, REGION, "s", "CREATE_FAILED")]
        await ask("RollbackStack")
        assert (await settled())["StackStatus"] == "ROLLBACK_COMPLETE"
        assert list(ssm._parameters.values()) == [], "it goes although it should be retained: nobody used it"

    asyncio.run(run())


def test_an_update_that_was_cut_off_goes_back_to_what_was() -> None:
    hooks.keep_operations()

    async def run() -> None:
        await ask("CreateStack", TemplateBody=template("1"))
        await settled()
        await ask("UpdateStack", TemplateBody=template("2"))
        kept = cloudformation._stacks["s"][hooks._OPERATION]
        await settled()
        cloudformation._stacks["s"][hooks._OPERATION] = kept
        cut_short("UPDATE_IN_PROGRESS")
        assert [stack.status for stack in hooks.cut_off()] == ["UPDATE_FAILED"]
        await ask("RollbackStack")
        assert (await settled())["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert [one["Value"] for one in ssm._parameters.values()] == ["1"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("CREATE_IN_PROGRESS", "CREATE_FAILED"),
        ("ROLLBACK_IN_PROGRESS", "CREATE_FAILED"),
        ("UPDATE_IN_PROGRESS", "UPDATE_FAILED"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_FAILED"),
        ("DELETE_IN_PROGRESS", "DELETE_FAILED"),
        ("REVIEW_IN_PROGRESS", "REVIEW_IN_PROGRESS"),
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE"),
    ],
)
def test_what_was_cut_off_has_failed_and_says_so(before: str, after: str) -> None:
    cloudformation._stacks["s"] = {"StackStatus": before}
    assert hooks.stacks_in_motion() is (before != after)
    assert [stack.status for stack in hooks.cut_off()] == ([after] if before != after else [])
    assert cloudformation._stacks["s"]["StackStatus"] == after
    assert not hooks.stacks_in_motion()
    events = [(one["ResourceStatus"], one["ResourceStatusReason"]) for one in _events()]
    assert events == ([(after, INTERRUPTED)] if before != after else [])


def test_a_change_set_that_was_cut_off_has_failed() -> None:
    cloudformation._change_sets["c"] = {"ExecutionStatus": "EXECUTE_IN_PROGRESS"}
    hooks.cut_off()
    assert cloudformation._change_sets["c"]["ExecutionStatus"] == "EXECUTE_FAILED"


def test_what_a_stack_had_begun_to_make_is_found() -> None:
    operation = {
        "is_update": False,
        "previous_stack": None,
        "template": {"Resources": {"G": GROUP, "Unnamed": {"Type": GROUP["Type"]}}},
    }
    cloudformation._stacks["s"] = {"StackStatus": "CREATE_IN_PROGRESS", hooks._OPERATION: operation}
    for name in ("G", "Unnamed"):
        stacks._add_event("s", "s", name, GROUP["Type"], "CREATE_IN_PROGRESS")
    from ministack.services.cloudformation import provisioners

    names = provisioners._CUSTOM_NAME_REPLACEMENT
    names.setdefault(str(GROUP["Type"]), {"name": "ModelPackageGroupName"})
    at = datetime.fromisoformat(_events()[0]["Timestamp"])
    (stack,) = hooks.cut_off()
    assert stack.begun == (Begun(str(GROUP["Type"]), "group", at),)


class Cloud(Context):
    """A context whose CloudFormation only notes what it is asked."""

    asked: list[str]

    def client(self, service: str, role_arn: str | None = None) -> Any:
        return self

    def rollback_stack(self, StackName: str) -> None:
        self.asked.append(f"roll back {StackName}")

    def delete_stack(self, StackName: str) -> None:
        self.asked.append(f"delete {StackName}")


def test_what_it_had_begun_goes_and_what_was_there_before_stays(tmp_path: Path) -> None:
    ctx = Cloud(ACCOUNT, REGION, "http://127.0.0.1:9", tmp_path)
    ctx.asked = []
    assert registry
    for name in ("new", "old"):
        operations.call(ctx, "CreateModelPackageGroup", {"ModelPackageGroupName": name})
    at = datetime.now(UTC)
    made = [Begun(str(GROUP["Type"]), "new", at - timedelta(minutes=1)), Begun(str(GROUP["Type"]), "old", at)]
    made += [Begun("AWS::S3::Bucket", "bucket", at), Begun(str(GROUP["Type"]), "never", at)]
    ctx.store.update("ModelPackageGroup", "old", CreationTime=at - timedelta(days=1))
    ending.end(ctx, CutOff(ACCOUNT, REGION, "s", "CREATE_FAILED", tuple(made)))
    ending.end(ctx, CutOff(ACCOUNT, REGION, "t", "DELETE_FAILED"))
    assert [one["ModelPackageGroupName"] for one in ctx.store.list("ModelPackageGroup")] == ["old"]
    assert ctx.asked == ["roll back s", "delete t"]


def _events() -> list[dict[str, Any]]:
    return list(cloudformation._stack_events.get("s", []))
