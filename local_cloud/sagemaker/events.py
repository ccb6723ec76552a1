"""Starts pipelines for EventBridge rules and schedules that target them."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context, Contexts
from local_cloud.sagemaker.errors import ServiceError

_log = logging.getLogger("local_cloud.sagemaker.events")
Parameters = list[dict[str, str]]


def pipeline_starter(contexts: Contexts) -> Callable[[str, str, str, Parameters], None]:
    """The function that starts a pipeline of an account and region, off the caller's thread."""

    def start(account: str, region: str, name: str, parameters: Parameters) -> None:
        ctx = contexts.of(account, region)
        threading.Thread(
            target=_start, args=(ctx, name, parameters), name=f"target-{name}", daemon=True
        ).start()

    return start


def _start(ctx: Context, name: str, parameters: Parameters) -> None:
    token = uuid.uuid4().hex
    params = {"PipelineName": name, "ClientRequestToken": token, "PipelineParameters": parameters}
    try:
        operations.call(ctx, "StartPipelineExecution", params)
    except ServiceError as error:
        _log.error("An event could not start pipeline %s: %s", name, error)
