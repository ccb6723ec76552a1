"""What InvokeEndpoint does: chooses a variant and an instance, asks it, and tells what came of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import calls, logs, shadows
from local_cloud.sagemaker.endpoints import live as lives
from local_cloud.sagemaker.endpoints.calls import ATTRIBUTES_HEADER, INFERENCE_ID_HEADER, Outcome, Sent
from local_cloud.sagemaker.endpoints.errors import WorkerUnavailable
from local_cloud.sagemaker.endpoints.live import Live
from local_cloud.sagemaker.endpoints.routing import Route, Table
from local_cloud.sagemaker.endpoints.worker import Worker
from local_cloud.sagemaker.errors import ServiceError

VARIANT_HEADER = "x-amzn-sagemaker-target-variant"
_MOST_TRIES = 5
__all__ = ["ATTRIBUTES_HEADER", "INFERENCE_ID_HEADER", "VARIANT_HEADER", "Answer", "invoke"]


@dataclass(frozen=True)
class Answer:
    """What a model server answered, and the variant it belongs to. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    variant: str


def invoke(
    ctx: Context,
    endpoint: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float | None = None,
) -> Answer:
    """Send a request to a variant of an endpoint: chosen, counted, captured and copied to shadows.

    Parameters
    ----------
    headers
        Of InvokeEndpoint, in lower case.
    timeout_s
        Seconds the model may take; None for those of a real-time invocation.

    Raises
    ------
    ServiceError
        ValidationError for an unknown endpoint or variant; ModelError (424) when the model refuses or dies;
        ServiceUnavailable (503) when no instance of the variant runs at the moment.
    """
    started = time.perf_counter()
    sent = Sent(endpoint, body, headers)
    route, outcome, concurrent = _answered(ctx, sent, timeout_s)
    reply, name = outcome.reply, route.variant.plan.name
    calls.count(ctx, sent, route, outcome, started=started, concurrent=concurrent)
    event = str(uuid.uuid4()) if route.fleet.captures else None
    if event is not None:
        calls.keep(ctx, sent, route, reply, event)
    if route.fleet.shadows:
        shadows.copy(ctx, sent, route, event)
    if reply is None:
        if not outcome.failure:
            raise ServiceError("ServiceUnavailable", f"No instance of variant {name} is in service.", 503)
        raise _model_error(ctx, endpoint, 0, outcome.failure)
    if reply.status >= 400:
        raise _model_error(ctx, endpoint, reply.status, reply.body.decode(errors="replace"))
    return Answer(reply.status, reply.headers, reply.body, name)


def _answered(ctx: Context, sent: Sent, timeout_s: float | None) -> tuple[Route, Outcome, int]:
    """Ask instances until one has seen the request; return also how many requests its variant had."""
    for _ in range(_MOST_TRIES):
        route, worker = _reserve(ctx, sent.endpoint, sent.headers.get(VARIANT_HEADER))
        if worker is None:
            break
        concurrent = route.variant.in_flight
        try:
            return route, calls.ask(worker, sent, timeout_s), concurrent
        except WorkerUnavailable:
            continue  # it has died unseen; its supervisor will notice
    return route, Outcome(None, "", 0.0), 0


def _reserve(ctx: Context, endpoint: str, wanted: str | None) -> tuple[Route, Worker | None]:
    """Choose variant and instance; look again when the routes were changed in between."""
    while True:
        live = lives.find(ctx, endpoint)
        table = live.table if live else None
        if live is None or table is None:
            raise _absent(ctx, endpoint)
        route = table.target(wanted) if wanted is not None else table.choose()
        if route is None:
            raise _no_route(endpoint, wanted)
        worker = route.variant.reserve()
        if worker is not None or not _changed(ctx, endpoint, live, table):
            return route, worker


def _changed(ctx: Context, endpoint: str, live: Live, table: Table) -> bool:
    return lives.find(ctx, endpoint) is not live or live.table is not table


def _no_route(endpoint: str, wanted: str | None) -> ServiceError:
    if wanted is None:
        return ServiceError("ValidationError", f"All variants of endpoint {endpoint} have weight 0.")
    return ServiceError(
        "ValidationError", f"Variant {wanted} is not a production variant of endpoint {endpoint}."
    )


def _absent(ctx: Context, endpoint: str) -> ServiceError:
    found = resources.find(ctx, "Endpoint", endpoint)
    if found is not None and found["EndpointStatus"] == "SystemUpdating":
        message = f"Endpoint {endpoint} is coming up again after a restart of the local cloud."
        return ServiceError("ServiceUnavailable", message, 503)
    return ServiceError("ValidationError", f"Endpoint {endpoint} of account {ctx.account} not found.")


def _model_error(ctx: Context, endpoint: str, status: int, message: str) -> ServiceError:
    group = logs.group_of(endpoint)
    who = "client" if 400 <= status < 500 else "server"
    return ServiceError(
        "ModelError",
        f'Received {who} error ({status}) from primary with message "{message}". '
        f"See the log group {group} in account {ctx.account} for more information.",
        424,
        {
            "OriginalStatusCode": status,
            "OriginalMessage": message,
            "LogStreamArn": f"arn:aws:logs:{ctx.region}:{ctx.account}:log-group:{group}",
        },
    )
