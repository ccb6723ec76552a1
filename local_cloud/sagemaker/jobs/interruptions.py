"""Takes the capacity of a Spot training job away when somebody asks for it: no market does that here."""

from __future__ import annotations

import json

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.jobs import lifecycle
from local_cloud.sagemaker.operations import Request, Response, route

_JSON = {"Content-Type": "application/json"}
_AWAY = "CapacityAfterSeconds"


@route("POST", r"/_local_cloud/jobs/(?P<name>[^/]+)/interrupt")
def interrupt(ctx: Context, request: Request) -> Response:
    """Interrupt a job as the Spot market does; ``{"CapacityAfterSeconds": n}`` keeps it waiting so long."""
    name = request.match["name"]
    run = lifecycle.find_run(ctx, lifecycle.TRAINING, name)
    if run is None:
        return _answer(404, {"message": f"No training job {name} runs in {ctx.account}, {ctx.region}."})
    if not run.request.get("EnableManagedSpotTraining"):
        return _answer(409, {"message": f"Training job {name} does not run on Spot capacity."})
    try:
        away = float((json.loads(request.body or b"{}")).get(_AWAY, 0))
    except (ValueError, TypeError, AttributeError):
        return _answer(400, {"message": f'The body must be like {{"{_AWAY}": 60}}, or be left out.'})
    run.interrupt(away)
    return _answer(202, {"TrainingJobName": name, _AWAY: away})


def _answer(status: int, document: dict[str, object]) -> Response:
    return Response(status, _JSON, json.dumps(document).encode())
