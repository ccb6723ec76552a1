"""An endpoint gets more worker processes under load and gives them back, within the bounds of its target."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from . import small_models
from .conftest import Cloud, until

pytestmark = pytest.mark.integration
NAME = "elastic"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{NAME}/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


@pytest.fixture(scope="module")
def elastic(fast_cloud: Cloud) -> Iterator[Cloud]:
    small_models.endpoint(fast_cloud, NAME)
    yield fast_cloud
    fast_cloud.client("sagemaker").delete_endpoint(EndpointName=NAME)


def instances(cloud: Cloud) -> int:
    (variant,) = small_models.described(cloud, NAME)["ProductionVariants"]
    return int(variant["CurrentInstanceCount"])


def history(cloud: Cloud, namespace: str, name: str, dimensions: dict[str, str], value: float) -> None:
    """Put a metric's values of the last half minute, which is that of many periods on a fast clock."""
    now = time.time()
    data = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": one} for key, one in dimensions.items()],
            "Timestamp": now - seconds / 4,
            "Value": value,
        }
        for seconds in range(120)
    ]
    cloud.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)


def tracking(metric: dict[str, Any]) -> dict[str, Any]:
    return {"TargetValue": 100.0, "ScaleInCooldown": 60, "ScaleOutCooldown": 60, **metric}


def test_worker_processes_follow_the_load(elastic: Cloud) -> None:
    scaling, cloudwatch = elastic.client("application-autoscaling"), elastic.client("cloudwatch")
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3)
    policy = {**TARGET, "PolicyName": "load", "PolicyType": "TargetTrackingScaling"}
    predefined = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    made = scaling.put_scaling_policy(
        **policy,
        TargetTrackingScalingPolicyConfiguration=tracking({"PredefinedMetricSpecification": predefined}),
    )
    (high,) = [one["AlarmName"] for one in made["Alarms"] if "AlarmHigh" in one["AlarmName"]]
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[high])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["AlarmActions"]) == (100.0, [made["PolicyARN"]])

    # Ten times the target: as many instances as are allowed.
    dimensions = {"EndpointName": NAME, "VariantName": "AllTraffic"}
    busy = ("AWS/SageMaker", "InvocationsPerInstance", dimensions, 1000 / 240)
    until(lambda: history(elastic, *busy) or instances(elastic), lambda count: count == 3)
    runtime = elastic.client("sagemaker-runtime")
    answers = [runtime.invoke_endpoint(EndpointName=NAME, Body="1", ContentType="text/csv") for _ in range(9)]
    assert len({json.load(answer["Body"])["pid"] for answer in answers}) == 3

    # The policy now follows a metric that says there is hardly anything to do.
    custom = {"Namespace": "Shop", "MetricName": "Busy", "Statistic": "Average"}
    changed = scaling.put_scaling_policy(
        **policy,
        TargetTrackingScalingPolicyConfiguration=tracking({"CustomizedMetricSpecification": custom}),
    )
    assert not cloudwatch.describe_alarms(AlarmNames=[high])["MetricAlarms"]
    until(lambda: history(elastic, "Shop", "Busy", {}, 1.0) or instances(elastic), lambda count: count == 1)

    activities = scaling.describe_scaling_activities(**TARGET)["ScalingActivities"]
    settled = until(
        lambda: scaling.describe_scaling_activities(**TARGET)["ScalingActivities"],
        lambda found: all(one["StatusCode"] == "Successful" for one in found),
    )
    assert [one["Description"] for one in settled] == [
        "Setting desired instance count to 1.",
        "Setting desired instance count to 3.",
    ], activities
    low = next(one["AlarmName"] for one in changed["Alarms"] if "AlarmLow" in one["AlarmName"])
    assert settled[0]["Cause"] == f"monitor alarm {low} in state ALARM triggered policy load"
    scaling.deregister_scalable_target(**TARGET)
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []


def test_other_namespaces_are_refused_by_name(elastic: Cloud) -> None:
    with pytest.raises(ClientError, match="not ecs") as raised:
        elastic.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    assert raised.value.response["Error"]["Code"] == "UnsupportedOperation"


def test_a_stack_registers_changes_and_forgets_a_target(elastic: Cloud) -> None:
    cloudformation, scaling = elastic.client("cloudformation"), elastic.client("application-autoscaling")

    def template(most: int) -> str:
        target = {**TARGET, "MinCapacity": 1, "MaxCapacity": most}
        policy = {
            "PolicyName": "stacked",
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": {"Ref": "Target"},
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": "70",
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
                },
            },
        }
        resources = {
            "Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": target},
            "Policy": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": policy},
        }
        return json.dumps({"Resources": resources, "Outputs": {"Arn": {"Value": {"Ref": "Policy"}}}})

    def stack() -> dict[str, Any]:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName="scaling")["Stacks"][0]
        return found

    cloudformation.create_stack(StackName="scaling", TemplateBody=template(3))
    made = until(stack, lambda found: found["StackStatus"] == "CREATE_COMPLETE")
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert made["Outputs"][0]["OutputValue"] == policy["PolicyARN"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70.0
    cloudformation.update_stack(StackName="scaling", TemplateBody=template(5))
    until(stack, lambda found: found["StackStatus"] == "UPDATE_COMPLETE")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target["MaxCapacity"] == 5
    cloudformation.delete_stack(StackName="scaling")
    until(
        lambda: scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"],
        lambda found: not found,
    )
