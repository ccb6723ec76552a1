"""The operations of the service: modules register functions here; HTTP and CloudFormation call them."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from local_cloud.autoscaling import model, records
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError, validation

Params = dict[str, Any]
Operation = Callable[[Context, Params], Params]
_OPERATIONS: dict[str, Operation] = {}
_MOST_RESULTS = 50


def operation(name: str) -> Callable[[Operation], Operation]:
    """Register the function that serves an operation; it gets parameters that fit the service model."""
    if name not in model.operation_names():
        raise ValueError(f"Application Auto Scaling has no operation {name}")

    def register(function: Operation) -> Operation:
        _OPERATIONS[name] = function
        return function

    return register


def call(ctx: Context, name: str, params: Params) -> Params:
    """Check parameters, run the operation and shape its result.

    Raises
    ------
    ServiceError
        As the service answers it; UnsupportedOperation for one that is not served here.
    """
    if name not in model.operation_names():
        raise ServiceError("UnknownOperationException", f"Application Auto Scaling has no operation {name}")
    serve = _OPERATIONS.get(name)
    if serve is None:
        raise ServiceError("UnsupportedOperation", f"The local cloud does not serve {name}.")
    checked = model.parse_input(name, params)
    reads = name.startswith(("Describe", "List"))
    with contextlib.nullcontext() if reads else records.changing(ctx):
        return model.shape_output(name, serve(ctx, checked))


def page(found: Sequence[Params], params: Params, member: str) -> Params:
    """One page of a list, with the token of the next; ServiceError when the token is of no list."""
    size = params.get("MaxResults") or _MOST_RESULTS
    if not 1 <= size <= _MOST_RESULTS:
        raise validation(f"MaxResults must be between 1 and {_MOST_RESULTS}, got {size}")
    start = _start(params.get("NextToken"))
    answer: Params = {member: list(found[start : start + size])}
    if start + size < len(found):
        answer["NextToken"] = base64.urlsafe_b64encode(json.dumps(start + size).encode()).decode()
    return answer


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token)))
    except (ValueError, TypeError):
        raise ServiceError("InvalidNextTokenException", f"NextToken '{token}' is not of this list") from None
