"""An account with one endpoint whose variant can be resized, and CloudWatch alarms that a test raises."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_cloud.autoscaling import activities, evaluator, model, operations, policies, schedules, targets
from local_cloud.clock import Clock
from local_cloud.sagemaker import operations as sagemaker
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError

__all__ = ["activities", "policies", "schedules", "targets"]
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
RESOURCE = "endpoint/live/variant/AllTraffic"
IDENTITY = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
INVOCATIONS = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}


class CloudWatch:
    """Alarms in a dictionary."""

    def __init__(self) -> None:
        self.alarms: dict[str, dict[str, Any]] = {}

    def put_metric_alarm(self, **alarm: Any) -> None:
        arn = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{alarm['AlarmName']}"
        self.alarms[alarm["AlarmName"]] = {**alarm, "AlarmArn": arn, "StateValue": "OK"}

    def delete_alarms(self, AlarmNames: list[str]) -> None:
        for name in AlarmNames:
            self.alarms.pop(name, None)

    def get_paginator(self, name: str) -> CloudWatch:
        assert name == "describe_alarms"
        return self

    def paginate(self, StateValue: str | None = None) -> list[dict[str, Any]]:
        found = [one for one in self.alarms.values() if StateValue in (None, one["StateValue"])]
        return [{"MetricAlarms": found}]

    def named(self, part: str) -> dict[str, Any]:
        (found,) = [alarm for name, alarm in self.alarms.items() if part in name]
        return found

    def raise_(self, part: str, *values: float) -> None:
        """Put the alarms with `part` in their name into ALARM, judged by `values`; all others are OK."""
        self.quiet()
        data = json.dumps({"recentDatapoints": values})
        for name, alarm in self.alarms.items():
            if part in name:
                alarm.update(StateValue="ALARM", StateReasonData=data, StateUpdatedTimestamp=NOON)

    def quiet(self) -> None:
        for alarm in self.alarms.values():
            alarm["StateValue"] = "OK"


class ScalingContext(Context):
    """A context whose CloudWatch is a fake."""

    def __init__(self, home: Path) -> None:
        url = f"http://127.0.0.1:9/{home}"
        super().__init__("123456789012", "us-east-1", url, home, clock=Clock(1.0))
        self.cloudwatch = CloudWatch()

    def client(self, service: str, role_arn: str | None = None) -> Any:
        assert service == "cloudwatch"
        return self.cloudwatch


class Account:
    """The account, its endpoint and the time of the test."""

    def __init__(self, ctx: ScalingContext) -> None:
        self.ctx, self.at = ctx, NOON
        self.current, self.status, self.failure, self.stuck = 1, "InService", "", False
        self.asked: list[int] = []
        ctx.store.put("Endpoint", "live", {"EndpointName": "live", "EndpointStatus": "InService"})

    @property
    def cloudwatch(self) -> CloudWatch:
        return self.ctx.cloudwatch

    def call(self, name: str, **params: Any) -> dict[str, Any]:
        shape = model.service_model().operation_model(name).input_shape
        identity = {member: value for member, value in IDENTITY.items() if member in shape.members}
        return operations.call(self.ctx, name, {**identity, **params})

    def register(self, least: int = 1, most: int = 4, **more: Any) -> str:
        made = self.call("RegisterScalableTarget", MinCapacity=least, MaxCapacity=most, **more)
        return str(made["ScalableTargetARN"])

    def track(self, target: float = 100.0, name: str = "track", **configuration: Any) -> dict[str, Any]:
        if "CustomizedMetricSpecification" not in configuration:
            configuration["PredefinedMetricSpecification"] = INVOCATIONS
        given = {"TargetValue": target, **configuration}
        return self.call(
            "PutScalingPolicy",
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=given,
        )

    def step(self, *adjustments: dict[str, Any], name: str = "step", **configuration: Any) -> str:
        """Create a step scaling policy and an alarm that acts on it; returns the ARN."""
        given = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": list(adjustments), **configuration}
        made = self.call(
            "PutScalingPolicy",
            PolicyName=name,
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration=given,
        )
        arn = str(made["PolicyARN"])
        self.cloudwatch.put_metric_alarm(AlarmName=f"{name}-alarm", AlarmActions=[arn], Threshold=50.0)
        return arn

    def look(self, after_s: float = 0.0) -> int:
        """Let time pass, look once, and return the capacity then."""
        self.at += timedelta(seconds=after_s)
        evaluator.of(self.ctx).look(self.at)
        return self.current

    def activities(self, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("DescribeScalingActivities", **params)["ScalingActivities"]
        return found


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account(ScalingContext(tmp_path))

    def call(ctx: Context, name: str, params: dict[str, Any]) -> dict[str, Any]:
        if params["EndpointName"] != "live" or ctx.store.find("Endpoint", "live") is None:
            raise ServiceError("ValidationException", "Could not find endpoint")
        if name == "DescribeEndpoint":
            variant = {"VariantName": "AllTraffic", "CurrentInstanceCount": made.current}
            described = {"EndpointStatus": made.status, "ProductionVariants": [variant]}
            return {**described, "FailureReason": made.failure or None}
        assert name == "UpdateEndpointWeightsAndCapacities"
        (wanted,) = params["DesiredWeightsAndCapacities"]
        assert wanted["VariantName"] == "AllTraffic"
        made.asked.append(wanted["DesiredInstanceCount"])
        if made.stuck:
            raise ServiceError("ValidationException", "Cannot update in-progress endpoint")
        made.current = wanted["DesiredInstanceCount"]
        return {}

    monkeypatch.setattr(sagemaker, "call", call)
    monkeypatch.setattr(evaluator.Evaluator, "start", lambda self: None)  # tests look themselves
    return made
