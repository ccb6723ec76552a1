"""The HTTP face of the service: requests of the emulator in, operations run, answers out."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Protocol

from local_cloud import ministack_hooks as hooks
from local_cloud.autoscaling import cloudformation, model, operations
from local_cloud.sagemaker.context import Context, Contexts
from local_cloud.sagemaker.errors import ServiceError

_log = logging.getLogger("local_cloud.autoscaling")
_WORKERS = 8
_JSON = "application/x-amz-json-1.1"
_TARGET_PREFIX = "AnyScaleFrontendService."


class Refusal(Protocol):
    """Why somebody may not do something."""

    @property
    def code(self) -> str:
        """The error code."""

    @property
    def message(self) -> str:
        """What AWS says."""


# (headers, query, action, resource, conditions) -> None when the caller may
Judge = Callable[[Mapping[str, str], Mapping[str, Any], str, str, Mapping[str, Any]], Refusal | None]


def register(contexts: Contexts, judge: Judge | None = None) -> None:
    """Put the service and its resource types into the emulator; `judge` as for `Service`."""
    service = Service(contexts, judge)
    hooks.register_service(model.SERVICE, service.handle, target_prefix=_TARGET_PREFIX, paths=())
    cloudformation.register(contexts)


class Service:
    """Serves Application Auto Scaling.

    Parameters
    ----------
    judge
        Judges each request by its caller's policies; None lets all pass.
    """

    def __init__(self, contexts: Contexts, judge: Judge | None = None) -> None:
        self._contexts, self._judge = contexts, judge
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="autoscaling")

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> hooks.Answer:
        """Answer one request on a worker thread, in the account and region it is signed for."""
        ctx = self._contexts.of(hooks.request_account(), hooks.request_region())
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        refusal = self._judged(ctx, name, headers, query)
        if refusal is not None:
            code = refusal.code if refusal.code.endswith("Exception") else f"{refusal.code}Exception"
            return _error(ServiceError(code, refusal.message))
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._workers, run, answer, ctx, name, body)

    def _judged(
        self, ctx: Context, name: str, headers: Mapping[str, str], query: Mapping[str, Any]
    ) -> Refusal | None:
        if self._judge is None:
            return None
        # No Describe operation of this service can be granted for some targets only.
        resource = "*" if name.startswith("Describe") else _arn(ctx)
        return self._judge(headers, query, f"{model.SERVICE}:{name}", resource, {})


def answer(ctx: Context, name: str, body: bytes) -> hooks.Answer:
    """Run the operation of a request. Never raises: what goes wrong becomes an error answer."""
    try:
        params = json.loads(body or b"{}")
    except ValueError as error:
        message = f"The request body is not JSON: {error}"
        return _error(ServiceError("SerializationException", message))
    try:
        result = operations.call(ctx, name, params)
    except ServiceError as error:
        return _error(error)
    except Exception as error:  # noqa: BLE001 - the last line of defence of a request
        _log.exception("%s", name)
        return _error(ServiceError("InternalServiceException", f"{type(error).__name__}: {error}", 500))
    return 200, {"Content-Type": _JSON}, json.dumps(result, default=_wire).encode()


def _arn(ctx: Context) -> str:
    return f"arn:aws:{model.SERVICE}:{ctx.region}:{ctx.account}:scalable-target/*"


def _error(error: ServiceError) -> hooks.Answer:
    document = {"__type": error.code, "Message": error.message, **error.extra}
    headers = {"Content-Type": _JSON, "x-amzn-errortype": error.code}
    return error.status, headers, json.dumps(document).encode()


def _wire(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
