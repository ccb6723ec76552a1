"""What InvokeEndpoint refuses, and its answer as a stream of events that boto3 reads."""

from __future__ import annotations

import json

import pytest
from botocore.eventstream import EventStreamBuffer

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.endpoints import runtime
from local_cloud.sagemaker.errors import ServiceError

from .conftest import Account, variant


@pytest.fixture
def live(account: Account) -> Account:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    return account


@pytest.mark.parametrize(
    ("header", "value", "message"),
    [
        ("x-amzn-sagemaker-target-model", "other.tar.gz", "TargetModel needs a multi-model endpoint"),
        ("x-amzn-sagemaker-target-container-hostname", "c", "TargetContainerHostname"),
        ("x-amzn-sagemaker-inference-component", "c", "InferenceComponentName"),
        ("x-amzn-sagemaker-enable-explanations", "c", "EnableExplanations"),
        ("x-amzn-sagemaker-session-id", "NEW_SESSION", "SessionId"),
        ("x-amzn-sagemaker-inference-id", "i" * 65, "length less than or equal to 64"),
        ("x-amzn-sagemaker-custom-attributes", "a" * 1025, "length less than or equal to 1024"),
        ("x-amzn-sagemaker-target-variant", "Nobody", "not a production variant"),
    ],
)
def test_requests_that_are_refused(live: Account, header: str, value: str, message: str) -> None:
    with pytest.raises(ServiceError, match=message) as raised:
        live.invoke("live", **{header: value})
    assert raised.value.code == "ValidationError"


def test_body_has_a_greatest_size(live: Account) -> None:
    with pytest.raises(ServiceError, match="length less than or equal to 6291456") as raised:
        live.invoke("live", "x" * (runtime.MOST_BYTES + 1))
    assert raised.value.code == "ValidationError"
    assert live.ask("live", "x" * runtime.MOST_BYTES)["model"] == "one"


def test_answer_can_be_a_stream(live: Account) -> None:
    path = "/endpoints/live/invocations-response-stream"
    found = operations.find_route("POST", path)
    assert found is not None
    serve, match = found
    headers = {"content-type": "text/plain", "x-amzn-sagemaker-accept": "application/json"}
    response = serve(live.ctx, operations.Request("POST", path, headers, b"y" * 100_000, {}, match))
    assert response.headers["X-Amzn-SageMaker-Content-Type"] == "application/json"
    assert response.headers["Content-Type"] == "application/vnd.amazon.eventstream"
    buffer = EventStreamBuffer()
    buffer.add_data(response.body)
    events = list(buffer)
    assert len(events) == 2
    assert {event.headers[":event-type"] for event in events} == {"PayloadPart"}
    assert json.loads(b"".join(event.payload for event in events))["body"] == "y" * 100_000
