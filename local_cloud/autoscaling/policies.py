"""Scaling policies: which metric or alarm changes a capacity, and how."""

from __future__ import annotations

import itertools
import math
import uuid
from typing import Any

from local_cloud.autoscaling import capacity, policy_alarms, records
from local_cloud.autoscaling.operations import Params, operation, page
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.store import Record

KIND = records.POLICY
TRACKING, STEP = "TargetTrackingScaling", "StepScaling"
_CONFIGURATION = {
    TRACKING: "TargetTrackingScalingPolicyConfiguration",
    STEP: "StepScalingPolicyConfiguration",
}
_PREDEFINED = "SageMakerVariantInvocationsPerInstance"


@operation("PutScalingPolicy")
def put(ctx: Context, params: Params) -> Params:
    """Create or replace a policy; one that tracks a target gets alarms of its own.

    Raises
    ------
    ServiceError
        ObjectNotFoundException without a registered target, ValidationException for a wrong configuration,
        UnsupportedOperation for metrics and kinds of policies that are not served here.
    """
    capacity.check_supported(params)
    owner = records.target(ctx, params)
    key = records.key(KIND, params)
    known = ctx.store.find(KIND, key) or {}
    kind = params.get("PolicyType") or known.get("PolicyType") or STEP
    record = {
        "PolicyARN": known.get("PolicyARN") or _arn(ctx, params),
        "PolicyName": params["PolicyName"],
        **capacity.identity(owner),
        "PolicyType": kind,
        _CONFIGURATION.get(kind, ""): _checked(kind, params),
        "CreationTime": known.get("CreationTime") or now(),
    }
    record["Alarms"] = policy_alarms.create(ctx, record) if kind == TRACKING else []
    ctx.store.put(KIND, key, record)
    policy_alarms.delete(ctx, known)
    return record


@operation("DescribeScalingPolicies")
def describe(ctx: Context, params: Params) -> Params:
    """The policies, with the alarms that act on them."""
    capacity.check_supported(params)
    found = records.listed(ctx, KIND, params, "PolicyNames")
    answer = page(found, params, "ScalingPolicies")
    if any(record["PolicyType"] == STEP for record in answer["ScalingPolicies"]):
        acting = _acting(ctx)
        for record in answer["ScalingPolicies"]:
            if record["PolicyType"] == STEP:
                record["Alarms"] = acting.get(record["PolicyARN"], [])
    return answer


@operation("DeleteScalingPolicy")
def delete(ctx: Context, params: Params) -> Params:
    """Forget a policy and the alarms it made for itself."""
    capacity.check_supported(params)
    record = ctx.store.find(KIND, records.key(KIND, params))
    if record is None:
        words = f"{capacity.in_words(params)}, policy name: {params['PolicyName']}"
        raise records.not_found(f"No scaling policy found for {words}")
    remove(ctx, record)
    return {}


def remove(ctx: Context, record: Record) -> None:
    """Remove a policy and the alarms it made for itself."""
    policy_alarms.delete(ctx, record)
    ctx.store.delete(KIND, records.key(KIND, record))


def _checked(kind: str, params: Params) -> dict[str, Any]:
    if kind not in _CONFIGURATION:
        raise validation(f"{kind} is not supported for the sagemaker service namespace")
    member = _CONFIGURATION[kind]
    others = {*_CONFIGURATION.values(), "PredictiveScalingPolicyConfiguration"} - {member}
    wrong = sorted(others & set(params))
    if member not in params or wrong:
        given = f", got {', '.join(wrong)}" if wrong else ""
        raise validation(f"A policy of type {kind} needs {member}{given}")
    configuration: dict[str, Any] = params[member]
    (_check_tracking if kind == TRACKING else _check_steps)(configuration)
    return configuration


def _check_tracking(configuration: dict[str, Any]) -> None:
    predefined = configuration.get("PredefinedMetricSpecification")
    custom = configuration.get("CustomizedMetricSpecification")
    if (predefined is None) == (custom is None):
        raise validation("Specify either PredefinedMetricSpecification or CustomizedMetricSpecification")
    if configuration["TargetValue"] <= 0:
        raise validation(f"TargetValue must be greater than 0, got {configuration['TargetValue']}")
    for member in ("ScaleInCooldown", "ScaleOutCooldown"):
        if configuration.get(member, 0) < 0:
            raise validation(f"{member} must not be negative, got {configuration[member]}")
    if predefined is not None:
        _check_predefined(predefined["PredefinedMetricType"])
    else:
        _check_custom(custom or {})


def _check_predefined(kind: str) -> None:
    if kind == _PREDEFINED:
        return
    if kind.startswith("SageMaker"):
        raise ServiceError("UnsupportedOperation", f"The local cloud does not scale by {kind}.")
    raise validation(f"{kind} is not a metric of the sagemaker service namespace")


def _check_custom(custom: dict[str, Any]) -> None:
    queries = custom.get("Metrics")
    if queries is not None:
        if len(queries) != 1 or "MetricStat" not in queries[0] or "Expression" in queries[0]:
            raise ServiceError(
                "UnsupportedOperation",
                "The local cloud scales by one metric, not by expressions (Metrics of a customized metric).",
            )
        return
    missing = [member for member in ("MetricName", "Namespace", "Statistic") if not custom.get(member)]
    if missing:
        raise validation(f"CustomizedMetricSpecification needs {' and '.join(missing)}")


def _check_steps(configuration: dict[str, Any]) -> None:
    missing = [member for member in ("AdjustmentType", "StepAdjustments") if not configuration.get(member)]
    if missing:
        raise validation(f"StepScalingPolicyConfiguration needs {' and '.join(missing)}")
    steps = sorted(
        (step.get("MetricIntervalLowerBound", -math.inf), step.get("MetricIntervalUpperBound", math.inf))
        for step in configuration["StepAdjustments"]
    )
    for lower, upper in steps:
        if lower >= upper:
            raise validation(
                f"The upper bound {upper} of a step must be greater than its lower bound {lower}"
            )
    for (_, upper), (lower, _) in itertools.pairwise(steps):
        if lower != upper:
            what = "a gap" if lower > upper else "an overlap"
            raise validation(f"StepAdjustments have {what} between {upper} and {lower}")
    exact = configuration["AdjustmentType"] == "ExactCapacity"
    if exact and any(step["ScalingAdjustment"] < 0 for step in configuration["StepAdjustments"]):
        raise validation("ScalingAdjustment must not be negative for ExactCapacity")


def _acting(ctx: Context) -> dict[str, list[dict[str, str]]]:
    """The alarms of the account that act on policies, by the policy's ARN."""
    found: dict[str, list[dict[str, str]]] = {}
    for part in ctx.client("cloudwatch").get_paginator("describe_alarms").paginate():
        for alarm in part["MetricAlarms"]:
            for arn in alarm.get("AlarmActions") or ():
                named = {"AlarmName": alarm["AlarmName"], "AlarmARN": alarm["AlarmArn"]}
                found.setdefault(arn, []).append(named)
    return found


def _arn(ctx: Context, params: Params) -> str:
    return (
        f"arn:aws:autoscaling:{ctx.region}:{ctx.account}:scalingPolicy:{uuid.uuid4()}:resource/"
        f"{params['ServiceNamespace']}/{params['ResourceId']}:policyName/{params['PolicyName']}"
    )
