"""One request to one instance: asked, counted and captured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import capture, metrics
from local_cloud.sagemaker.endpoints import worker as worker_module
from local_cloud.sagemaker.endpoints.errors import WorkerTimeout, WorkerUnavailable
from local_cloud.sagemaker.endpoints.routing import Route
from local_cloud.sagemaker.endpoints.worker import Reply, Worker

ATTRIBUTES_HEADER = "x-amzn-sagemaker-custom-attributes"
INFERENCE_ID_HEADER = "x-amzn-sagemaker-inference-id"
_PASSED_ON = ("content-type", "accept", ATTRIBUTES_HEADER, INFERENCE_ID_HEADER)
_BYTES = "application/octet-stream"
# The sentences that the service puts into a ModelError when the container gives no answer.
_EXITED = "An error occurred while handling request as the model process exited."
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency "
    "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


@dataclass(frozen=True)
class Sent:
    """A request to an endpoint. Header names are in lower case."""

    endpoint: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """An answer, or why there is none (`reply` is None), and the seconds the model took."""

    reply: Reply | None
    failure: str
    model_s: float

    @property
    def status(self) -> int:
        """The status to count: no answer counts as a server error."""
        return self.reply.status if self.reply else 500


def ask(worker: Worker, sent: Sent, timeout_s: float | None = None) -> Outcome:
    """Ask a reserved instance and let go of it.

    Parameters
    ----------
    timeout_s
        Seconds the model may take; None for those of a real-time invocation.

    Raises
    ------
    WorkerUnavailable
        It cannot have seen the request: another instance may be asked.
    """
    passed = {name: sent.headers[name] for name in _PASSED_ON if name in sent.headers}
    patience = worker_module.INVOCATION_TIMEOUT_S if timeout_s is None else timeout_s
    started = time.perf_counter()
    reply, failure = None, ""
    try:
        reply = worker.invoke("POST", "/invocations", sent.body, passed, patience)
    except WorkerUnavailable as error:
        if not error.sent:
            raise
        failure = _EXITED
    except WorkerTimeout:
        failure = _TIMED_OUT
    finally:
        worker.end()
    return Outcome(reply, failure, time.perf_counter() - started)


def count(
    ctx: Context, sent: Sent, route: Route, outcome: Outcome, *, started: float, concurrent: int
) -> None:
    """Note the metrics of an invocation that `started` at a reading of `time.perf_counter`."""
    metrics.of(ctx).record(
        metrics.Subject(sent.endpoint, route.variant.plan.name, route.fleet.config),
        status=outcome.status,
        model_s=outcome.model_s,
        overhead_s=time.perf_counter() - started - outcome.model_s,
        instances=route.variant.active,
        concurrent=concurrent,
    )


def keep(ctx: Context, sent: Sent, route: Route, reply: Reply | None, event: str) -> None:
    """Let data capture see an invocation. What the model refused has no answer to capture."""
    answered = None
    if reply is not None and reply.status < 400:
        answered = capture.Body(reply.body, reply.headers.get("content-type", _BYTES))
    capture.of(ctx).record(
        sent.endpoint,
        route.fleet.record,
        route.variant.plan.name,
        capture.Body(sent.body, sent.headers.get("content-type", _BYTES)),
        answered,
        sent.headers.get(INFERENCE_ID_HEADER),
        sent.headers.get(ATTRIBUTES_HEADER),
        event,
    )
