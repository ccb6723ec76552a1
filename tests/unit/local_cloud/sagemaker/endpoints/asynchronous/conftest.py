"""An asynchronous endpoint whose model does as the test says, and an AWS in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.clock import Clock
from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import async_metrics, backlog, invocations
from local_cloud.sagemaker.endpoints.invocations import Answer
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.operations import Request, Response

from ..conftest import eventually

ROLE = "arn:aws:iam::123456789012:role/endpoint"
TOPICS = {
    "SuccessTopic": "arn:aws:sns:us-east-1:123456789012:done",
    "ErrorTopic": "arn:aws:sns:us-east-1:123456789012:failed",
}


class Aws:
    """S3, SNS and CloudWatch in memory; remembers as whom it was asked."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {"s3://in/one": b"one", "s3://in/bad": b"bad"}
        self.types: dict[str, str] = {}
        self.puts: list[dict[str, Any]] = []
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.metrics: list[dict[str, Any]] = []
        self.as_roles: set[tuple[str, str | None]] = set()

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        class Stream:
            read = staticmethod(lambda: self.objects[f"s3://{Bucket}/{Key}"])

        return {"Body": Stream}

    def put_object(self, **call: Any) -> None:
        self.puts.append(call)
        self.types[f"s3://{call['Bucket']}/{call['Key']}"] = call["ContentType"]
        self.objects[f"s3://{call['Bucket']}/{call['Key']}"] = call["Body"]

    def publish(self, TopicArn: str, Message: str) -> None:
        self.messages.append((TopicArn, json.loads(Message)))

    def put_metric_data(self, **call: Any) -> None:
        self.metrics += call["MetricData"]

    def values(self, name: str) -> list[float]:
        return [datum["Value"] for datum in self.metrics if datum["MetricName"] == name]


class QueueContext(Context):
    """A context whose clients are one fake."""

    def __init__(self, home: Path, speed: float = 1.0) -> None:
        url = f"http://127.0.0.1:9/{home}"
        super().__init__("123456789012", "us-east-1", url, home, clock=Clock(speed))
        self.aws = Aws()

    def client(self, service: str, role_arn: str | None = None) -> Any:
        self.aws.as_roles.add((service, role_arn))
        return self.aws


class Endpoint:
    """One endpoint whose model does as the test says, and how it is asked."""

    def __init__(self, ctx: QueueContext) -> None:
        self.ctx, self.instances, self.absent = ctx, 1, 0
        self.go, self.asked = threading.Semaphore(0), []
        self.timeouts: list[float | None] = []

    def configure(self, **changes: Any) -> None:
        output = {
            "S3OutputPath": "s3://out/answers/",
            "S3FailurePath": "s3://out/failures",
            "NotificationConfig": TOPICS,
            **changes,
        }
        config = {
            "EndpointConfigName": "config",
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "one"}],
            "AsyncInferenceConfig": {
                "OutputConfig": output,
                "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2},
            },
        }
        self.ctx.store.put("Model", "one", {"ModelName": "one", "ExecutionRoleArn": ROLE})
        self.ctx.store.put("EndpointConfig", "config", config)
        record = {"EndpointName": "live", "EndpointConfigName": "config", "EndpointStatus": "InService"}
        self.ctx.store.put("Endpoint", "live", record)

    def ask(self, location: str = "s3://in/one", body: bytes = b"", **headers: str) -> Response:
        given = {f"x-amzn-sagemaker-{name.replace('_', '-')}": value for name, value in headers.items()}
        if location:
            given["x-amzn-sagemaker-inputlocation"] = location
        path = "/endpoints/live/async-invocations"
        found = operations.find_route("POST", path)
        assert found is not None
        serve, match = found
        return serve(self.ctx, Request("POST", path, given, body, {}, match))

    def left(self) -> list[dict[str, Any]]:
        return self.ctx.store.list(backlog.KIND)

    def settled(self) -> bool:
        return eventually(lambda: not self.left())


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    made = Endpoint(QueueContext(tmp_path))
    made.configure()

    def invoke(
        ctx: Context, name: str, body: bytes, headers: dict[str, str], timeout_s: float | None = None
    ) -> Answer:
        made.asked.append((body, headers))
        made.timeouts.append(timeout_s)
        made.go.acquire()
        if made.absent:
            made.absent -= 1
            raise ServiceError("ServiceUnavailable", "No instance is in service", 503)
        if body == b"bad":
            extra = {"OriginalStatusCode": 500, "OriginalMessage": '{"message": "cannot"}'}
            raise ServiceError("ModelError", "Received server error (500)", 424, dict(extra))
        return Answer(200, {"content-type": "text/plain"}, body.upper(), "AllTraffic")

    monkeypatch.setattr(invocations, "invoke", invoke)
    monkeypatch.setattr(backlog.modes, "instances", lambda ctx, name: made.instances)
    monkeypatch.setattr(backlog, "_POLL_S", 0.01)
    monkeypatch.setattr(async_metrics, "_SHORTEST_S", 3600.0)  # tests send them themselves
    yield made
    backlog.shutdown()
    for _ in range(100):
        made.go.release()
