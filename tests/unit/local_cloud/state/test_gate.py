"""An answer waits for the disk when its request has changed something, and only then."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from local_cloud import hooks_stacks
from local_cloud import hooks_state as hooks
from local_cloud.state import gate
from local_cloud.state.saver import RECORDS
from local_cloud.state.scan import Focus

pytest.importorskip("ministack")


BUCKETS = {("1", "b"): {}}


def request(service: str, method: str = "POST", path: str = "/", target: str = "") -> dict[str, Any]:
    credential = f"AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/{service}/aws4_request"
    headers = [(b"host", b"127.0.0.1:4566"), (b"authorization", credential.encode())]
    headers += [(b"x-amz-target", target.encode())] if target else []
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": headers,
    }


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks_stacks, "stacks_in_motion", lambda: False)
    monkeypatch.setattr(hooks, "loaded_modules", lambda: frozenset({"s3", "iam", "sqs", "cloudformation"}))
    monkeypatch.setattr(hooks, "tables", lambda module: {"_bucket_notifications": {}, "_buckets": BUCKETS})


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        (request("s3", "GET", "/b/k"), b""),
        (request("s3", "HEAD", "/b"), b""),
        (request("iam"), b"Version=2010-05-08&Action=ListRoles"),
        (request("iam", "GET", "/?Action=GetRole"), b""),
        (request("logs", target="Logs_20140328.DescribeLogGroups"), b"{}"),
        (request("ssm", target="AmazonSSM.GetParameter"), b"{}"),
        (request("sagemaker", path="/endpoints/e/invocations"), b"anything"),
    ],
)
def test_who_only_asks_does_not_wait(asked: dict[str, Any], body: bytes) -> None:
    assert gate.focus_of(asked, body) is None


@pytest.mark.parametrize(
    ("asked", "body", "modules"),
    [
        (request("iam"), b"Action=CreateRole&Version=2010-05-08", {"iam"}),
        (request("iam"), b"", {"iam"}),
        (request("sts"), b"Action=AssumeRole", {"sts"}),
        (request("logs", target="Logs_20140328.PutLogEvents"), b"{}", {"cloudwatch_logs"}),
        (request("sqs", target="AmazonSQS.ReceiveMessage"), b"{}", {"sqs"}),
        (request("sns"), b"Action=Publish", {"s3", "iam", "sqs", "cloudformation"}),
        (request("cloudformation"), b"Action=DescribeStacks", {"s3", "iam", "sqs", "cloudformation"}),
    ],
)
def test_a_change_is_looked_for_where_it_may_be(
    asked: dict[str, Any], body: bytes, modules: set[str]
) -> None:
    assert gate.focus_of(asked, body) == Focus(frozenset(modules))


def test_a_record_of_the_service_is_not_told_before_it_is_kept() -> None:
    described = request("sagemaker", target="SageMaker.DescribeModel")
    assert gate.focus_of(described, b"{}") == RECORDS
    assert gate.focus_of(request("sagemaker", path="/endpoints/e/async-invocations"), b"") == RECORDS


def test_one_object_is_looked_at_alone() -> None:
    narrow = Focus(frozenset({"s3"}), frozenset({("b", "k/x y")}), narrow=True)
    assert gate.focus_of(request("s3", "PUT", "/b/k/x y"), b"") == narrow
    focus = gate.focus_of(request("s3", "PUT", "/b/50%25"), b"")
    assert focus is not None
    assert ("b", "50%25") in focus.places
    assert gate.focus_of(request("s3", "PUT", "/alias-of-an-access-point/k"), b"") == Focus(frozenset({"s3"}))
    assert gate.focus_of(request("s3", "PUT", "/b"), b"") == Focus(frozenset({"s3"}))
    assert gate.focus_of(request("s3", "POST", "/b/?delete"), b"") == Focus(frozenset({"s3"}))


def test_objects_that_others_are_told_of_may_change_all(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"_bucket_notifications": {"b": 1}, "_buckets": BUCKETS}
    monkeypatch.setattr(hooks, "tables", lambda module: told)
    focus = gate.focus_of(request("s3", "PUT", "/b/k"), b"")
    assert focus is not None
    assert focus.modules == hooks.loaded_modules()
    assert focus.narrow


def test_while_a_stack_changes_everything_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks_stacks, "stacks_in_motion", lambda: True)
    focus = gate.focus_of(request("iam"), b"Action=CreateRole")
    assert focus == Focus(hooks.loaded_modules())


class Disk:
    """Stands for the saver."""

    def __init__(self, error: Exception | None = None) -> None:
        self.log: list[str] = []
        self.error = error

    async def settled(self, focus: Focus) -> None:
        self.log.append(f"written {sorted(focus.modules)}")
        if self.error:
            raise self.error


def answered(disk: Disk, status: int, asked: dict[str, Any]) -> list[Any]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"Action=CreateRole", "more_body": False}

    sent: list[Any] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        disk.log.append(message["type"])

    asyncio.run(gate.durable(app, disk)(asked, receive, send))  # type: ignore[arg-type]
    return sent


def test_the_answer_goes_out_after_the_change_is_written() -> None:
    disk = Disk()
    answered(disk, 200, request("iam"))
    assert disk.log == ["written ['iam']", "http.response.start", "http.response.body"]


def test_a_refused_request_has_changed_nothing() -> None:
    disk = Disk()
    answered(disk, 403, request("iam"))
    assert disk.log == ["http.response.start", "http.response.body"]


def test_what_cannot_be_kept_is_not_acknowledged() -> None:
    sent = answered(Disk(OSError("no space left")), 200, request("iam"))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 500
    assert "no space left" in json.loads(sent[1]["body"])["message"]
