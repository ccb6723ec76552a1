"""Scheduled actions change bounds when they are due, once each, and rest while they are suspended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from local_cloud.sagemaker.context import now
from local_cloud.sagemaker.errors import ServiceError

from .conftest import Account


def test_scheduled_actions_change_the_bounds_when_they_are_due(account: Account) -> None:
    account.register(1, 4)
    action = {"ScheduledActionName": "busy", "ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 8}}
    account.call("PutScheduledAction", Schedule="rate(5 minutes)", **action)
    (found,) = account.ctx.store.list("ScheduledAction")
    account.at = found["LooksFrom"]
    assert account.look(299) == 1
    assert account.look(2) == 3
    causes = [one["Cause"] for one in account.activities()]
    assert "scheduled action name busy was triggered" in causes
    (target,) = account.call("DescribeScalableTargets")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (3, 8)


def test_a_one_time_action_runs_once_and_goes(account: Account) -> None:
    account.register(1, 4)
    account.at = now()
    when = f"{account.at + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    action = {"ScheduledActionName": "once", "ScalableTargetAction": {"MinCapacity": 2}}
    account.call("PutScheduledAction", Schedule=f"at({when})", **action)
    assert account.look() == 1
    assert account.look(3601) == 2
    assert account.call("DescribeScheduledActions")["ScheduledActions"] == []


def test_a_time_that_was_over_when_the_action_was_put_is_not_made_up_for(account: Account) -> None:
    account.register(1, 4)
    action = {"ScheduledActionName": "late", "ScalableTargetAction": {"MinCapacity": 2}}
    account.call("PutScheduledAction", Schedule="at(2020-01-01T00:00:00)", **action)
    account.at = now()
    assert account.look(3600) == 1


def test_what_was_due_while_schedules_were_suspended_is_not_made_up_for(account: Account) -> None:
    account.register(1, 4, SuspendedState={"ScheduledScalingSuspended": True})
    account.at = now()
    when = f"{account.at + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    for name, schedule in (("once", f"at({when})"), ("often", "rate(50 minutes)")):
        action = {"ScheduledActionName": name, "ScalableTargetAction": {"MinCapacity": 3}}
        account.call("PutScheduledAction", Schedule=schedule, **action)
    assert account.look(3601) == 1
    account.register(1, 4, SuspendedState={"ScheduledScalingSuspended": False})
    assert account.look(60) == 1
    assert account.look(3600) == 3  # the rate goes on
    names = [
        one["ScheduledActionName"] for one in account.call("DescribeScheduledActions")["ScheduledActions"]
    ]
    assert names == ["often"]


def test_suspended_schedules_and_those_outside_their_time_rest(account: Account) -> None:
    account.register(1, 4, SuspendedState={"ScheduledScalingSuspended": True})
    action = {"ScheduledActionName": "busy", "ScalableTargetAction": {"MinCapacity": 3}}
    account.call("PutScheduledAction", Schedule="rate(1 minute)", **action)
    account.at = account.ctx.store.list("ScheduledAction")[0]["LooksFrom"]
    assert account.look(61) == 1
    account.register(1, 4, SuspendedState={"ScheduledScalingSuspended": False})
    over = (account.at - timedelta(hours=1)).timestamp()
    account.call("PutScheduledAction", Schedule="rate(1 minute)", EndTime=over, **action)
    assert account.look(61) == 1


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"Schedule": "sometimes"}, "it must be at"),
        ({"Schedule": "cron(0 18 * * *)"}, "cron has 6 fields, got 5"),
        ({"Schedule": "rate(1 day)", "Timezone": "Mars/Base"}, "Timezone 'Mars/Base' is not known"),
        ({}, "needs a Schedule"),
    ],
)
def test_schedules_that_cannot_be_read_are_refused(
    account: Account, action: dict[str, Any], message: str
) -> None:
    account.register()
    with pytest.raises(ServiceError, match=message):
        account.call(
            "PutScheduledAction",
            ScheduledActionName="a",
            ScalableTargetAction={"MinCapacity": 1},
            **action,
        )
