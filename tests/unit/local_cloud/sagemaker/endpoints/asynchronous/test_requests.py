"""Answers and failures of asynchronous requests go to S3, topics hear of both, and wrong ones are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_cloud.sagemaker.endpoints import async_metrics
from local_cloud.sagemaker.errors import ServiceError

from .conftest import ROLE, TOPICS, Endpoint


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
        ({"location": "", "body": b"x" * 128_001}, "Value at 'body' .* 128000"),
        ({"requestttlseconds": "--60"}, "Value '--60' at .* type integer"),
        ({"requestttlseconds": "59"}, "Value '59' at '.*' failed to satisfy constraint: .* 60"),
        ({"invocationtimeoutseconds": "soon"}, "Value 'soon' at .* type integer"),
    ],
)
def test_wrong_requests_are_refused(endpoint: Endpoint, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as raised:
        endpoint.ask(**asked)
    assert (raised.value.code, raised.value.status) == ("ValidationError", 400)
    assert endpoint.left() == []


def test_real_time_endpoints_and_unknown_ones_are_refused(endpoint: Endpoint) -> None:
    endpoint.ctx.store.put("EndpointConfig", "config", {"EndpointConfigName": "config"})
    with pytest.raises(ServiceError, match="is not asynchronous: use InvokeEndpoint for it"):
        endpoint.ask()
    endpoint.ctx.store.delete("Endpoint", "live")
    with pytest.raises(ServiceError, match="Endpoint live of account 123456789012 not found"):
        endpoint.ask()
