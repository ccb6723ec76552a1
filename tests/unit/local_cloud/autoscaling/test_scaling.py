"""Capacities follow alarms: bounds, cooldowns, several policies, suspension, and what is recorded of it."""

from __future__ import annotations

import pytest

from local_cloud.autoscaling import capacity

from .conftest import RESOURCE, Account

HIGH, LOW = "AlarmHigh", "AlarmLow"


def test_load_scales_out_to_what_it_needs_and_its_end_scales_in(account: Account) -> None:
    account.register()
    account.track(ScaleInCooldown=60, ScaleOutCooldown=60)
    assert account.look() == 1
    account.cloudwatch.raise_(HIGH, 290.0, 300.0, 310.0)
    assert account.look() == 4
    account.cloudwatch.raise_(LOW, *[40.0] * 15)
    assert account.look(61) == 2
    assert account.look(61) == 1


def test_capacity_stays_within_its_bounds_and_a_refusal_is_recorded_once(account: Account) -> None:
    account.register(least=2, most=3)
    assert account.current == 2
    account.track(ScaleInCooldown=0, ScaleOutCooldown=0)
    account.cloudwatch.raise_(HIGH, 1000.0)
    assert account.look() == 3
    assert account.look(61) == 3
    assert account.look(61) == 3
    assert len(account.activities()) == 2
    told = [one for one in account.activities(IncludeNotScaledActivities=True) if "NotScaledReasons" in one]
    assert [one["NotScaledReasons"] for one in told] == [
        [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3, "CurrentCapacity": 3}]
    ]
    account.cloudwatch.raise_(LOW, *[1.0] * 15)
    assert account.look(61) == 2
    assert account.look(61) == 2


def test_cooldown_counts_what_a_scale_out_has_added(account: Account) -> None:
    account.register(most=10)
    account.track(ScaleOutCooldown=300)
    account.cloudwatch.raise_(HIGH, 300.0)
    assert account.look() == 3
    assert account.look(61) == 3  # the metric is still that of one instance
    account.cloudwatch.raise_(HIGH, 500.0)
    assert account.look(61) == 5  # a larger scale-out does not wait
    account.cloudwatch.raise_(HIGH, 200.0)
    assert account.look(301) == 10


def test_scale_in_waits_for_its_cooldown_and_scale_out_does_not(account: Account) -> None:
    account.current = 4
    account.register()
    account.track(ScaleInCooldown=300, ScaleOutCooldown=300)
    account.cloudwatch.raise_(LOW, *[60.0] * 15)
    assert account.look() == 3
    assert account.look(120) == 3
    account.cloudwatch.raise_(HIGH, 130.0)
    assert account.look() == 4


def test_scale_in_keeps_to_the_highest_of_its_datapoints(account: Account) -> None:
    account.current = 4
    account.register()
    account.track()
    account.cloudwatch.raise_(LOW, *[10.0] * 14, 70.0)
    assert account.look() == 3


def test_disabled_scale_in_makes_no_lower_alarm_and_lets_others_scale_in(account: Account) -> None:
    account.current = 4
    account.register()
    assert len(account.track(name="only-out", DisableScaleIn=True)["Alarms"]) == 1
    account.track(name="both")
    account.cloudwatch.raise_(LOW, *[50.0] * 15)
    assert account.look() == 2


def test_target_tracking_scales_in_only_when_all_its_policies_would(account: Account) -> None:
    account.current = 4
    account.register()
    account.track(name="a")
    account.cloudwatch.raise_(LOW, *[50.0] * 15)
    custom = {"Namespace": "App", "MetricName": "Busy", "Statistic": "Average"}
    account.track(name="b", CustomizedMetricSpecification=custom)
    assert account.look() == 4
    account.cloudwatch.raise_(LOW, *[50.0] * 15)
    assert account.look() == 2


def test_steps_go_by_the_size_of_the_breach(account: Account) -> None:
    account.register(most=10)
    account.step(
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 25, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 25, "ScalingAdjustment": 3},
        Cooldown=60,
    )
    account.cloudwatch.raise_("step-alarm", 60.0)
    assert account.look() == 2
    account.cloudwatch.raise_("step-alarm", 80.0)
    assert account.look(61) == 5
    (found,) = account.call("DescribeScalingPolicies")["ScalingPolicies"]
    assert [alarm["AlarmName"] for alarm in found["Alarms"]] == ["step-alarm"]


def test_the_policy_with_the_largest_capacity_wins(account: Account) -> None:
    account.register(most=10)
    account.track()
    account.step({"MetricIntervalLowerBound": 0, "ScalingAdjustment": 6})
    account.cloudwatch.raise_(HIGH, 200.0)
    data = {"StateValue": "ALARM", "StateReasonData": '{"recentDatapoints": [60.0]}'}
    account.cloudwatch.named("step-alarm").update(
        data, StateUpdatedTimestamp=account.cloudwatch.named(HIGH)["StateUpdatedTimestamp"]
    )
    assert account.look() == 7
    assert account.activities()[0]["Cause"].endswith("step-alarm in state ALARM triggered policy step")


@pytest.mark.parametrize(
    ("suspended", "raised", "values", "expected"),
    [
        ("DynamicScalingOutSuspended", HIGH, [200.0], 2),
        ("DynamicScalingOutSuspended", LOW, [10.0], 1),
        ("DynamicScalingInSuspended", HIGH, [200.0], 4),
        ("DynamicScalingInSuspended", LOW, [10.0], 2),
    ],
)
def test_suspended_directions_rest(
    account: Account, suspended: str, raised: str, values: list[float], expected: int
) -> None:
    account.current = 2
    account.register(SuspendedState={suspended: True})
    account.track()
    account.cloudwatch.raise_(raised, *values)
    assert account.look() == expected


def test_an_activity_tells_the_change_its_cause_and_its_end(account: Account) -> None:
    account.register()
    account.track()
    account.cloudwatch.raise_(HIGH, 200.0)
    account.look()
    (begun,) = account.activities()
    alarm = account.cloudwatch.named(HIGH)["AlarmName"]
    assert begun["Cause"] == f"monitor alarm {alarm} in state ALARM triggered policy track"
    assert begun["Description"] == "Setting desired instance count to 2."
    assert begun["StatusCode"] == "InProgress"
    account.cloudwatch.quiet()
    account.look(10)
    (ended,) = account.activities()
    assert (ended["ActivityId"], ended["StatusCode"]) == (begun["ActivityId"], "Successful")
    assert ended["StatusMessage"] == (
        "Successfully set desired instance count to 2. Change successfully fulfilled by sagemaker."
    )
    assert ended["EndTime"] >= ended["StartTime"]


def test_an_endpoint_that_is_being_updated_is_left_alone(account: Account) -> None:
    account.register()
    account.track()
    account.cloudwatch.raise_(HIGH, 200.0)
    account.status = "Updating"
    assert account.look() == 1
    account.status = "InService"
    assert account.look() == 2


def test_what_sagemaker_refuses_or_does_not_fulfil_is_a_failed_activity(account: Account) -> None:
    account.register()
    account.track()
    account.cloudwatch.raise_(HIGH, 200.0)
    account.stuck = True
    account.look()
    (refused,) = account.activities()
    assert refused["StatusCode"] == "Failed"
    assert "Reason: Cannot update in-progress endpoint" in refused["StatusMessage"]
    account.stuck = False
    account.look()
    account.current, account.failure = 1, "the model did not start"
    account.cloudwatch.quiet()
    account.look(10)
    assert [one["StatusCode"] for one in account.activities()] == ["Failed", "Failed"]
    assert "the model did not start" in account.activities()[0]["StatusMessage"]


def test_targets_go_with_their_endpoint(account: Account) -> None:
    account.register()
    account.track()
    account.ctx.store.delete("Endpoint", "live")
    account.look()
    assert account.call("DescribeScalableTargets")["ScalableTargets"] == []
    assert account.cloudwatch.alarms == {}


def test_one_target_that_breaks_does_not_stop_the_others(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    account.register()
    (record,) = account.ctx.store.list("ScalableTarget")
    account.call("DeregisterScalableTarget")
    broken = {**record, "ResourceId": "endpoint/live/variant/Broken", "SuspendedState": None}
    account.ctx.store.put("ScalableTarget", capacity.key_of(broken), broken)
    read = capacity.read
    monkeypatch.setattr(capacity, "read", lambda ctx, resource: read(ctx, RESOURCE))
    account.register()
    account.track()
    account.cloudwatch.raise_(HIGH, 200.0)
    assert account.look() == 2
    assert "scaling of endpoint/live/variant/Broken" in caplog.text
