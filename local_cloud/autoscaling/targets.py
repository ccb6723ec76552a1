"""Scalable targets: which variants are scaled, and between which bounds."""

from __future__ import annotations

import uuid
from typing import Any

from local_cloud.autoscaling import activities, capacity, evaluator, records, removal
from local_cloud.autoscaling.operations import Params, operation, page
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.store import Record

KIND = records.TARGET
_ROLE = (
    "sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
_MOST_TAGS = 50


@operation("RegisterScalableTarget")
def register(ctx: Context, params: Params) -> Params:
    """Register a variant, or change its bounds; a capacity outside of them is brought inside.

    Raises
    ------
    ServiceError
        ValidationException when there is no such variant, or the bounds are missing or the wrong way round.
    """
    capacity.check_supported(params)
    key = capacity.key_of(params)
    found = capacity.read(ctx, params["ResourceId"])
    if found is None:
        endpoint, variant = capacity.names(params["ResourceId"])
        raise validation(f"Could not find variant {variant} of endpoint {endpoint} in SageMaker")
    with ctx.store.lock:
        record = _changed(ctx.store.find(KIND, key) or _new(ctx, params), params)
        ctx.store.put(KIND, key, record)
    if found.changeable:
        activities.bring_inside(ctx, record, found.current)
    evaluator.of(ctx).start()
    return {"ScalableTargetARN": record["ScalableTargetARN"]}


@operation("DescribeScalableTargets")
def describe(ctx: Context, params: Params) -> Params:
    """The registered targets whose endpoint still exists."""
    capacity.check_supported(params)
    removal.forget_gone(ctx)
    records = ctx.store.list(KIND)
    if params.get("ResourceIds"):
        records = [record for record in records if record["ResourceId"] in params["ResourceIds"]]
    return page(records, params, "ScalableTargets")


@operation("DeregisterScalableTarget")
def deregister(ctx: Context, params: Params) -> Params:
    """Forget a target with its policies, their alarms and its scheduled actions."""
    capacity.check_supported(params)
    record = ctx.store.find(KIND, capacity.key_of(params))
    if record is None:
        raise records.not_found(f"No scalable target found for {capacity.in_words(params)}")
    removal.forget(ctx, record)
    return {}


@operation("ListTagsForResource")
def list_tags(ctx: Context, params: Params) -> Params:
    """The tags of a target."""
    return {"Tags": _by_arn(ctx, params["ResourceARN"]).get("Tags", {})}


@operation("TagResource")
def tag(ctx: Context, params: Params) -> Params:
    """Add or overwrite tags of a target."""
    record = _by_arn(ctx, params["ResourceARN"])
    tags = {**record.get("Tags", {}), **params["Tags"]}
    if len(tags) > _MOST_TAGS:
        message = f"{params['ResourceARN']} would have {len(tags)} tags; at most {_MOST_TAGS} are allowed"
        raise ServiceError("TooManyTagsException", message)
    ctx.store.update(KIND, capacity.key_of(record), Tags=tags)
    return {}


@operation("UntagResource")
def untag(ctx: Context, params: Params) -> Params:
    """Remove tags of a target; keys that are not there are ignored."""
    record = _by_arn(ctx, params["ResourceARN"])
    kept = {key: value for key, value in record.get("Tags", {}).items() if key not in params["TagKeys"]}
    ctx.store.update(KIND, capacity.key_of(record), Tags=kept)
    return {}


def _new(ctx: Context, params: Params) -> Record:
    missing = [member for member in ("MinCapacity", "MaxCapacity") if member not in params]
    if missing:
        raise validation(f"{' and '.join(missing)} must be specified to register a new scalable target")
    name = uuid.uuid4().hex[:34]
    return {
        **capacity.identity(params),
        "ScalableTargetARN": (
            f"arn:aws:application-autoscaling:{ctx.region}:{ctx.account}:scalable-target/{name}"
        ),
        "RoleARN": f"arn:aws:iam::{ctx.account}:role/aws-service-role/{_ROLE}",
        "CreationTime": now(),
        "SuspendedState": dict.fromkeys(
            ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), False
        ),
        "Tags": params.get("Tags", {}),
    }


def _changed(record: Record, params: Params) -> Record:
    changed: dict[str, Any] = dict(record)
    changed.update((member, params[member]) for member in ("MinCapacity", "MaxCapacity") if member in params)
    changed["SuspendedState"] = {**record["SuspendedState"], **params.get("SuspendedState", {})}
    if changed["MinCapacity"] < 0:
        raise validation("Minimum capacity cannot be less than 0")
    if changed["MaxCapacity"] < changed["MinCapacity"]:
        raise validation("Maximum capacity cannot be less than minimum capacity")
    return changed


def _by_arn(ctx: Context, arn: str) -> Record:
    for record in ctx.store.list(KIND):
        if record["ScalableTargetARN"] == arn:
            return record
    raise ServiceError(
        "ResourceNotFoundException",
        f"The specified resource doesn't exist: {arn}",
        extra={"ResourceName": arn},
    )
