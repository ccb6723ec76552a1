"""Asynchronous endpoints: requests wait in a queue, answers and failures go to S3, topics hear of both."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local_cloud.clock import Clock
from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints import async_metrics, async_work, backlog, invocations
from local_cloud.sagemaker.endpoints.invocations import Answer
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.operations import Request, Response

from .conftest import eventually

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


def test_the_answer_is_where_it_was_promised_and_a_topic_hears_of_it(endpoint: Endpoint) -> None:
    endpoint.go.release()
    response = endpoint.ask(inference_id="order-7", content_type="text/csv", accept="text/plain")
    assert response.status == 202
    assert json.loads(response.body) == {"InferenceId": "order-7"}
    place = response.headers["X-Amzn-SageMaker-OutputLocation"]
    assert place.startswith("s3://out/answers/")
    assert place.endswith(".out")
    assert endpoint.settled()
    aws = endpoint.ctx.aws
    assert (aws.objects[place], aws.types[place]) == (b"ONE", "text/plain")
    ((topic, said),) = aws.messages
    assert topic == TOPICS["SuccessTopic"]
    times = {said.pop("eventTime"), said.pop("receivedTime")}
    assert all(len(time) == len("2026-01-25T22:46:00.608Z") for time in times)
    assert said == {
        "awsRegion": "us-east-1",
        "invocationStatus": "Completed",
        "requestParameters": {
            "accept": "text/plain",
            "contentType": "text/csv",
            "endpointName": "live",
            "inputLocation": "s3://in/one",
        },
        "responseParameters": {"contentType": "text/plain", "outputLocation": place},
        "inferenceId": "order-7",
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    assert {item for item in aws.as_roles if item[0] != "cloudwatch"} == {("s3", ROLE), ("sns", ROLE)}


def test_the_model_gets_what_the_caller_sent_and_the_time_asked_for(endpoint: Endpoint) -> None:
    endpoint.go.release()
    endpoint.ask("", b"inline", custom_attributes="trace=1", invocationtimeoutseconds="5")
    assert endpoint.settled()
    ((body, headers),) = endpoint.asked
    assert body == b"inline"
    assert headers["x-amzn-sagemaker-custom-attributes"] == "trace=1"
    assert endpoint.timeouts == [5]


def test_a_model_error_goes_to_the_failure_path_and_the_error_topic(endpoint: Endpoint) -> None:
    endpoint.go.release()
    response = endpoint.ask("s3://in/bad")
    place = response.headers["X-Amzn-SageMaker-FailureLocation"]
    assert place.startswith("s3://out/failures/")
    assert endpoint.settled()
    aws = endpoint.ctx.aws
    assert aws.objects[place] == b'{"message": "cannot"}'
    assert response.headers["X-Amzn-SageMaker-OutputLocation"] not in aws.objects
    ((topic, said),) = aws.messages
    assert topic == TOPICS["ErrorTopic"]
    assert said["invocationStatus"] == "Failed"
    assert said["failureReason"].startswith("ClientError: Received server error (500) from model.")
    assert said["responseParameters"]["failureLocation"] == place


def test_an_input_that_cannot_be_read_is_a_failure_that_names_it(endpoint: Endpoint) -> None:
    endpoint.ask("s3://in/none")
    assert endpoint.settled()
    ((_, said),) = endpoint.ctx.aws.messages
    assert "Unable to download the input s3://in/none" in said["failureReason"]
    async_metrics.of(endpoint.ctx).send()
    assert endpoint.ctx.aws.values("RequestDownloadFailures") == [1.0]
    assert endpoint.ctx.aws.values("InvocationFailures") == [1.0]


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
    assert aws.values("ApproximateBacklogSizePerInstance") == []
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
        for waiting in backlog.of(endpoint.ctx, "live")._waiting:
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


def test_requests_of_a_deleted_endpoint_are_dropped(endpoint: Endpoint) -> None:
    endpoint.instances = 0
    endpoint.ask()
    endpoint.ctx.store.delete("Endpoint", "live")
    assert endpoint.settled()
    assert endpoint.ctx.aws.messages == []


def test_a_response_may_ride_along_with_the_notification(endpoint: Endpoint) -> None:
    included = {**TOPICS, "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"]}
    endpoint.configure(NotificationConfig=included, S3OutputPath=None, KmsKeyId="alias/out")
    endpoint.go.release()
    response = endpoint.ask()
    assert "X-Amzn-SageMaker-OutputLocation" not in response.headers
    assert endpoint.settled()
    ((_, said),) = endpoint.ctx.aws.messages
    assert said["responseBody"] == {"content": "ONE", "encoding": "UTF-8"}


def test_the_output_has_the_key_name_and_extension_asked_for(endpoint: Endpoint) -> None:
    endpoint.configure(KmsKeyId="alias/out")
    endpoint.go.release()
    response = endpoint.ask(s3outputpathextension="tenant/a", filename="b.json")
    assert response.headers["X-Amzn-SageMaker-OutputLocation"] == "s3://out/answers/tenant/a/b.json"
    assert endpoint.settled()
    (put,) = endpoint.ctx.aws.puts
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", "alias/out")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"location": ""}, "Provide exactly one of Body and InputLocation"),
        ({"body": b"x"}, "Provide exactly one of Body and InputLocation"),
        ({"location": "https://bucket/key"}, "must be an S3 URI"),
        ({"requestttlseconds": "59"}, "Value '59' at '.*' failed to satisfy constraint: .* 60"),
        ({"invocationtimeoutseconds": "soon"}, "Value 'soon' at .* type integer"),
    ],
)
def test_wrong_requests_are_refused(endpoint: Endpoint, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as raised:
        endpoint.ask(**asked)
    assert (raised.value.code, raised.value.status) == ("ValidationError", 400)
    assert endpoint.left() == []


def test_a_request_that_finds_no_instance_is_asked_again(endpoint: Endpoint) -> None:
    endpoint.absent = 2
    for _ in range(3):
        endpoint.go.release()
    endpoint.ask()
    assert endpoint.settled()
    assert len(endpoint.asked) == 3
    assert [said["invocationStatus"] for _, said in endpoint.ctx.aws.messages] == ["Completed"]


def test_real_time_endpoints_and_unknown_ones_are_refused(endpoint: Endpoint) -> None:
    endpoint.ctx.store.put("EndpointConfig", "config", {"EndpointConfigName": "config"})
    with pytest.raises(ServiceError, match="is not asynchronous: use InvokeEndpoint for it"):
        endpoint.ask()
    endpoint.ctx.store.delete("Endpoint", "live")
    with pytest.raises(ServiceError, match="Endpoint live of account 123456789012 not found"):
        endpoint.ask()
