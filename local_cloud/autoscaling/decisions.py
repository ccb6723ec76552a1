"""The arithmetic of scaling: from a metric's value, or an alarm's breach, to a number of instances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# AWS lets the lower alarm of a target tracking policy stand this far below the target.
LOW_FACTOR = 0.9


@dataclass(frozen=True)
class Vote:
    """What one policy asks for. One that is `ready` to scale in may ask for what there is already."""

    policy: str
    alarm: str
    desired: int
    out: bool
    tracks: bool


def tracked(current: int, value: float, target: float) -> int:
    """The capacity at which a metric per instance would be at its target, at the present load."""
    return math.ceil(round(max(current, 1) * value / target, 6))


def stepped(policy: dict[str, Any], current: int, difference: float) -> int | None:
    """The capacity that a step scaling policy asks for.

    Parameters
    ----------
    policy : dict
        StepScalingPolicyConfiguration.
    current : int
        The capacity to adjust.
    difference : float
        The metric's value less the alarm's threshold.

    Returns
    -------
    int or None
        None when the difference is in no step.
    """
    for step in policy["StepAdjustments"]:
        if _contains(step, difference):
            return _adjusted(policy, current, int(step["ScalingAdjustment"]))
    return None


def wanted(votes: Sequence[Vote], current: int) -> Vote | None:
    """The vote that is followed: the largest capacity; out before in.

    Target tracking policies scale in only when each of them would; the caller has dropped their votes else.
    """
    out = [vote for vote in votes if vote.out and vote.desired > current]
    inwards = [vote for vote in votes if not vote.out]
    followed = max(out or inwards, key=lambda vote: vote.desired, default=None)
    if followed is None or (not followed.out and followed.desired >= current):
        return None
    return followed


def _contains(step: dict[str, Any], difference: float) -> bool:
    lower = step.get("MetricIntervalLowerBound", -math.inf)
    upper = step.get("MetricIntervalUpperBound", math.inf)
    if difference >= 0:
        return bool(lower <= difference < upper)
    return bool(lower < difference <= upper)


def _adjusted(policy: dict[str, Any], current: int, adjustment: int) -> int:
    kind = policy["AdjustmentType"]
    if kind == "ExactCapacity":
        return adjustment
    if kind == "PercentChangeInCapacity":
        adjustment = _percent(current, adjustment, int(policy.get("MinAdjustmentMagnitude", 0)))
    return max(0, current + adjustment)


def _percent(current: int, percent: int, least: int) -> int:
    """A percentage as instances: less than one counts as one, more is rounded towards zero."""
    exact = current * percent / 100
    size = max(1 if 0 < abs(exact) < 1 else math.floor(abs(exact)), least if exact else 0)
    return size if exact > 0 else -size
