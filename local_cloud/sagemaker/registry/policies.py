"""The resource policies of model package groups. They are kept and given back; nothing evaluates them."""

from __future__ import annotations

import json

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.registry.packages import GROUP
from local_cloud.sagemaker.store import Record

_POLICY = "ModelPackageGroupPolicy"


@operation("PutModelPackageGroupPolicy")
def put_policy(ctx: Context, params: Params) -> Params:
    """Set the policy of a group."""
    group = _group(ctx, params["ModelPackageGroupName"])
    _check(params["ResourcePolicy"])
    ctx.store.put(_POLICY, group["ModelPackageGroupName"], {"ResourcePolicy": params["ResourcePolicy"]})
    return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}


@operation("GetModelPackageGroupPolicy")
def get_policy(ctx: Context, params: Params) -> Params:
    """The policy of a group."""
    group = _group(ctx, params["ModelPackageGroupName"])
    found = ctx.store.find(_POLICY, group["ModelPackageGroupName"])
    if found is None:
        raise _missing(group["ModelPackageGroupArn"])
    return found


@operation("DeleteModelPackageGroupPolicy")
def delete_policy(ctx: Context, params: Params) -> Params:
    """Take the policy of a group away."""
    group = _group(ctx, params["ModelPackageGroupName"])
    if ctx.store.delete(_POLICY, group["ModelPackageGroupName"]) is None:
        raise _missing(group["ModelPackageGroupArn"])
    return {}


def forget(ctx: Context, group: str) -> None:
    """Drop what is kept of a group that is gone."""
    ctx.store.delete(_POLICY, group)


def _group(ctx: Context, name: str) -> Record:
    """A group, missed in the words that only the operations on policies have for it."""
    found = resources.find(ctx, GROUP, name)
    if found is None:
        raise validation(f"Cannot find Model Package Group: {name}")
    return found


def _missing(arn: str) -> ServiceError:
    return validation(f"Cannot find resource policy for: {arn}")


def _check(policy: str) -> None:
    try:
        document = json.loads(policy)
    except ValueError as error:
        raise validation(f"ResourcePolicy is not JSON: {error}") from None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise validation("ResourcePolicy must be a policy document with at least one Statement.")
