"""One asynchronous request from its input in S3 to its answer there, and the notification that says so."""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints import async_metrics, invocations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs.transfer import split_uri
from local_cloud.sagemaker.store import Record

_SUCCESS, _ERROR = "SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"
_LARGEST_INCLUDED = 128 * 1024
_log = logging.getLogger("local_cloud.sagemaker.endpoints")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Outcome:
    """How a request ended."""

    status: str
    body: bytes
    content_type: str
    reason: str = ""


class _Failed(Exception):
    """The request has failed; the outcome says how."""

    def __init__(self, reason: str, body: bytes = b"", content_type: str = "text/plain") -> None:
        super().__init__(reason)
        self.outcome = Outcome("Failed", body or reason.encode(), content_type, reason)


class _Unavailable(Exception):
    """No instance was there for the request after all: it is to be asked again."""


def expired(ctx: Context, record: Record) -> bool:
    """Whether a request has waited longer than it may."""
    age = (now() - record["ReceivedTime"]).total_seconds()
    return bool(age > ctx.clock.real(record["RequestTTLSeconds"]))


def expire(ctx: Context, record: Record) -> None:
    """Tell the error topic that a request was not answered in time."""
    _count(ctx, record, "ExpiredRequests")
    reason = f"Request expired after {record['RequestTTLSeconds']} seconds in the queue."
    _notify(ctx, record, Outcome("Expired", b"", "text/plain", reason))


def answer(ctx: Context, record: Record, closed: threading.Event) -> bool:
    """Read the input, ask the endpoint, write the answer and send the notification.

    Returns
    -------
    bool
        False when it has to be done again: no instance was there, or the server is closing, so that its
        successor does it.
    """
    started = time.perf_counter()
    waited = (now() - record["ReceivedTime"]).total_seconds()
    _count(ctx, record, "TimeInBacklog", waited * 1e3)
    try:
        sent = _downloaded(ctx, record)
        outcome = _asked(ctx, record, sent)
        if "OutputLocation" in record:
            _uploaded(ctx, record, record["OutputLocation"], outcome)
        _count(ctx, record, "InvocationsProcessed")
    except _Unavailable:
        return False
    except _Failed as failed:
        if closed.is_set():
            return False
        outcome = failed.outcome
        _count(ctx, record, "InvocationFailures")
        _keep_failure(ctx, record, outcome)
    _count(ctx, record, "TotalProcessingTime", (time.perf_counter() - started) * 1e3)
    _notify(ctx, record, outcome)
    return True


def message(record: Record, outcome: Outcome, region: str, at: datetime) -> dict[str, Any]:
    """What a notification says, in the service's layout."""
    asked = {"accept": "Accept", "contentType": "ContentType", "customAttributes": "CustomAttributes"}
    parameters = {name: record[member] for name, member in asked.items() if member in record}
    parameters["endpointName"] = record["EndpointName"]
    if "InputLocation" in record:
        parameters["inputLocation"] = record["InputLocation"]
    said: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _iso(at),
        "receivedTime": _iso(record["ReceivedTime"]),
        "invocationStatus": outcome.status,
        "requestParameters": parameters,
    }
    location = {"Completed": "OutputLocation", "Failed": "FailureLocation"}.get(outcome.status, "")
    if location in record:
        where = location[0].lower() + location[1:]
        said["responseParameters"] = {"contentType": outcome.content_type, where: record[location]}
    if outcome.reason:
        said["failureReason"] = outcome.reason
    topics = (record["OutputConfig"].get("NotificationConfig") or {}).get("IncludeInferenceResponseIn", ())
    wanted = (_SUCCESS if outcome.status == "Completed" else _ERROR) in topics
    if wanted and outcome.status != "Expired" and len(outcome.body) <= _LARGEST_INCLUDED:
        said["responseBody"] = _included(outcome.body)
    said["inferenceId"] = record["InferenceId"]
    return {**said, "eventVersion": "1.0", "eventSource": "aws:sagemaker", "eventName": "InferenceResult"}


def _downloaded(ctx: Context, record: Record) -> bytes:
    if "Body" in record:
        return base64.b64decode(record["Body"])
    uri = record["InputLocation"]

    def read() -> bytes:
        bucket, key = split_uri(uri)
        content: bytes = ctx.client("s3", record["RoleArn"]).get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    return _timed(ctx, record, "RequestDownload", f"Unable to download the input {uri}", read)


def _uploaded(ctx: Context, record: Record, uri: str, outcome: Outcome) -> None:
    key_id = record["OutputConfig"].get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}

    def write() -> None:
        bucket, key = split_uri(uri)
        client = ctx.client("s3", record["RoleArn"])
        client.put_object(
            Bucket=bucket, Key=key, Body=outcome.body, ContentType=outcome.content_type, **encryption
        )

    _timed(ctx, record, "ResponseUpload", f"Unable to upload the response to {uri}", write)


def _timed(ctx: Context, record: Record, what: str, failure: str, work: Callable[[], _T]) -> _T:
    """Do something with S3; count how long it took, or that it failed."""
    started = time.perf_counter()
    try:
        done = work()
    except Exception as error:
        _count(ctx, record, f"{what}Failures")
        raise _Failed(f"ClientError: {failure}: {error}") from error
    _count(ctx, record, f"{what}Latency", (time.perf_counter() - started) * 1e6)
    return done


def _asked(ctx: Context, record: Record, sent: bytes) -> Outcome:
    """The answer of the model, whatever its content type."""
    headers = {"x-amzn-sagemaker-inference-id": record["InferenceId"]}
    for member, name in (
        ("ContentType", "content-type"),
        ("Accept", "accept"),
        ("CustomAttributes", invocations.ATTRIBUTES_HEADER),
    ):
        if member in record:
            headers[name] = record[member]
    try:
        answered = invocations.invoke(
            ctx, record["EndpointName"], sent, headers, record["InvocationTimeoutSeconds"]
        )
    except ServiceError as error:
        if error.code == "ServiceUnavailable":
            raise _Unavailable from error
        raise _model_failure(error) from error
    kind = answered.headers.get("content-type", "application/octet-stream")
    return Outcome("Completed", answered.body, kind)


def _model_failure(error: ServiceError) -> _Failed:
    status = error.extra.get("OriginalStatusCode")
    if not isinstance(status, int) or status == 0:
        return _Failed(f"InternalServerError: {error.message}")
    who = "client" if status < 500 else "server"
    reason = (
        f"ClientError: Received {who} error ({status}) from model. "
        "See the SageMaker Endpoint logs in your account for more information."
    )
    return _Failed(reason, str(error.extra.get("OriginalMessage", "")).encode())


def _keep_failure(ctx: Context, record: Record, outcome: Outcome) -> None:
    """Write what the model said to the failure path, when there is one."""
    if "FailureLocation" not in record:
        return
    try:
        _uploaded(ctx, record, record["FailureLocation"], outcome)
    except _Failed as failed:
        _log.error("request %s: %s", record["InferenceId"], failed)


def _notify(ctx: Context, record: Record, outcome: Outcome) -> None:
    topics = record["OutputConfig"].get("NotificationConfig") or {}
    topic = topics.get("SuccessTopic" if outcome.status == "Completed" else "ErrorTopic")
    if not topic:
        return
    text = json.dumps(message(record, outcome, ctx.region, now()), separators=(",", ":"))
    try:
        ctx.client("sns", record["RoleArn"]).publish(TopicArn=topic, Message=text)
    except Exception as error:  # noqa: BLE001 - the answer is there, whether its notification is sent or not
        _count(ctx, record, "NotificationFailures")
        _log.error("request %s: no notification to %s: %s", record["InferenceId"], topic, error)


def _included(body: bytes) -> dict[str, str]:
    try:
        return {"content": body.decode(), "encoding": "UTF-8"}
    except UnicodeDecodeError:
        return {"content": base64.b64encode(body).decode(), "encoding": "BASE64"}


def _count(ctx: Context, record: Record, name: str, value: float = 1.0) -> None:
    async_metrics.of(ctx).record(record["EndpointName"], record["VariantName"], name, value)


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
