"""Starts pipelines for EventBridge rules and schedules that target them."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable

from botocore.exceptions import ClientError

from local_cloud.ministack_hooks import PipelineTarget
from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context, Contexts
from local_cloud.sagemaker.errors import ServiceError

_log = logging.getLogger("local_cloud.sagemaker.events")


def pipeline_starter(contexts: Contexts) -> Callable[[str, str, PipelineTarget], None]:
    """The function that starts a pipeline of an account and region, off the caller's thread."""

    def start(account: str, region: str, target: PipelineTarget) -> None:
        ctx = contexts.of(account, region)
        threading.Thread(target=_start, args=(ctx, target), name=f"target-{target.name}", daemon=True).start()

    return start


def _start(ctx: Context, target: PipelineTarget) -> None:
    token = uuid.uuid4().hex
    params = {
        "PipelineName": target.name,
        "ClientRequestToken": token,
        "PipelineParameters": target.parameters,
    }
    try:
        refusal = _refusal(ctx, target)
        if refusal is None:
            operations.call(ctx, "StartPipelineExecution", params)
        else:
            _log.error("An event could not start pipeline %s: %s", target.name, refusal)
    except (ServiceError, ClientError) as error:
        _log.error("An event could not start pipeline %s: %s", target.name, error)


def _refusal(ctx: Context, target: PipelineTarget) -> str | None:
    """Why the role of a target may not start its pipeline, where permissions are enforced."""
    if ctx.authority is None:
        return None
    if not target.role:
        return "the target has no RoleArn"
    action, resource = "sagemaker:StartPipelineExecution", ctx.arn(f"pipeline/{target.name.lower()}")
    who = (ctx.account, ctx.region, target.role)
    return ctx.authority.refusal(*who, action, resource, {}, principal=target.principal)
