"""One contract test for each private hook by which the emulator's state is kept."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local_cloud import hooks_state as hooks

app = pytest.importorskip("ministack.app")
from ministack.core import responses  # noqa: E402
from ministack.services import (  # noqa: E402
    athena,
    cloudwatch,
    cloudwatch_logs,
    iam,
    kms,
    lambda_svc,
    s3,
    sqs,
    stepfunctions,
    sts,
)

ACCOUNT, REGION = "111122223333", "eu-west-1"


@pytest.fixture(autouse=True)
def own_tables() -> Iterator[None]:
    modules = (
        athena,
        cloudwatch,
        cloudwatch_logs,
        iam,
        kms,
        lambda_svc,
        s3,
        sqs,
        stepfunctions,
    )
    with responses.request_scope(ACCOUNT, REGION):
        yield
    for module in (*modules, sts):
        module.reset()


def call(module: Any, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    status, _, answer = asyncio.run(module.handle_request(method, path, headers, body, {}))
    return status, answer


def test_every_module_with_a_state_is_known() -> None:
    assert {"s3", "iam", "lambda_svc", "lambda_durable", "cloudwatch_logs", "sts"} <= hooks.known_modules()
    assert {"s3", "iam"} <= hooks.loaded_modules() <= hooks.known_modules()
    assert hooks.modules_of("lambda") == ("lambda_svc", "lambda_durable")
    assert hooks.modules_of("monitoring") == ("cloudwatch",)
    assert hooks.modules_of("sagemaker") == ()


def test_the_service_of_a_request_is_told() -> None:
    credential = f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/iam/aws4_request, x=y"
    assert hooks.service_of("POST", "/", {"authorization": credential}, {}) == "iam"


def test_tables_are_live_and_keyed_by_account_and_region() -> None:
    assert call(s3, "PUT", "/bucket", {}, b"")[0] == 200
    assert call(s3, "PUT", "/bucket/key", {"content-type": "text/plain"}, b"body")[0] == 200
    bucket = hooks.tables("s3")["_buckets"][ACCOUNT, "bucket"]
    assert bucket["objects"]["key"]["body"] == b"body"
    sqs._queues["q"] = {"messages": []}
    assert (ACCOUNT, REGION, "q") in hooks.tables("sqs")["_queues"]
    hooks.tables("s3")["_buckets"].clear()
    assert call(s3, "GET", "/bucket/key", {}, b"")[0] == 404


def test_sessions_are_a_plain_table() -> None:
    assert hooks.tables("sts") == {"_sessions": sts._sessions}


def test_what_is_passing_is_no_table_of_ours() -> None:
    for module, names in hooks._PASSING.items():
        loaded = __import__(f"ministack.services.{module}", fromlist=["x"])
        assert all(hasattr(loaded, name) for name in names), module
        assert not names & hooks.tables(module).keys()


def test_logs_are_groups_of_streams_of_events() -> None:
    def logs(action: str, **given: Any) -> None:
        headers = {"x-amz-target": f"Logs_20140328.{action}"}
        assert call(cloudwatch_logs, "POST", "/", headers, json.dumps(given).encode())[0] == 200

    logs("CreateLogGroup", logGroupName="g")
    logs("CreateLogStream", logGroupName="g", logStreamName="s")
    logs("PutLogEvents", logGroupName="g", logStreamName="s", logEvents=[{"timestamp": 1, "message": "m"}])
    group = hooks.tables("cloudwatch_logs")["_log_groups"][ACCOUNT, REGION, "g"]
    assert [event["message"] for event in group["streams"]["s"]["events"]] == ["m"]


def test_a_metric_is_a_list_of_points() -> None:
    cloudwatch._metrics[("N", "m", "d=1")] = [{"Timestamp": 1.0}]
    assert hooks.tables("cloudwatch")["_metrics"] == {
        (ACCOUNT, REGION, ("N", "m", "d=1")): [{"Timestamp": 1.0}]
    }


def test_executions_and_queries_that_were_cut_off_have_failed() -> None:
    stepfunctions._executions["e"] = {"status": "RUNNING"}
    athena._executions["q"] = {"Status": {"State": "RUNNING"}}
    hooks.settle(["stepfunctions", "athena"])
    assert stepfunctions._executions["e"]["status"] == "FAILED"
    assert athena._executions["q"]["Status"] == {
        "State": "FAILED",
        "StateChangeReason": hooks.INTERRUPTED,
    }


def test_event_sources_are_polled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    polled: list[bool] = []
    monkeypatch.setattr(lambda_svc, "_ensure_poller", lambda: polled.append(True))
    hooks.settle(["lambda_svc"])
    assert polled == []
    lambda_svc._esms["mapping"] = {"FunctionArn": "f"}
    hooks.settle(["lambda_svc"])
    assert polled == [True]


def test_nothing_is_imported_for_a_service_without_a_state() -> None:
    before = set(sys.modules)
    hooks.settle([])
    assert set(sys.modules) == before
