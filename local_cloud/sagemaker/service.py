"""The HTTP face of the service: requests of the emulator in, operations and routes run, answers out."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from local_cloud import ministack_hooks as hooks
from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context, Contexts
from local_cloud.sagemaker.errors import ServiceError

_log = logging.getLogger("local_cloud.sagemaker")
_WORKERS = 64
_JSON = "application/x-amz-json-1.1"
PATHS = (r"^/endpoints/[^/]+/", r"^/FeatureGroup/", r"^/Batch(Get|Write)Record$", r"^/Batch(Get|Put)Metrics$")


class Service:
    """Serves SageMaker, SageMaker Runtime and the Feature Store runtime (all sign as ``sagemaker``)."""

    def __init__(self, contexts: Contexts) -> None:
        self.contexts = contexts
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="sagemaker")
        # A model may call the cloud in turn: what it calls must not wait for invocations to end.
        self._invocations = ThreadPoolExecutor(_WORKERS, thread_name_prefix="invocation")

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> hooks.Answer:
        """Answer one request on a worker thread, in the account and region it is signed for."""
        account, region = hooks.request_account(), hooks.request_region()
        return await self.serve(account, region, method, path, headers, body, query)

    async def serve(
        self,
        account: str,
        region: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, list[str]],
    ) -> hooks.Answer:
        """Answer one request on a worker thread, in this account and region."""
        ctx = self.contexts.of(account, region)
        flat = {key: ",".join(values) for key, values in query.items()}
        request = operations.Request(method, path, headers, body, flat)
        run = contextvars.copy_context().run
        workers = self._invocations if path.startswith("/endpoints/") else self._workers
        return await asyncio.get_running_loop().run_in_executor(workers, run, answer, ctx, request)


def answer(ctx: Context, request: operations.Request) -> hooks.Answer:
    """Run the operation or route of a request. Never raises: what goes wrong becomes an error answer."""
    try:
        target = request.headers.get("x-amz-target", "")
        if target:
            return _json_operation(ctx, target, request.body)
        return _rest(ctx, request)
    except ServiceError as error:
        return _error(error)
    except Exception as error:  # noqa: BLE001 - the last line of defence of a request
        _log.exception("%s %s %s", request.method, request.path, request.headers.get("x-amz-target", ""))
        return _error(ServiceError("InternalFailure", f"{type(error).__name__}: {error}", 500))


def _json_operation(ctx: Context, target: str, body: bytes) -> hooks.Answer:
    try:
        params = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", f"The request body is not JSON: {error}") from None
    result = operations.call(ctx, target.rpartition(".")[2], params)
    return 200, {"Content-Type": _JSON}, json.dumps(result, default=_wire).encode()


def _rest(ctx: Context, request: operations.Request) -> hooks.Answer:
    found = operations.find_route(request.method, request.path)
    if found is None:
        raise ServiceError("UnknownOperationException", f"No route for {request.method} {request.path}", 404)
    serve, groups = found
    matched = operations.Request(
        request.method, request.path, request.headers, request.body, request.query, groups
    )
    response = serve(ctx, matched)
    # In lower case the emulator leaves the content type alone: an invocation may answer any.
    headers = {name.lower(): value for name, value in response.headers.items()}
    return response.status, headers, response.body


def _error(error: ServiceError) -> hooks.Answer:
    document: dict[str, Any] = {"__type": error.code, "message": error.message, **error.extra}
    if error.extra:  # the runtime's errors spell it with a capital
        document["Message"] = error.message
    headers = {"Content-Type": _JSON, "x-amzn-errortype": error.code}
    return error.status, headers, json.dumps(document, default=_wire).encode()


def _wire(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
