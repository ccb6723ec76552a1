"""The registry of operations: modules register functions here; the service and CloudFormation call them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local_cloud.sagemaker import model
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError

Params = dict[str, Any]
Operation = Callable[[Context, Params], Params]
Fallback = Callable[[Context, str, Params], Params]


@dataclass(frozen=True)
class Request:
    """A REST request. Header names are in lower case; `match` holds the named groups of the route."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, str]
    match: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """What a route answers."""

    status: int
    headers: dict[str, str]
    body: bytes


Route = Callable[[Context, Request], Response]
_OPERATIONS: dict[str, Operation] = {}
_REFUSING: set[str] = set()
_ROUTES: list[tuple[str, re.Pattern[str], Route]] = []
_FALLBACK: list[Fallback] = []


def operation(name: str, *, refuses: bool = False) -> Callable[[Operation], Operation]:
    """Register the function that serves a SageMaker operation such as ``CreateEndpoint``.

    It gets a `Context` and parameters already checked against the service model (timestamps as datetime),
    and returns the members of the output shape (others are dropped on the wire). One that `refuses`
    only says why the operation is not served.
    """
    if name not in model.operation_names():
        raise ValueError(f"SageMaker has no operation {name}")

    def register(function: Operation) -> Operation:
        _OPERATIONS[name] = function
        if refuses:
            _REFUSING.add(name)
        return function

    return register


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    """Register the function that serves a REST request; `pattern` must match the whole path."""

    def register(function: Route) -> Route:
        _ROUTES.append((method, re.compile(pattern), function))
        return function

    return register


def fallback(function: Fallback) -> Fallback:
    """Register the function that serves every operation without one of its own."""
    _FALLBACK[:] = [function]
    return function


def registered() -> frozenset[str]:
    """The names of the operations that code of their own serves."""
    return frozenset(_OPERATIONS) - _REFUSING


def call(ctx: Context, name: str, params: Params) -> Params:
    """Check parameters against the service model, run the operation, and shape its result.

    Raises
    ------
    ServiceError
        As the service answers it.
    """
    if name not in model.operation_names():
        raise ServiceError("UnknownOperationException", f"SageMaker has no operation {name}", 404)
    checked = model.parse_input(name, params)
    serve = _OPERATIONS.get(name)
    result = serve(ctx, checked) if serve else _FALLBACK[0](ctx, name, checked)
    return model.shape_output(name, result)


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route for a request and its named groups, or None."""
    for verb, pattern, serve in _ROUTES:
        found = pattern.fullmatch(path) if verb == method else None
        if found:
            return serve, found.groupdict()
    return None
