"""Stacks register targets with their schedules as a whole, and do not trip over those that have run."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.autoscaling import cloudformation
from local_cloud.autoscaling.cloudformation import Target
from local_cloud.sagemaker.errors import ServiceError

from .conftest import IDENTITY, Account

BOUNDS = {**IDENTITY, "MinCapacity": "1", "MaxCapacity": "4"}


@pytest.fixture
def target(account: Account, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setattr(cloudformation, "_ctx", lambda contexts: account.ctx)
    return Target(None)  # type: ignore[arg-type] - it only passes them on


def action(name: str, schedule: str) -> dict[str, Any]:
    return {
        "ScheduledActionName": name,
        "Schedule": schedule,
        "ScalableTargetAction": {"MinCapacity": "2"},
    }


def test_a_target_whose_schedule_is_refused_is_not_left_behind(account: Account, target: Target) -> None:
    wrong = {**BOUNDS, "ScheduledActions": [action("good", "rate(1 day)"), action("bad", "sometimes")]}
    with pytest.raises(ServiceError, match="it must be at"):
        target.create("Target", wrong, "stack")
    assert account.call("DescribeScalableTargets")["ScalableTargets"] == []
    assert account.call("DescribeScheduledActions")["ScheduledActions"] == []
    account.register()
    with pytest.raises(ServiceError, match="it must be at"):
        target.create("Target", wrong, "stack")
    assert len(account.call("DescribeScalableTargets")["ScalableTargets"]) == 1


def test_an_update_removes_schedules_those_that_are_gone_already_included(
    account: Account, target: Target
) -> None:
    old = {**BOUNDS, "ScheduledActions": [action("once", "rate(1 day)"), action("daily", "rate(1 day)")]}
    physical_id, _ = target.create("Target", old, "stack")
    account.call("DeleteScheduledAction", ScheduledActionName="once")
    target.update(physical_id, old, {**BOUNDS, "MaxCapacity": "6"}, "stack")
    assert account.call("DescribeScheduledActions")["ScheduledActions"] == []
    assert account.call("DescribeScalableTargets")["ScalableTargets"][0]["MaxCapacity"] == 6
