"""What runs in the cloud now, in numbers, and which processes it has: for `python -m local_cloud status`."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from local_cloud import children
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.operations import Request, Response, route
from local_cloud.sagemaker.store import Record

PATH = "/_local_cloud/status"
# Of each kind: the member that holds its status, and what that is while it runs.
_RUNNING = {
    "ProcessingJob": ("ProcessingJobStatus", {"InProgress", "Stopping"}),
    "TrainingJob": ("TrainingJobStatus", {"InProgress", "Stopping"}),
    "TransformJob": ("TransformJobStatus", {"InProgress", "Stopping"}),
    "HyperParameterTuningJob": ("HyperParameterTuningJobStatus", {"InProgress", "Stopping"}),
    "PipelineExecution": ("PipelineExecutionStatus", {"Executing", "Stopping"}),
    "Endpoint": ("EndpointStatus", {"InService", "Creating", "Updating", "SystemUpdating", "RollingBack"}),
}


@route("GET", PATH)
def status(ctx: Context, request: Request) -> Response:
    """How many of each kind run, and the processes with the folder each works in."""
    body = json.dumps({"running": running(ctx), "processes": processes(ctx)}).encode()
    return Response(200, {"Content-Type": "application/json"}, body)


def running(ctx: Context) -> dict[str, int]:
    """How many records of each kind say that they run."""

    def alive(record: Record, member: str, states: set[str]) -> bool:
        return record.get(member) in states

    return {
        kind: ctx.store.count(kind, partial(alive, member=member, states=states))
        for kind, (member, states) in _RUNNING.items()
    }


def processes(ctx: Context) -> list[dict[str, Any]]:
    """The processes of jobs and endpoints: id and the folder below the home."""
    found = []
    for child in children.running():
        inside = child.folder.is_relative_to(ctx.home)
        folder = child.folder.relative_to(ctx.home) if inside else child.folder
        found.append({"pid": child.pid, "folder": str(folder)})
    return sorted(found, key=lambda one: (one["folder"], one["pid"]))
