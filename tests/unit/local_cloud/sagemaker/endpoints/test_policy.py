"""A DeploymentConfig becomes steps and waits, or is refused as the service refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.sagemaker.endpoints.artifacts import ModelContainer
from local_cloud.sagemaker.endpoints.policy import Size, policy_of
from local_cloud.sagemaker.endpoints.variants import VariantPlan
from local_cloud.sagemaker.errors import ServiceError

Json = dict[str, Any]


def plan(instances: int, name: str = "AllTraffic", shadow: bool = False) -> VariantPlan:
    model = ModelContainer(image="i", uri="s3://b/k", compressed=True, environment={}, role=None)
    return VariantPlan(name, model, instances, 1.0, 60.0, shadow)


def size(value: int, kind: str = "INSTANCE_COUNT") -> Json:
    return {"Type": kind, "Value": value}


def blue_green(
    kind: str, wait: int = 60, termination: int = 0, timeout: int | None = None, **more: Any
) -> Json:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **more}
    policy: Json = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": termination}
    if timeout is not None:
        policy["MaximumExecutionTimeoutInSeconds"] = timeout
    return {"BlueGreenUpdatePolicy": policy}


def rolling(batch: Json, **more: Any) -> Json:
    return {"RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": 60, **more}}


@pytest.mark.parametrize(
    ("config", "instances", "steps"),
    [
        (None, 3, [3]),
        (blue_green("ALL_AT_ONCE"), 3, [3]),
        (blue_green("CANARY", CanarySize=size(1)), 3, [1, 3]),
        (blue_green("CANARY", CanarySize=size(30, "CAPACITY_PERCENT")), 10, [3, 10]),
        (blue_green("CANARY", CanarySize=size(50, "CAPACITY_PERCENT")), 3, [1, 3]),
        (blue_green("CANARY", CanarySize=size(5, "CAPACITY_PERCENT")), 2, [1, 2]),
        (blue_green("LINEAR", LinearStepSize=size(2)), 5, [2, 4, 5]),
        (blue_green("LINEAR", LinearStepSize=size(25, "CAPACITY_PERCENT")), 8, [2, 4, 6, 8]),
        (rolling(size(2)), 5, [2, 4, 5]),
        (rolling(size(50, "CAPACITY_PERCENT")), 4, [2, 4]),
    ],
)
def test_steps_end_with_all_instances(config: Json | None, instances: int, steps: list[int]) -> None:
    assert policy_of(config, [plan(instances)]).steps(instances) == steps


def test_waits_between_the_steps_and_before_the_old_fleet_ends() -> None:
    policy = policy_of(blue_green("LINEAR", 300, 600, LinearStepSize=size(1)), [plan(3)])
    assert policy.waits(3) == [
        (300, "WaitIntervalInSeconds"),
        (300, "WaitIntervalInSeconds"),
        (600, "TerminationWaitInSeconds"),
    ]
    assert policy_of(rolling(size(1)), [plan(2)]).waits(2) == [(60, "WaitIntervalInSeconds")] * 2


def test_alarms_are_kept_whatever_the_policy() -> None:
    watched = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}, {"AlarmName": "b"}]}}
    for config in (watched, {**blue_green("ALL_AT_ONCE"), **watched}, {**rolling(size(1)), **watched}):
        assert policy_of(config, [plan(2)]).alarms == ("a", "b")


@pytest.mark.parametrize(
    ("config", "instances", "message"),
    [
        (blue_green("CANARY"), 3, "CanarySize is required"),
        (blue_green("LINEAR"), 3, "LinearStepSize is required"),
        (blue_green("ALL_AT_ONCE", CanarySize=size(1)), 3, "CanarySize can only be specified with"),
        (blue_green("CANARY", CanarySize=size(2)), 3, "at most 50% of the variant's total instance count"),
        (blue_green("CANARY", CanarySize=size(51, "CAPACITY_PERCENT")), 4, "Invalid CanarySize: 51%"),
        (blue_green("CANARY", CanarySize=size(10, "CAPACITY_PERCENT")), 1, "with 1 instance"),
        (blue_green("LINEAR", LinearStepSize=size(5, "CAPACITY_PERCENT")), 4, "must be 10-50%"),
        (blue_green("LINEAR", LinearStepSize=size(1)), 11, "must be 10-50%"),
        (rolling(size(4, "CAPACITY_PERCENT")), 4, "Invalid MaximumBatchSize: 4%"),
        (rolling(size(3)), 4, "must be 5-50%"),
        (rolling(size(1), RollbackMaximumBatchSize=size(5)), 4, "Invalid RollbackMaximumBatchSize"),
        ({**rolling(size(1)), **blue_green("ALL_AT_ONCE")}, 4, "Only one update policy"),
        (
            blue_green("LINEAR", 300, 0, timeout=600, LinearStepSize=size(1)),
            3,
            "must be larger than the total waiting time of the deployment, 600 seconds in 3",
        ),
        ({"AutoRollbackConfiguration": {"Alarms": [{}]}}, 1, "needs an AlarmName"),
    ],
)
def test_what_the_service_would_refuse_is_refused(config: Json, instances: int, message: str) -> None:
    with pytest.raises(ServiceError, match=message) as raised:
        policy_of(config, [plan(instances)])
    assert raised.value.code == "ValidationException"


def test_rolling_is_for_one_variant() -> None:
    with pytest.raises(ServiceError, match="multiple variants"):
        policy_of(rolling(size(1)), [plan(2, "a"), plan(2, "b")])
    assert policy_of(rolling(size(1)), [plan(2, "a"), plan(1, "s", shadow=True)]).steps(2) == [1, 2]


def test_a_size_is_at_least_one_instance_and_at_most_all() -> None:
    assert [Size("CAPACITY_PERCENT", 10).instances(n) for n in (1, 9, 10, 25)] == [1, 1, 1, 2]
    assert Size("INSTANCE_COUNT", 9).instances(4) == 4
    for config in (None, blue_green("LINEAR", LinearStepSize=size(25, "CAPACITY_PERCENT"))):
        assert policy_of(config, [plan(4)]).steps(0) == [0]  # an asynchronous variant may have none
