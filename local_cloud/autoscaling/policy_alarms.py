"""The CloudWatch alarms of policies: those that target tracking makes, and all that are in ALARM."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from local_cloud.autoscaling import capacity
from local_cloud.autoscaling.decisions import LOW_FACTOR
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.store import Record

_HIGH, _LOW = "AlarmHigh", "AlarmLow"
# Datapoints of one minute: AWS scales out after three above the target, and in after fifteen well below it.
_PERIOD_S, _HIGH_PERIODS, _LOW_PERIODS = 60, 3, 15


@dataclass(frozen=True)
class Raised:
    """An alarm in ALARM: its values, the latest last, the policies it acts on, and since when."""

    name: str
    values: tuple[float, ...]
    threshold: float
    actions: tuple[str, ...]
    since: float


def create(ctx: Context, policy: Record) -> list[dict[str, str]]:
    """Make the alarms of a target tracking policy; returns their names and ARNs."""
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    target = float(configuration["TargetValue"])
    sides = [(_HIGH, "GreaterThanThreshold", target, _HIGH_PERIODS)]
    if not configuration.get("DisableScaleIn"):
        sides.append((_LOW, "LessThanThreshold", round(target * LOW_FACTOR, 9), _LOW_PERIODS))
    return [_put(ctx, policy, *side) for side in sides]


def delete(ctx: Context, policy: Record) -> None:
    """Remove the alarms that `create` made."""
    names = [alarm["AlarmName"] for alarm in policy.get("Alarms", ())]
    if names:
        ctx.client("cloudwatch").delete_alarms(AlarmNames=names)


def raised(ctx: Context) -> list[Raised]:
    """Every alarm that is in ALARM and acts on something, with the values that CloudWatch judged it by."""
    pages = ctx.client("cloudwatch").get_paginator("describe_alarms").paginate(StateValue="ALARM")
    found = []
    for alarm in (alarm for page in pages for alarm in page["MetricAlarms"]):
        data = json.loads(alarm.get("StateReasonData") or "{}")
        actions = alarm.get("AlarmActions") or []
        if actions and alarm.get("ActionsEnabled", True):
            found.append(
                Raised(
                    alarm["AlarmName"],
                    tuple(float(value) for value in data.get("recentDatapoints", ())),
                    float(alarm.get("Threshold", 0.0)),
                    tuple(actions),
                    alarm["StateUpdatedTimestamp"].timestamp(),
                )
            )
    return found


def is_low(alarm: Raised) -> bool:
    """Whether it is the lower alarm of a target tracking policy."""
    return f"-{_LOW}-" in alarm.name


def metric(policy: Record) -> dict[str, Any]:
    """The metric that a target tracking policy follows, as PutMetricAlarm takes it."""
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    custom = configuration.get("CustomizedMetricSpecification")
    if custom is None:
        endpoint, variant = capacity.names(policy["ResourceId"])
        dimensions = {"EndpointName": endpoint, "VariantName": variant}
        return {
            "Namespace": "AWS/SageMaker",
            "MetricName": "InvocationsPerInstance",
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Statistic": "Sum",
        }
    if "Metrics" in custom:
        stat = custom["Metrics"][0]["MetricStat"]
        custom = {**stat["Metric"], "Statistic": stat["Stat"], "Unit": stat.get("Unit")}
    members = ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit")
    return {member: custom[member] for member in members if custom.get(member)}


def _put(
    ctx: Context, policy: Record, side: str, comparison: str, threshold: float, count: int
) -> dict[str, str]:
    name = f"TargetTracking-{policy['ResourceId']}-{side}-{uuid.uuid4()}"
    arn = policy["PolicyARN"]
    ctx.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmDescription=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {arn}.",
        AlarmActions=[arn],
        Period=_PERIOD_S,
        EvaluationPeriods=count,
        Threshold=threshold,
        ComparisonOperator=comparison,
        **metric(policy),
    )
    return {
        "AlarmName": name,
        "AlarmARN": f"arn:aws:cloudwatch:{ctx.region}:{ctx.account}:alarm:{name}",
    }
