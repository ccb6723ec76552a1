"""Requests to an asynchronous endpoint wait for room, expire, and outlive the server, each answered once."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints import async_metrics, async_work, backlog, modes

from ..conftest import Account, eventually, variant
from .conftest import TOPICS, Endpoint, QueueContext


def test_no_more_are_asked_at_once_than_there_is_room_for(endpoint: Endpoint) -> None:
    for _ in range(5):
        endpoint.ask()
    assert eventually(lambda: len(endpoint.asked) == 2)
    async_metrics.of(endpoint.ctx).send()
    aws = endpoint.ctx.aws
    assert aws.values("ApproximateBacklogSize") == [5.0]
    assert aws.values("ApproximateBacklogSizePerInstance") == [5.0]
    assert aws.values("HasBacklogWithoutCapacity") == [0.0]
    endpoint.instances = 2
    assert eventually(lambda: len(endpoint.asked) == 4)
    for _ in range(5):
        endpoint.go.release()
    assert endpoint.settled()
    assert len(aws.messages) == 5


def test_an_endpoint_without_instances_lets_requests_wait_and_says_so(endpoint: Endpoint) -> None:
    endpoint.instances = 0
    endpoint.ask()
    async_metrics.of(endpoint.ctx).send()
    aws = endpoint.ctx.aws
    assert aws.values("HasBacklogWithoutCapacity") == [1.0]
    assert aws.values("ApproximateBacklogSizePerInstance") == [1.0]
    assert endpoint.asked == []
    endpoint.instances = 1
    endpoint.go.release()
    assert endpoint.settled()


def test_a_request_expires_by_the_clock_of_waits(tmp_path: Path, endpoint: Endpoint) -> None:
    record = {"ReceivedTime": now() - timedelta(seconds=2), "RequestTTLSeconds": 60}
    assert not async_work.expired(QueueContext(tmp_path, speed=1), record)
    assert async_work.expired(QueueContext(tmp_path, speed=100), record)


def test_an_expired_request_is_never_asked_and_the_error_topic_hears_of_it(endpoint: Endpoint) -> None:
    endpoint.instances = 0
    endpoint.ask(requestttlseconds="60", inference_id="late")
    (record,) = endpoint.left()
    with backlog.of(endpoint.ctx, "live")._changed:
        for waiting in backlog.of(endpoint.ctx, "live")._waiting.values():
            waiting["ReceivedTime"] = record["ReceivedTime"] - timedelta(seconds=61)
    assert endpoint.settled()
    ((topic, said),) = endpoint.ctx.aws.messages
    assert (topic, said["invocationStatus"], said["inferenceId"]) == (TOPICS["ErrorTopic"], "Expired", "late")
    assert endpoint.asked == []
    async_metrics.of(endpoint.ctx).send()
    assert endpoint.ctx.aws.values("ExpiredRequests") == [1.0]


def test_requests_of_an_earlier_server_are_answered_by_the_next(endpoint: Endpoint) -> None:
    endpoint.ask(inference_id="first")
    assert eventually(lambda: len(endpoint.asked) == 1)
    backlog.shutdown()  # the server stops while the model works
    assert [record["InferenceId"] for record in endpoint.left()] == ["first"]
    backlog.resume(endpoint.ctx)
    assert eventually(lambda: len(endpoint.asked) == 2)
    endpoint.go.release()
    endpoint.go.release()
    assert endpoint.settled()


def test_a_failure_of_a_closing_server_is_left_to_its_successor(endpoint: Endpoint) -> None:
    endpoint.ask("s3://in/bad")
    assert eventually(lambda: len(endpoint.asked) == 1)
    queue = backlog.of(endpoint.ctx, "live")
    backlog.shutdown()
    endpoint.go.release()
    assert eventually(lambda: queue.measured().size == 0)
    assert len(endpoint.left()) == 1
    assert endpoint.ctx.aws.messages == []


def test_what_waits_twice_is_asked_once(endpoint: Endpoint) -> None:
    endpoint.instances = 0
    endpoint.ask()
    backlog.resume(endpoint.ctx)  # as at a start, when requests come in before it has looked
    endpoint.instances = 2
    endpoint.go.release()
    endpoint.go.release()
    assert endpoint.settled()
    assert len(endpoint.asked) == 1


def test_a_request_to_a_closing_server_is_kept_for_its_successor(endpoint: Endpoint) -> None:
    endpoint.go.release()
    endpoint.ask()
    assert endpoint.settled()
    backlog.shutdown()
    endpoint.ask()
    assert [record["EndpointName"] for record in endpoint.left()] == ["live"]
    assert len(endpoint.asked) == 1
    backlog.resume(endpoint.ctx)
    endpoint.go.release()
    assert endpoint.settled()


def test_a_queue_that_breaks_goes_on(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([RuntimeError("a moment"), RuntimeError("and another")])

    def instances(ctx: Context, name: str) -> int:
        for failure in failures:
            raise failure
        return 1

    monkeypatch.setattr(modes, "instances", instances)
    endpoint.go.release()
    endpoint.ask()
    assert endpoint.settled()
    assert "queue of endpoint live" in caplog.text


def test_many_that_expire_at_once_need_one_thread(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()

    def expire(ctx: Context, record: dict[str, Any]) -> None:
        threads.add(threading.get_ident())

    monkeypatch.setattr(async_work, "expire", expire)
    endpoint.instances = 0
    records: list[dict[str, Any]] = [
        {"Key": f"{at}", "ReceivedTime": now() - timedelta(hours=1), "RequestTTLSeconds": 60}
        for at in range(20)
    ]
    for record in records:
        endpoint.ctx.store.put(backlog.KIND, record["Key"], record)
    backlog.of(endpoint.ctx, "live").wait_for(records)
    assert endpoint.settled()
    assert len(threads) == 1


def test_queues_are_measured_as_soon_as_their_endpoint_is_in_service(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[Context] = []
    monkeypatch.setattr(backlog, "watch", watched.append)
    account.model("one")
    account.endpoint("prompt", account.config("prompt", variant("one")))
    assert watched == []
    output = {"OutputConfig": {"S3OutputPath": "s3://out/answers"}}
    account.endpoint("patient", account.config("patient", variant("one"), AsyncInferenceConfig=output))
    assert watched == [account.ctx]


def test_requests_of_a_deleted_endpoint_are_dropped(endpoint: Endpoint) -> None:
    endpoint.instances = 0
    endpoint.ask()
    endpoint.ctx.store.delete("Endpoint", "live")
    assert endpoint.settled()
    assert endpoint.ctx.aws.messages == []


def test_a_request_that_finds_no_instance_is_asked_again(endpoint: Endpoint) -> None:
    endpoint.absent = 2
    for _ in range(3):
        endpoint.go.release()
    endpoint.ask()
    assert endpoint.settled()
    assert len(endpoint.asked) == 3
    assert [said["invocationStatus"] for _, said in endpoint.ctx.aws.messages] == ["Completed"]
