"""InvokeEndpoint: chooses a variant and an instance, passes the request on, answers as the service does."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import logs, manager, metrics, modes
from local_cloud.sagemaker.endpoints import worker as worker_module
from local_cloud.sagemaker.endpoints.deployment import Deployment, Variant
from local_cloud.sagemaker.endpoints.errors import WorkerTimeout, WorkerUnavailable
from local_cloud.sagemaker.endpoints.worker import Reply, Worker
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.operations import Request, Response, route

VARIANT_HEADER = "x-amzn-sagemaker-target-variant"
INVOKED_HEADER = "x-Amzn-Invoked-Production-Variant"
ATTRIBUTES_HEADER = "x-amzn-sagemaker-custom-attributes"
_PASSED_ON = ("content-type", "accept", ATTRIBUTES_HEADER, "x-amzn-sagemaker-inference-id")
_shadow_pool: list[ThreadPoolExecutor] = []
_shadow_lock = threading.Lock()


@dataclass(frozen=True)
class Answer:
    """What a model server answered, and the variant it belongs to. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    variant: str


@route("POST", r"/endpoints/(?P<name>[^/]+)/invocations")
def invoke_endpoint(ctx: Context, request: Request) -> Response:
    """Answer with what the model server says."""
    modes.real_time(ctx, request.match["name"])
    answered = invoke(ctx, request.match["name"], request.body, request.headers)
    headers = {
        "Content-Type": answered.headers.get("content-type", "application/octet-stream"),
        INVOKED_HEADER: answered.variant,
    }
    if ATTRIBUTES_HEADER in answered.headers:
        headers[ATTRIBUTES_HEADER] = answered.headers[ATTRIBUTES_HEADER]
    return Response(200, headers, answered.body)


def invoke(
    ctx: Context,
    endpoint: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float | None = None,
) -> Answer:
    """Send a request to a variant of an endpoint: chosen, counted and copied to shadows as the service does.

    Parameters
    ----------
    headers
        Of InvokeEndpoint, in lower case.
    timeout_s
        Seconds the model may take; None for those of a real-time invocation.

    Raises
    ------
    ServiceError
        ValidationError for an unknown endpoint or variant; ModelError (424) when the model refuses or dies.
    """
    started = time.perf_counter()
    deployment, variant, worker = _reserve(ctx, endpoint, headers.get(VARIANT_HEADER))
    reply, failure, model_s = None, "the model server is not running", 0.0
    if worker is not None:
        reply, failure, model_s = _ask(worker, body, headers, timeout_s)
    status = reply.status if reply else 500
    metrics.of(ctx).record(
        endpoint,
        variant.plan.name,
        deployment.config,
        status=status,
        model_s=model_s,
        overhead_s=time.perf_counter() - started - model_s,
    )
    _copy_to_shadows(deployment, variant, body, headers)
    if reply is None:
        raise _model_error(ctx, endpoint, 0, failure)
    if reply.status >= 400:
        raise _model_error(ctx, endpoint, reply.status, reply.body.decode(errors="replace"))
    return Answer(reply.status, reply.headers, reply.body, variant.plan.name)


def _reserve(ctx: Context, name: str, wanted: str | None) -> tuple[Deployment, Variant, Worker | None]:
    """Choose variant and instance; look again when the deployment was replaced in between."""
    while True:
        deployment = manager.active(ctx, name)
        if deployment is None:
            raise ServiceError("ValidationError", f"Endpoint {name} of account {ctx.account} not found.")
        variant = _variant(deployment, name, wanted)
        worker = variant.reserve()
        if worker is not None or manager.active(ctx, name) is deployment:
            return deployment, variant, worker


def _variant(deployment: Deployment, endpoint: str, wanted: str | None) -> Variant:
    if wanted is not None:
        variant = deployment.variants.get(wanted)
        if variant is None or variant.plan.shadow:
            raise ServiceError(
                "ValidationError", f"Variant {wanted} is not a production variant of endpoint {endpoint}."
            )
        return variant
    chosen = deployment.choose()
    if chosen is None:
        raise ServiceError("ValidationError", f"All variants of endpoint {endpoint} have weight 0.")
    return chosen


def _ask(
    worker: Worker, body: bytes, headers: Mapping[str, str], timeout_s: float | None = None
) -> tuple[Reply | None, str, float]:
    """Return the answer, or why there is none, and the seconds it took."""
    passed = {name: headers[name] for name in _PASSED_ON if name in headers}
    patience = timeout_s or worker_module.INVOCATION_TIMEOUT_S
    started = time.perf_counter()
    reply, failure = None, ""
    try:
        reply = worker.invoke("POST", "/invocations", body, passed, patience)
    except WorkerUnavailable:
        failure = "the model server ended while it was answering; it is being restarted"
    except WorkerTimeout:
        failure = f"no answer within {patience:g} seconds"
    finally:
        worker.end()
    return reply, failure, time.perf_counter() - started


def _model_error(ctx: Context, name: str, status: int, message: str) -> ServiceError:
    group = logs.group_of(name)
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


def _copy_to_shadows(
    deployment: Deployment, answering: Variant, body: bytes, headers: Mapping[str, str]
) -> None:
    """Send shadow variants their share of copies: their weight over that of the variant that answered."""
    for shadow in deployment.shadows:
        if random.random() * answering.weight >= shadow.weight:  # noqa: S311 - sampling, not secrets
            continue
        worker = shadow.reserve()
        if worker is not None:
            _pool().submit(_ask, worker, body, headers)


def _pool() -> ThreadPoolExecutor:
    with _shadow_lock:
        if not _shadow_pool:
            _shadow_pool.append(ThreadPoolExecutor(2, thread_name_prefix="shadow"))
        return _shadow_pool[0]
