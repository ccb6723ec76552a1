"""Targets and policies are kept, listed, changed and refused as the service does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local_cloud.autoscaling import activities, operations, records, service
from local_cloud.sagemaker.errors import ServiceError

from .conftest import IDENTITY, INVOCATIONS, Account


def test_a_target_is_described_with_its_bounds_and_role(account: Account) -> None:
    arn = account.register(1, 4, Tags={"team": "a"})
    (found,) = account.call("DescribeScalableTargets")["ScalableTargets"]
    assert {member: found[member] for member in IDENTITY} == IDENTITY
    assert (found["MinCapacity"], found["MaxCapacity"], found["ScalableTargetARN"]) == (1, 4, arn)
    assert arn.startswith("arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/")
    assert found["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert operations.call(account.ctx, "ListTagsForResource", {"ResourceARN": arn}) == {
        "Tags": {"team": "a"}
    }
    operations.call(account.ctx, "TagResource", {"ResourceARN": arn, "Tags": {"cost": "b"}})
    operations.call(account.ctx, "UntagResource", {"ResourceARN": arn, "TagKeys": ["team"]})
    assert operations.call(account.ctx, "ListTagsForResource", {"ResourceARN": arn}) == {
        "Tags": {"cost": "b"}
    }


def test_registering_again_changes_only_what_is_given(account: Account) -> None:
    arn = account.register(1, 4)
    assert account.call("RegisterScalableTarget", MaxCapacity=6)["ScalableTargetARN"] == arn
    (found,) = account.call("DescribeScalableTargets")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 6)


def test_a_capacity_outside_of_the_bounds_is_brought_inside(account: Account) -> None:
    account.register(3, 5)
    assert account.current == 3
    assert account.activities()[0]["Cause"] == "minimum capacity was set to 3"
    account.register(1, 2)
    assert account.current == 2
    assert account.activities()[0]["Cause"] == "maximum capacity was set to 2"


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"ServiceNamespace": "ecs"}, "UnsupportedOperation", "SageMaker endpoints only, not ecs"),
        (
            {"ScalableDimension": "sagemaker:inference-component:DesiredCopyCount"},
            "UnsupportedOperation",
            "not sagemaker:inference-component",
        ),
        (
            {"ScalableDimension": "ecs:service:DesiredCount"},
            "ValidationException",
            "Unsupported service namespace, resource type or scalable dimension",
        ),
        ({"ResourceId": "endpoint/live"}, "ValidationException", "Unsupported service namespace"),
        ({"ServiceNamespace": "nonsense"}, "ValidationException", "enum value set"),
        ({"MinCapacity": 5, "MaxCapacity": 4}, "ValidationException", "Maximum capacity cannot be less"),
        ({"MaxCapacity": None}, "ValidationException", "MaxCapacity must be specified"),
        (
            {"ResourceId": "endpoint/live/variant/Other"},
            "ValidationException",
            "Could not find variant Other of endpoint live",
        ),
    ],
)
def test_targets_that_cannot_be_scaled_are_refused(
    account: Account, changes: dict[str, Any], code: str, message: str
) -> None:
    with pytest.raises(ServiceError, match=message) as raised:
        account.call("RegisterScalableTarget", **{"MinCapacity": 1, "MaxCapacity": 4, **changes})
    assert raised.value.code == code


def test_tracking_makes_alarms_and_changing_it_makes_new_ones(account: Account) -> None:
    account.register()
    first = account.track(70.0)
    assert first["PolicyARN"].startswith("arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:")
    assert first["PolicyARN"].endswith(
        ":resource/sagemaker/endpoint/live/variant/AllTraffic:policyName/track"
    )
    high, low = account.cloudwatch.named("AlarmHigh"), account.cloudwatch.named("AlarmLow")
    assert high["AlarmName"].startswith("TargetTracking-endpoint/live/variant/AllTraffic-AlarmHigh-")
    assert (high["Threshold"], high["EvaluationPeriods"], high["Period"]) == (70.0, 3, 60)
    assert (low["Threshold"], low["EvaluationPeriods"], low["Period"]) == (63.0, 15, 60)
    assert (high["MetricName"], high["Statistic"]) == ("InvocationsPerInstance", "Sum")
    assert high["AlarmActions"] == [first["PolicyARN"]]
    second = account.track(90.0)
    assert second["PolicyARN"] == first["PolicyARN"]
    assert sorted(account.cloudwatch.alarms) == sorted(alarm["AlarmName"] for alarm in second["Alarms"])
    (described,) = account.call("DescribeScalingPolicies", PolicyNames=["track"])["ScalingPolicies"]
    assert described["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 90.0
    account.call("DeleteScalingPolicy", PolicyName="track")
    assert account.cloudwatch.alarms == {}


def test_a_customised_metric_may_be_given_as_one_query(account: Account) -> None:
    account.register()
    metric = {"Namespace": "App", "MetricName": "Busy", "Dimensions": [{"Name": "a", "Value": "b"}]}
    query = {"Id": "m1", "MetricStat": {"Metric": metric, "Stat": "Average"}}
    account.track(CustomizedMetricSpecification={"Metrics": [query]}, DisableScaleIn=True)
    (alarm,) = account.cloudwatch.alarms.values()
    assert {member: alarm[member] for member in metric} == metric
    assert alarm["Statistic"] == "Average"


def tracking(**configuration: Any) -> dict[str, Any]:
    given = {"TargetValue": 1.0, **configuration}
    return {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": given,
    }


def stepping(*steps: dict[str, Any], kind: str = "ChangeInCapacity") -> dict[str, Any]:
    return {"StepScalingPolicyConfiguration": {"AdjustmentType": kind, "StepAdjustments": list(steps)}}


@pytest.mark.parametrize(
    ("policy", "code", "message"),
    [
        (tracking(), "ValidationException", "either PredefinedMetricSpecification or Customized"),
        (tracking(PredefinedMetricSpecification=INVOCATIONS, TargetValue=0), "ValidationException", "than 0"),
        (
            tracking(
                PredefinedMetricSpecification={
                    "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
                }
            ),
            "UnsupportedOperation",
            "ProvisionedConcurrency",
        ),
        (
            tracking(
                PredefinedMetricSpecification={"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
            ),
            "ValidationException",
            "not a metric of the sagemaker",
        ),
        (
            tracking(CustomizedMetricSpecification={"Metrics": [{"Id": "a", "Expression": "b / c"}]}),
            "UnsupportedOperation",
            "not by expressions",
        ),
        (
            tracking(CustomizedMetricSpecification={"MetricName": "a"}),
            "ValidationException",
            "needs Namespace and Statistic",
        ),
        (stepping(), "ValidationException", "needs StepAdjustments"),
        (
            stepping(
                {"MetricIntervalUpperBound": 1, "ScalingAdjustment": 1},
                {"MetricIntervalLowerBound": 2, "ScalingAdjustment": 2},
            ),
            "ValidationException",
            "a gap between 1 and 2",
        ),
        (
            stepping({"ScalingAdjustment": 1}, {"MetricIntervalLowerBound": 2, "ScalingAdjustment": 2}),
            "ValidationException",
            "an overlap",
        ),
        (
            stepping({"ScalingAdjustment": -1}, kind="ExactCapacity"),
            "ValidationException",
            "must not be negative",
        ),
        ({"PolicyType": "PredictiveScaling"}, "ValidationException", "PredictiveScaling is not supported"),
        ({"PolicyType": "StepScaling"}, "ValidationException", "needs StepScalingPolicyConfiguration"),
    ],
)
def test_policies_that_make_no_sense_are_refused(
    account: Account, policy: dict[str, Any], code: str, message: str
) -> None:
    account.register()
    with pytest.raises(ServiceError, match=message) as raised:
        account.call("PutScalingPolicy", PolicyName="p", **policy)
    assert raised.value.code == code
    assert account.call("DescribeScalingPolicies")["ScalingPolicies"] == []


def test_what_is_not_registered_is_not_found(account: Account) -> None:
    words = (
        "service namespace: sagemaker, resource ID: endpoint/live/variant/AllTraffic, scalable dimension: "
    )
    with pytest.raises(ServiceError, match=f"No scalable target registered for {words}") as raised:
        account.track()
    assert raised.value.code == "ObjectNotFoundException"
    with pytest.raises(ServiceError, match="No scalable target found for"):
        account.call("DeregisterScalableTarget")
    with pytest.raises(ServiceError, match="policy name: none"):
        account.call("DeleteScalingPolicy", PolicyName="none")


def test_deregistering_takes_policies_alarms_and_schedules_along(account: Account) -> None:
    account.register()
    account.track()
    account.call(
        "PutScheduledAction",
        ScheduledActionName="night",
        Schedule="rate(1 day)",
        ScalableTargetAction={"MinCapacity": 1},
    )
    account.call("DeregisterScalableTarget")
    assert account.call("DescribeScalingPolicies")["ScalingPolicies"] == []
    assert account.call("DescribeScheduledActions")["ScheduledActions"] == []
    assert account.cloudwatch.alarms == {}


def test_lists_come_in_pages(account: Account) -> None:
    account.register()
    for name in ("a", "b", "c"):
        account.track(name=name)
    first = account.call("DescribeScalingPolicies", MaxResults=2)
    second = account.call("DescribeScalingPolicies", MaxResults=2, NextToken=first["NextToken"])
    names = [policy["PolicyName"] for page in (first, second) for policy in page["ScalingPolicies"]]
    assert names == ["a", "b", "c"]
    assert "NextToken" not in second
    with pytest.raises(ServiceError) as raised:
        account.call("DescribeScalingPolicies", NextToken="nonsense")
    assert raised.value.code == "InvalidNextTokenException"


def test_changes_wait_for_each_other_and_reads_do_not(account: Account) -> None:
    account.register()
    with ThreadPoolExecutor(2) as pool, records.changing(account.ctx):
        changed = pool.submit(account.track)
        assert pool.submit(account.call, "DescribeScalingPolicies").result(10)["ScalingPolicies"] == []
        assert not changed.done()
    assert changed.result()["PolicyARN"]


def test_activities_are_forgotten_when_they_are_many(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities, "_MOST", 3)
    account.register()
    account.stuck, account.current = True, 9
    for _ in range(5):
        account.look(10)
    assert len(account.activities()) == 3


def test_errors_are_answers_with_a_code(account: Account) -> None:
    status, headers, body = service.answer(
        account.ctx, "DeregisterScalableTarget", json.dumps(IDENTITY).encode()
    )
    assert (status, headers["x-amzn-errortype"]) == (400, "ObjectNotFoundException")
    assert json.loads(body)["Message"].startswith("No scalable target found")
    assert service.answer(account.ctx, "GetPredictiveScalingForecast", b"{}")[1]["x-amzn-errortype"] == (
        "UnsupportedOperation"
    )
    assert service.answer(account.ctx, "PutScalingPolicy", b"{")[1]["x-amzn-errortype"] == (
        "SerializationException"
    )
