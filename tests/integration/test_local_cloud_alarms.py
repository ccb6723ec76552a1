"""A stack's composite alarm goes by the alarms below it, and each of those by exactly its own metric."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Cloud, until

pytestmark = pytest.mark.integration


def template(rule: str, **more: Any) -> str:
    def alarm(variant: str) -> dict[str, Any]:
        properties = {
            "AlarmName": f"errors-{variant}",
            "Namespace": "Shop",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "Variant", "Value": variant}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        }
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}

    both = {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "DependsOn": ["A", "B"],
        "Properties": {"AlarmRule": rule, **more},
    }
    return json.dumps({"Resources": {"A": alarm("a"), "B": alarm("b"), "Both": both}})


def test_a_composite_alarm_of_a_stack_follows_its_rule(cloud: Cloud) -> None:
    cloudformation, cloudwatch = cloud.client("cloudformation"), cloud.client("cloudwatch")

    def stack() -> str:
        return str(cloudformation.describe_stacks(StackName="alarms")["Stacks"][0]["StackStatus"])

    def states() -> dict[str, str]:
        found = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        everything = [*found["MetricAlarms"], *found["CompositeAlarms"]]
        return {one["AlarmName"].partition("-Both")[0]: one["StateValue"] for one in everything}

    def fail(variant: str) -> None:
        dimensions = [{"Name": "Variant", "Value": variant}]
        datum = {"MetricName": "Errors", "Dimensions": dimensions, "Value": 1.0}
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=[datum])

    rule = 'ALARM("errors-a") AND ALARM("errors-b")'
    cloudformation.create_stack(StackName="alarms", TemplateBody=template(rule))
    until(stack, lambda status: status == "CREATE_COMPLETE")
    fail("a")
    assert (states()["errors-a"], states()["alarms"]) == ("ALARM", "OK")
    assert states()["errors-b"] != "ALARM"
    fail("b")
    assert states()["alarms"] == "ALARM"
    cloudformation.update_stack(StackName="alarms", TemplateBody=template('NOT ALARM("errors-a")'))
    until(stack, lambda status: status == "UPDATE_COMPLETE")
    assert states()["alarms"] == "OK"
    cloudformation.update_stack(StackName="alarms", TemplateBody=template(rule, ActionsSuppressor="errors-a"))
    until(stack, lambda status: status == "UPDATE_ROLLBACK_COMPLETE")
    cloudformation.delete_stack(StackName="alarms")
    until(states, lambda found: "alarms" not in found)
