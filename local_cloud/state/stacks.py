"""Ends what a kill has cut off in CloudFormation, as CloudFormation itself does when something fails."""

from __future__ import annotations

import logging
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.hooks_stacks import Begun, CutOff
from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError

_OURS = "AWS::SageMaker::"
_log = logging.getLogger("local_cloud.state")


def end(ctx: Context, stack: CutOff) -> None:
    """Roll a stack back, or delete it when it was being deleted; in the background, as always."""
    for resource in stack.begun:
        if resource.type.startswith(_OURS):
            _remove(ctx, resource)
    client = ctx.client("cloudformation")
    act = client.delete_stack if stack.status == "DELETE_FAILED" else client.rollback_stack
    try:
        act(StackName=stack.name)
    except (BotoCoreError, ClientError) as error:
        _log.error("stack %s stays %s: %s", stack.name, stack.status, error)


def _remove(ctx: Context, resource: Begun) -> None:
    """Delete what the stack had begun to make and has not heard of; never what was there before."""
    kind = resource.type.removeprefix(_OURS)
    record = ctx.store.find(kind, resource.name)
    # Events have whole milliseconds.
    if record is None or record["CreationTime"] < resource.at - timedelta(milliseconds=1):
        return
    try:
        operations.call(ctx, f"Delete{kind}", {f"{kind}Name": resource.name})
    except ServiceError as error:
        _log.error("%s %s is left: %s", resource.type, resource.name, error.message)
