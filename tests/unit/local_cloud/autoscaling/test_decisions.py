"""The arithmetic of target tracking and of steps, as the user guide has it."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.autoscaling import decisions
from local_cloud.autoscaling.decisions import Vote

OUT = [
    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
    {"MetricIntervalLowerBound": 10, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 3},
    {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 5},
]
IN = [
    {"MetricIntervalUpperBound": -10, "ScalingAdjustment": -2},
    {"MetricIntervalLowerBound": -10, "MetricIntervalUpperBound": 0, "ScalingAdjustment": -1},
]


@pytest.mark.parametrize(
    ("current", "value", "desired"),
    [(1, 101.0, 2), (2, 150.0, 3), (3, 100.0, 3), (4, 25.0, 1), (0, 250.0, 3)],
)
def test_tracking_brings_the_metric_to_its_target(current: int, value: float, desired: int) -> None:
    assert decisions.tracked(current, value, target=100.0) == desired


@pytest.mark.parametrize(
    ("steps", "difference", "desired"),
    [
        (OUT, 0.0, 11),
        (OUT, 9.9, 11),
        (OUT, 10.0, 13),
        (OUT, 1000.0, 15),
        (OUT, -1.0, None),
        (IN, -10.0, 8),
        (IN, -9.9, 9),
        (IN, 5.0, None),
    ],
)
def test_steps_contain_their_bound_on_the_side_of_the_threshold(
    steps: list[dict[str, Any]], difference: float, desired: int | None
) -> None:
    policy = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps}
    assert decisions.stepped(policy, 10, difference) == desired


@pytest.mark.parametrize(
    ("current", "percent", "least", "desired"),
    [(10, 25, 0, 12), (3, 10, 0, 4), (4, 25, 2, 6), (10, -35, 0, 7), (3, -10, 0, 2)],
)
def test_percentages_are_rounded_as_documented(current: int, percent: int, least: int, desired: int) -> None:
    policy = {
        "AdjustmentType": "PercentChangeInCapacity",
        "MinAdjustmentMagnitude": least,
        "StepAdjustments": [{"ScalingAdjustment": percent}],
    }
    assert decisions.stepped(policy, current, 1.0) == desired


def test_exact_capacity_is_what_it_says() -> None:
    policy = {"AdjustmentType": "ExactCapacity", "StepAdjustments": [{"ScalingAdjustment": 7}]}
    assert decisions.stepped(policy, 2, 1.0) == 7


def vote(desired: int, *, out: bool) -> Vote:
    return Vote("policy", "alarm", desired, out, tracks=True)


@pytest.mark.parametrize(
    ("votes", "desired"),
    [
        ([vote(3, out=True), vote(5, out=True), vote(1, out=False)], 5),
        ([vote(1, out=False), vote(2, out=False)], 2),
        ([vote(3, out=False), vote(1, out=False)], None),
        ([vote(3, out=True)], None),
        ([], None),
    ],
)
def test_the_largest_capacity_wins_and_out_comes_before_in(votes: list[Vote], desired: int | None) -> None:
    found = decisions.wanted(votes, current=3)
    assert (found.desired if found else None) == desired
