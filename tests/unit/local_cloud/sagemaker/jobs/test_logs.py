"""What jobs print goes to CloudWatch as their role; one that may not write logs costs the logs alone."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from local_cloud.sagemaker import log_streams
from local_cloud.sagemaker.jobs import lifecycle, logs

from ..conftest import AccountContext

ROLE = "arn:aws:iam::123456789012:role/r"
SHIPPER = logs.LogShipper  # the real one: a fixture puts a silent one in its place


class _NotFound(Exception): ...


class _Exists(Exception): ...


class _Exceptions:
    ResourceNotFoundException = _NotFound
    ResourceAlreadyExistsException = _Exists


class CloudWatch:
    """Logs and metrics in one, for a role that lacks some grants."""

    exceptions = _Exceptions()

    def __init__(self, denied: set[str]) -> None:
        self.denied, self.groups = denied, set[str]()
        self.lines: dict[str, list[str]] = {}
        self.metrics: list[tuple[str, dict[str, Any]]] = []

    def create_log_group(self, logGroupName: str) -> None:
        self._require("logs:CreateLogGroup")
        self.groups.add(logGroupName)

    def create_log_stream(self, logGroupName: str, logStreamName: str) -> None:
        self._require("logs:CreateLogStream")
        if logGroupName not in self.groups:
            raise _NotFound
        if logStreamName in self.lines:
            raise _Exists
        self.lines[logStreamName] = []

    def put_log_events(self, logGroupName: str, logStreamName: str, logEvents: list[dict[str, Any]]) -> None:
        self._require("logs:PutLogEvents")
        self.lines[logStreamName] += [event["message"] for event in logEvents]

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:
        self._require("cloudwatch:PutMetricData")
        self.metrics += [(Namespace, item) for item in MetricData]

    def _require(self, action: str) -> None:
        if action in self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": action}}, "Call")


class RoleContext(AccountContext):
    """Keeps who asked for a client."""

    def __init__(self, home: Path, watch: CloudWatch) -> None:
        super().__init__("123456789012", "us-east-1", "http://127.0.0.1:1", home)
        self.watch, self.asked = watch, set[tuple[str, str | None]]()

    def client(self, service: str, role_arn: str | None = None) -> Any:
        self.asked.add((service, role_arn))
        return self.watch


def _ship(home: Path, denied: set[str], groups: set[str] | None = None) -> tuple[RoleContext, CloudWatch]:
    watch = CloudWatch(denied)
    watch.groups = groups or set()
    ctx = RoleContext(home, watch)
    shipper = SHIPPER(ctx, ROLE, lifecycle.TRAINING.log_group, "job", dimension="TrainingJobName")
    shipper.line(1, "hello")
    shipper.line(2, "there")
    shipper.metric({"MetricName": "loss", "Value": 0.5})
    shipper.close()
    return ctx, watch


def test_lines_and_metrics_are_sent_as_the_role_of_the_job(tmp_path: Path) -> None:
    ctx, watch = _ship(tmp_path, set())
    assert ctx.asked == {("logs", ROLE), ("cloudwatch", ROLE)}
    assert [stream.rpartition("-")[0] for stream in watch.lines] == ["job/algo-1", "job/algo-2"]
    assert list(watch.lines.values()) == [["hello"], ["there"]]
    dimensions = [{"Name": "TrainingJobName", "Value": "job"}]
    metric = {"MetricName": "loss", "Value": 0.5, "Dimensions": dimensions}
    assert watch.metrics == [("/aws/sagemaker/TrainingJobs", metric)]


@pytest.mark.parametrize("action", ["logs:CreateLogStream", "logs:PutLogEvents", "logs:CreateLogGroup"])
def test_a_missing_grant_costs_the_logs_alone_and_is_noted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, action: str
) -> None:
    with caplog.at_level(logging.WARNING):
        _, watch = _ship(tmp_path, {action})
    assert not any(watch.lines.values())
    assert len(watch.metrics) == 1
    (record,) = caplog.records
    assert "Job job runs without some of its logs" in record.getMessage()
    assert action in record.getMessage()


def test_a_group_that_is_there_needs_no_grant_to_make_one(tmp_path: Path) -> None:
    _, watch = _ship(tmp_path, {"logs:CreateLogGroup"}, {lifecycle.TRAINING.log_group})
    assert list(watch.lines.values()) == [["hello"], ["there"]]


class Closed(threading.Event):
    """Notes the pauses between two batches, and lets the first of them last until `filled`."""

    filled = threading.Event()
    pauses: ClassVar[list[float | None]] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        self.filled.wait(30)
        return super().wait(0)


def test_what_a_chatty_job_prints_is_sent_without_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "threading", SimpleNamespace(Event=Closed, Thread=threading.Thread))
    monkeypatch.setattr(log_streams, "MOST_EVENTS", 10)
    watch = CloudWatch(set())
    watch.groups = {lifecycle.TRAINING.log_group}
    shipper = SHIPPER(RoleContext(tmp_path, watch), ROLE, lifecycle.TRAINING.log_group, "job")
    for at in range(35):
        shipper.line(1, str(at))
    Closed.filled.set()
    shipper.close()
    assert [line for lines in watch.lines.values() for line in lines] == [str(at) for at in range(35)]
    assert Closed.pauses[1:3] == [0, 0]
