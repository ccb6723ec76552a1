"""Which operations of the SageMaker API are implemented, kept as records only, or refused."""

from __future__ import annotations

import json
from typing import Literal

from local_cloud.sagemaker import control, model, operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.operations import Request, Response, route

Coverage = Literal["implemented", "record", "refused"]


def implemented() -> dict[str, Coverage]:
    """How each operation of the service model is served, by its name, in alphabetical order.

    ``implemented``: by code of its own. ``record``: kept and given back, which is all that the operation
    means. ``refused``: answered with UnsupportedOperation. The parts of the server must have been imported.
    """
    own = operations.registered()
    return {name: _coverage(name, own) for name in sorted(model.operation_names())}


@route("GET", "/_local_cloud/coverage")
def listed(ctx: Context, request: Request) -> Response:
    """Answer `implemented` as JSON."""
    return Response(200, {"content-type": "application/json"}, json.dumps(implemented(), indent=1).encode())


def _coverage(name: str, own: frozenset[str]) -> Coverage:
    if name in own:
        return "implemented"
    return "record" if control.keeps(name) else "refused"
