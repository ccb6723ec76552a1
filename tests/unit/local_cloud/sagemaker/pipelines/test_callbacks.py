"""Callback steps: the message with the token, the answers to it, a stop, and an answer that never comes."""

from __future__ import annotations

import dataclasses
import json
import queue
import threading
from typing import Any

import pytest

from local_cloud.clock import Clock
from local_cloud.sagemaker import model, operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.definition import parse
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed
from local_cloud.sagemaker.pipelines.runner import CloudRunner
from local_cloud.sagemaker.pipelines.work import Result, Work

from .conftest import PipelineContext, refusal
from .documents import callback, document, fail

ARN = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/abc"
ROLE = "arn:aws:iam::123456789012:role/r"
OUTPUTS = (("Uri", "String"), ("Rows", "Integer"), ("Share", "Float"), ("Fresh", "Boolean"))
Json = dict[str, Any]


class Queue:
    """An SQS client: the messages that were sent, or a refusal."""

    def __init__(self) -> None:
        self.messages: queue.Queue[tuple[str, Json]] = queue.Queue()
        self.error: Exception | None = None

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:
        if self.error:
            raise self.error
        self.messages.put((QueueUrl, json.loads(MessageBody)))

    def next(self) -> Json:
        url, body = self.messages.get(timeout=10)
        assert url == "http://127.0.0.1/queue"
        return body


class Waiting:
    """A Callback step that runs on a thread of its own."""

    def __init__(self, ctx: PipelineContext) -> None:
        self.ctx, self.queue, self.stop = ctx, Queue(), threading.Event()
        ctx.clients["sqs"] = self.queue
        self.told: list[Json] = []
        self.end: Result | Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> str:
        """Start the step and return the token of its message."""
        self._thread.start()
        body = self.queue.next()
        assert {**body, "token": ""} == {
            "token": "",
            "pipelineExecutionArn": ARN,
            "stepName": "Ask",
            "status": "Executing",
            "arguments": {"P": 7},
        }
        return str(body["token"])

    def result(self) -> Result | Exception | None:
        self._thread.join(10)
        return self.end

    def _run(self) -> None:
        step = parse(document(callback("Ask", outputs=OUTPUTS))).steps["Ask"]
        runner = CloudRunner(self.ctx, ARN, RoleClients(self.ctx, ROLE))
        try:
            self.end = runner.run(
                Work(step, "Ask", {"P": 7}, "", self.stop, self.told.append, lambda name: {})
            )
        except Exception as error:  # noqa: BLE001 - what it raises is what a test wants to see
            self.end = error


@pytest.fixture
def waiting(ctx: PipelineContext) -> Waiting:
    return Waiting(ctx)


def _succeed(ctx: PipelineContext, token: str, request: str = "r" * 32, **outputs: str) -> Json:
    listed = [{"Name": name, "Value": value} for name, value in outputs.items()]
    params = {"CallbackToken": token, "ClientRequestToken": request, "OutputParameters": listed}
    return operations.call(ctx, "SendPipelineExecutionStepSuccess", params)


def test_an_answer_ends_the_step_with_typed_outputs(ctx: PipelineContext, waiting: Waiting) -> None:
    token = waiting.start()
    given = {"Uri": "s3://b/k", "Rows": "7", "Share": "0.5", "Fresh": "True"}
    assert _succeed(ctx, token, **given) == {"PipelineExecutionArn": ARN}
    result = waiting.result()
    assert isinstance(result, Result)
    values = {"Uri": "s3://b/k", "Rows": 7, "Share": 0.5, "Fresh": True}
    assert result.properties == {"OutputParameters": values}
    shown = {"CallbackToken": token, "SqsQueueUrl": "http://127.0.0.1/queue"}
    assert waiting.told == [{"Callback": {**shown, "OutputParameters": []}}]
    listed = result.metadata["Callback"]["OutputParameters"]
    assert [one["Value"] for one in listed] == ["s3://b/k", "7", "0.5", "true"]
    step = model.output_members("ListPipelineExecutionSteps")["PipelineExecutionSteps"].member
    assert model.shape_value(step.members["Metadata"], dict(result.metadata)) == result.metadata
    assert ("sqs", ROLE) in ctx.roles


def test_the_token_has_the_form_of_the_api(ctx: PipelineContext, waiting: Waiting) -> None:
    token = waiting.start()
    model.parse_input("SendPipelineExecutionStepSuccess", {"CallbackToken": token})
    _succeed(ctx, token)
    assert isinstance(waiting.result(), Result)


def test_a_failure_fails_the_step_with_its_reason(ctx: PipelineContext, waiting: Waiting) -> None:
    params = {"CallbackToken": waiting.start(), "FailureReason": "nobody home"}
    operations.call(ctx, "SendPipelineExecutionStepFailure", params)
    error = waiting.result()
    assert isinstance(error, StepFailed)
    assert str(error) == "nobody home"


@pytest.mark.parametrize(
    ("outputs", "named"),
    [
        ({"Url": "x"}, "declares no output parameter 'Url'; it declares: Uri, Rows, Share, Fresh"),
        ({"Rows": "seven"}, "'Rows' must be of type Integer, got 'seven'"),
        ({"Fresh": "yes"}, "'Fresh' must be of type Boolean, got 'yes'"),
    ],
)
def test_a_wrong_answer_is_refused_and_the_step_waits_on(
    ctx: PipelineContext, waiting: Waiting, outputs: dict[str, str], named: str
) -> None:
    token = waiting.start()
    with pytest.raises(ServiceError, match=named) as caught:
        _succeed(ctx, token, **outputs)
    assert caught.value.code == "ValidationException"
    _succeed(ctx, token)
    assert isinstance(waiting.result(), Result)


def test_a_token_is_answered_once_but_the_same_request_may_come_again(
    ctx: PipelineContext, waiting: Waiting
) -> None:
    token = waiting.start()
    assert _succeed(ctx, token) == _succeed(ctx, token)
    with pytest.raises(ServiceError, match="has been answered already") as caught:
        _succeed(ctx, token, "other" * 10)
    assert caught.value.code == "ConflictException"
    with pytest.raises(ServiceError, match="does not exist") as caught:
        _succeed(ctx, "0123456789")
    assert caught.value.code == "ResourceNotFound"


def test_a_stop_sends_one_more_message_and_waits_for_the_answer(
    ctx: PipelineContext, waiting: Waiting
) -> None:
    token = waiting.start()
    waiting.stop.set()
    body = waiting.queue.next()
    assert (body["status"], body["token"]) == ("Stopping", token)
    assert waiting.end is None
    _succeed(ctx, token)
    assert isinstance(waiting.result(), Result)
    assert waiting.queue.messages.empty()


def test_an_answer_that_never_comes_fails_the_step_after_seven_days(
    ctx: PipelineContext, waiting: Waiting
) -> None:
    object.__setattr__(ctx, "clock", Clock(speed=7 * 24 * 3600 * 10))
    token = waiting.start()
    error = waiting.result()
    assert isinstance(error, StepFailed)
    assert str(error) == "No answer to the callback token within 604800 seconds"
    with pytest.raises(ServiceError, match="does not wait any more"):
        _succeed(ctx, token)


def test_a_queue_that_the_role_may_not_use_fails_the_step(waiting: Waiting) -> None:
    waiting.queue.error = refusal(
        "AccessDenied", "r is not authorized to perform: sqs:SendMessage", "SendMessage"
    )
    waiting._thread.start()
    error = waiting.result()
    assert isinstance(error, StepFailed)
    assert "AccessDenied when sending a message to http://127.0.0.1/queue" in str(error)
    assert "sqs:SendMessage" in str(error)


@pytest.mark.parametrize(
    ("step", "named"),
    [
        (callback("A", SqsQueueUrl=None), "SqsQueueUrl must be the URL of an SQS queue, got None"),
        (callback("A", outputs=[("U", "Map")]), "'U' has type 'Map'"),
        (callback("A", Colour="red"), "a Callback step has no member Colour"),
    ],
)
def test_a_callback_step_that_cannot_run_is_refused(step: Json, named: str) -> None:
    with pytest.raises(DefinitionError, match=named):
        parse(document(step))


def test_a_reference_to_no_output_is_refused() -> None:
    with pytest.raises(DefinitionError, match="which a Callback step has not; it has: OutputParameters"):
        parse(document(callback("A"), fail("B", {"Get": "Steps.A.OutputParameters['Url']"})))


def test_records_of_tokens_are_plain(ctx: PipelineContext, waiting: Waiting) -> None:
    token = waiting.start()
    _succeed(ctx, token)
    waiting.result()
    assert set(ctx.store.get("CallbackToken", token)) == {
        "PipelineExecutionArn", "StepName", "CreationTime", "Answered", "ClientRequestToken"
    }  # fmt: skip
    assert dataclasses.is_dataclass(waiting.end)
