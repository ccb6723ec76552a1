"""Callback steps: a message with a token goes to a queue, and whoever has the token ends the step."""

from __future__ import annotations

import json
import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_cloud.clock import Clock
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import CONFLICT, ServiceError, not_found, validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.pipelines import outputs
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed

TOKEN = "CallbackToken"  # noqa: S105 - the kind of a record
LONGEST_SECONDS = 7 * 24 * 3600
_LETTERS = string.ascii_letters + string.digits
_LENGTH = 10


@dataclass(frozen=True)
class Callback:
    """What a step declares: its queue, and the type of each output parameter by name."""

    queue_url: str
    outputs: Mapping[str, str]


@dataclass
class Waiter:
    """A step that waits for its answer: `values` are its output parameters, unless `failure` is set."""

    declared: Mapping[str, str]
    answered: threading.Event = field(default_factory=threading.Event)
    values: dict[str, Any] = field(default_factory=dict)
    failure: str | None = None


_waiting: dict[tuple[str, str, str], Waiter] = {}
_lock = threading.Lock()


def parse(item: Mapping[str, Any]) -> Callback:
    """What a Callback step of a definition declares; DefinitionError names the member that is wrong."""
    url = item.get("SqsQueueUrl")
    if not isinstance(url, str) or not url:
        raise DefinitionError(f"SqsQueueUrl must be the URL of an SQS queue, got {url!r}")
    return Callback(url, outputs.declared(item))


class Call:
    """One wait for the answer of a Callback step.

    Parameters
    ----------
    ctx : Context
        The account and region.
    callback : Callback
        What the step declares.
    execution_arn, step : str
        Which step waits.
    """

    def __init__(self, ctx: Context, callback: Callback, execution_arn: str, step: str) -> None:
        self._ctx, self._callback, self._arn, self._step = ctx, callback, execution_arn, step
        self._waiter = Waiter(callback.outputs)
        self.token = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))

    def ask(self, client: Any, arguments: Mapping[str, Any], stop: threading.Event) -> dict[str, Any]:
        """Send the message and wait for the answer: the output parameters, by name.

        A stop does not end the wait: it sends one more message, and the answer to that ends it, as on AWS.

        Raises
        ------
        StepFailed
            The step was answered with a failure, or not in time.
        """
        record = {"PipelineExecutionArn": self._arn, "StepName": self._step, "CreationTime": now()}
        key = (self._ctx.account, self._ctx.region, self.token)
        with _lock:
            _waiting[key] = self._waiter
        self._ctx.store.put(TOKEN, self.token, record)
        try:
            self._send(client, arguments, "Executing")
            if not self._answered(self._ctx.clock, client, arguments, stop):
                raise StepFailed(f"No answer to the callback token within {LONGEST_SECONDS} seconds")
        finally:
            with _lock:
                del _waiting[key]
        if self._waiter.failure is not None:
            raise StepFailed(self._waiter.failure)
        return self._waiter.values

    def metadata(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The Metadata of the step, with the output parameters that it has so far."""
        shown = {"CallbackToken": self.token, "SqsQueueUrl": self._callback.queue_url}
        return {"Callback": {**shown, "OutputParameters": outputs.listed(values)}}

    def _send(self, client: Any, arguments: Mapping[str, Any], status: str) -> None:
        body = {
            "token": self.token,
            "pipelineExecutionArn": self._arn,
            "stepName": self._step,
            "status": status,
            "arguments": arguments,
        }
        message = json.dumps(body, default=str)
        client.send_message(QueueUrl=self._callback.queue_url, MessageBody=message)

    def _answered(
        self, clock: Clock, client: Any, arguments: Mapping[str, Any], stop: threading.Event
    ) -> bool:
        told, left = False, float(LONGEST_SECONDS)
        pause = 0.1 * clock.speed  # of this clock: a tenth of a real second
        while left > 0:
            if clock.wait(self._waiter.answered, min(pause, left)):
                return True
            left -= pause
            if stop.is_set() and not told:
                told = True
                self._send(client, arguments, "Stopping")
        return False


@operation("SendPipelineExecutionStepSuccess")
def succeed(ctx: Context, params: Params) -> Params:
    """End a Callback step well, with its output parameters."""
    given = {one["Name"]: one["Value"] for one in params.get("OutputParameters", [])}
    return _answer(ctx, params, given, None)


@operation("SendPipelineExecutionStepFailure")
def fail(ctx: Context, params: Params) -> Params:
    """End a Callback step with a failure."""
    return _answer(ctx, params, {}, params.get("FailureReason", "The callback has failed."))


def _answer(ctx: Context, params: Params, given: Mapping[str, str], failure: str | None) -> Params:
    token = params["CallbackToken"]
    with ctx.store.lock:
        record = ctx.store.find(TOKEN, token)
        if record is None:
            raise not_found("Callback token", token)
        arn = record["PipelineExecutionArn"]
        if record.get("Answered"):
            request = params.get("ClientRequestToken")
            if request and record.get("ClientRequestToken") == request:
                return {"PipelineExecutionArn": arn}
            raise ServiceError(CONFLICT, f"The step of callback token {token} has been answered already.")
        with _lock:
            waiter = _waiting.get((ctx.account, ctx.region, token))
        if waiter is None:
            raise ServiceError(CONFLICT, f"The step of callback token {token} does not wait any more.")
        waiter.values, waiter.failure = _typed(waiter.declared, given), failure
        ctx.store.update(TOKEN, token, Answered=now(), ClientRequestToken=params.get("ClientRequestToken"))
    waiter.answered.set()
    return {"PipelineExecutionArn": arn}


def _typed(declared: Mapping[str, str], given: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for name, written in given.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise validation(f"The step declares no output parameter '{name}'; it declares: {known}")
        try:
            values[name] = outputs.from_text(written, declared[name])
        except (KeyError, ValueError):
            wanted = declared[name]
            raise validation(f"Output parameter '{name}' must be of type {wanted}, got '{written}'") from None
    return values
