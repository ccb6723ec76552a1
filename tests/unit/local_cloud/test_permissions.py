"""The guard before the service, with a judge that says no to what a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud import hooks_permissions, permissions
from local_cloud.hooks_permissions import Refusal
from local_cloud.ministack_hooks import Answer, PipelineTarget
from local_cloud.sagemaker import events, operations
from local_cloud.sagemaker.context import Context, Contexts

ACCOUNT, REGION = "111122223333", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"


class Hooks:
    """Stands in for the emulator."""

    def __init__(self) -> None:
        self.denied: set[str] = set()
        self.of_roles: set[str] = set()
        self.trusted = {ROLE: {"sagemaker.amazonaws.com", "events.amazonaws.com"}}
        self.sessions: list[str] = []

    def judge(
        self, headers: Mapping[str, str], query: Any, action: str, resource: str, conditions: Any
    ) -> Refusal | None:
        return Refusal("AccessDeniedException", f"no {action}") if action in self.denied else None

    def judge_key(self, account: str, region: str, key: str, action: str, *rest: Any) -> Refusal | None:
        return Refusal("AccessDeniedException", f"no {action}") if action in self.of_roles else None

    def trusts(self, account: str, role: str, service: str) -> bool:
        return service in self.trusted.get(role, set())

    def open_session(self, account: str, role: str, name: str, seconds: int) -> dict[str, str]:
        self.sessions.append(role)
        return {"aws_access_key_id": "ASIA1"}


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Hooks:
    made = Hooks()
    for name in ("judge", "judge_key", "trusts", "open_session"):
        monkeypatch.setattr(hooks_permissions, name, getattr(made, name))
    monkeypatch.setattr(permissions, "request_account", lambda: ACCOUNT)
    monkeypatch.setattr(permissions, "request_region", lambda: REGION)
    return made


async def _served(*_: Any) -> Answer:
    return 200, {}, b"served"


def ask(
    tmp_path: Path, operation: str, path: str = "/endpoints/e/invocations", **params: Any
) -> tuple[int, bytes]:
    async def run() -> Answer:
        loop = asyncio.get_running_loop()
        contexts = Contexts(endpoint_url="http://127.0.0.1:1", home=tmp_path)
        guard = permissions.Guard(contexts, permissions.Authority(loop), _served)
        target = {"x-amz-target": f"SageMaker.{operation}"} if operation else {}
        return await guard.handle("POST", path, target, json.dumps(params).encode(), {})

    status, _, body = asyncio.run(run())
    return status, body


def test_what_is_granted_is_served(hooks: Hooks, tmp_path: Path) -> None:
    assert ask(tmp_path, "ListModels") == (200, b"served")


def test_what_is_not_granted_is_refused_before_it_is_served(hooks: Hooks, tmp_path: Path) -> None:
    hooks.denied = {"sagemaker:ListModels", "sagemaker:InvokeEndpoint"}
    status, body = ask(tmp_path, "ListModels")
    assert (status, json.loads(body)["__type"]) == (400, "AccessDeniedException")
    assert ask(tmp_path, "")[0] == 403


def test_a_route_that_nobody_has_named_is_refused(
    hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(tmp_path, "", "/kettles/one") == (200, b"served")  # the service answers that there is none
    monkeypatch.setattr(permissions.operations, "find_route", lambda method, path: path == "/kettles/one")
    status, body = ask(tmp_path, "", "/kettles/one")
    assert (status, json.loads(body)["message"]) == (403, "Nothing says what POST /kettles/one needs.")


def test_a_role_that_does_not_trust_is_refused(hooks: Hooks, tmp_path: Path) -> None:
    hooks.trusted = {ROLE: {"lambda.amazonaws.com"}}
    status, body = ask(tmp_path, "CreateModel", ModelName="one", ExecutionRoleArn=ROLE)
    assert (status, json.loads(body)["__type"]) == (400, "ValidationException")
    assert f"Could not assume role {ROLE}." in json.loads(body)["message"]


def test_the_key_of_volumes_is_granted_by_who_creates_the_job_or_by_its_role(
    hooks: Hooks, tmp_path: Path
) -> None:
    job = {"TrainingJobName": "one", "RoleArn": ROLE, "ResourceConfig": {"VolumeKmsKeyId": KEY}}
    hooks.denied = {"kms:CreateGrant"}
    assert ask(tmp_path, "CreateTrainingJob", **job)[0] == 200
    assert hooks.sessions == [ROLE]
    hooks.of_roles = {"kms:CreateGrant"}
    assert b"no kms:CreateGrant" in ask(tmp_path, "CreateTrainingJob", **job)[1]


def test_a_session_is_opened_on_the_loop_of_the_server(hooks: Hooks) -> None:
    async def run() -> Any:
        authority = permissions.Authority(asyncio.get_running_loop())
        return await asyncio.to_thread(authority.assume, ACCOUNT, ROLE, 60)

    assert asyncio.run(run()) == {"aws_access_key_id": "ASIA1"}
    hooks.trusted = {}
    with pytest.raises(ClientError, match=f"Could not assume role {ROLE}"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("role", "principal", "denied", "refusal"),
    [
        (ROLE, "events.amazonaws.com", set(), None),
        (ROLE, "events.amazonaws.com", {"sagemaker:StartPipelineExecution"}, "no sagemaker:Start"),
        (None, "events.amazonaws.com", set(), "the target has no RoleArn"),
        (ROLE, "scheduler.amazonaws.com", set(), "'scheduler.amazonaws.com' to assume the role"),
    ],
)
def test_the_role_of_a_target_starts_its_pipeline(
    hooks: Hooks,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    role: str | None,
    principal: str,
    denied: set[str],
    refusal: str | None,
) -> None:
    started: list[str] = []
    monkeypatch.setattr(
        operations, "call", lambda ctx, operation, params: started.append(params["PipelineName"])
    )
    hooks.of_roles = denied
    target = PipelineTarget("mine", [], role, principal)

    async def run() -> None:
        authority = permissions.Authority(asyncio.get_running_loop())
        ctx = Context(ACCOUNT, REGION, "http://127.0.0.1:1", tmp_path, authority=authority)
        await asyncio.to_thread(events._start, ctx, target)

    asyncio.run(run())
    assert started == ([] if refusal else ["mine"])
    assert refusal is None or refusal in caplog.text
