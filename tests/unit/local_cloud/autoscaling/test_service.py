"""Requests are judged once, by the resource that AWS judges them on, before anything of them is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from local_cloud.autoscaling import service
from local_cloud.autoscaling.service import Service
from local_cloud.hooks_permissions import Refusal
from local_cloud.sagemaker.context import Context

from .conftest import IDENTITY, Account

TARGETS = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/*"


class Contexts:
    """The one context of the test, whoever asks."""

    def __init__(self, ctx: Context) -> None:
        self.of = lambda account, region: ctx


def ask(account: Account, name: str, refusal: Refusal | None) -> tuple[list[tuple[str, str]], Any]:
    """What was judged, and the answer, of a request about the target."""
    judged: list[tuple[str, str]] = []

    def judge(
        headers: Mapping[str, str],
        query: Mapping[str, Any],
        action: str,
        resource: str,
        conditions: Mapping[str, Any],
    ) -> Refusal | None:
        judged.append((action, resource))
        return refusal

    served = Service(Contexts(account.ctx), judge)  # type: ignore[arg-type]
    headers = {"x-amz-target": f"AnyScaleFrontendService.{name}"}
    params = {"ServiceNamespace": "sagemaker"} if name.startswith("Describe") else IDENTITY
    answer = asyncio.run(served.handle("POST", "/", headers, json.dumps(params).encode(), {}))
    return judged, answer


@pytest.fixture(autouse=True)
def _scope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.hooks, "request_account", lambda: "123456789012")
    monkeypatch.setattr(service.hooks, "request_region", lambda: "us-east-1")


@pytest.mark.parametrize(
    ("name", "resource"), [("DeregisterScalableTarget", TARGETS), ("DescribeScalableTargets", "*")]
)
def test_a_request_is_judged_by_its_action_and_resource(account: Account, name: str, resource: str) -> None:
    account.register()
    judged, answer = ask(account, name, None)
    assert judged == [(f"application-autoscaling:{name}", resource)]
    assert answer[0] == 200


def test_what_is_refused_is_not_done(account: Account) -> None:
    account.register()
    refusal = Refusal("AccessDenied", "User: u is not authorized")
    _, (status, headers, body) = ask(account, "DeregisterScalableTarget", refusal)
    assert (status, headers["x-amzn-errortype"]) == (400, "AccessDeniedException")
    assert json.loads(body)["Message"] == "User: u is not authorized"
    assert len(account.call("DescribeScalableTargets")["ScalableTargets"]) == 1
