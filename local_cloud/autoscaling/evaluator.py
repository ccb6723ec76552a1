"""Looks at alarms and schedules again and again, and changes capacities as the policies say."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from local_cloud.autoscaling import (
    activities,
    capacity,
    decisions,
    policies,
    policy_alarms,
    records,
    removal,
    schedules,
)
from local_cloud.autoscaling.capacity import Capacity
from local_cloud.autoscaling.decisions import Vote
from local_cloud.autoscaling.policy_alarms import Raised
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.per_context import PerContext
from local_cloud.sagemaker.store import Record

_EVERY_S, _SHORTEST_S = 10.0, 0.5
# An alarm that stays in ALARM has its policy act again every minute, however short the cooldown is.
_REPEAT_S, _SHORTEST_REPEAT_S = 60.0, 1.0
_COOLDOWN_S = 300
_log = logging.getLogger("local_cloud.autoscaling")


class Evaluator:
    """Scales the targets of one account and region; a thread does so while there are any."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lock = threading.Lock()
        self._running = False
        self._closed = threading.Event()

    def start(self) -> None:
        """Make sure that targets are looked at."""
        with self._lock:
            if self._running or self._closed.is_set():
                return
            self._running = True
        threading.Thread(target=self._run, name="autoscaling", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def look(self, at: datetime) -> None:
        """Look at every target once."""
        ctx = self._ctx
        removal.forget_gone(ctx)
        targets = ctx.store.list(records.TARGET)
        alarms = policy_alarms.raised(ctx) if targets else []
        for target in targets:
            try:
                with records.changing(ctx):
                    _look_at(ctx, capacity.key_of(target), alarms, at)
            except Exception:  # noqa: BLE001 - one target must not keep the others from being scaled
                _log.exception("scaling of %s", target["ResourceId"])

    def _run(self) -> None:
        pause = max(_SHORTEST_S, self._ctx.clock.real(_EVERY_S))
        while not self._closed.wait(pause):
            try:
                self.look(self._ctx.clock.now())
            except Exception:  # noqa: BLE001 - the thread has to go on
                _log.exception("scaling of %s, %s", self._ctx.account, self._ctx.region)
            with self._lock:
                if not self._ctx.store.list(records.TARGET):
                    self._running = False
                    return


of = PerContext(Evaluator)


def resume(ctx: Context) -> None:
    """Go on with the targets that an earlier server left in the store."""
    if ctx.store.list(records.TARGET):
        of(ctx).start()


def shutdown() -> None:
    """Look no more; for the shutdown of the server."""
    for evaluator in of.forget():
        evaluator.close()


def _look_at(ctx: Context, key: str, alarms: Sequence[Raised], at: datetime) -> None:
    target = ctx.store.find(records.TARGET, key)
    found = capacity.read(ctx, target["ResourceId"]) if target else None
    if target is None or found is None:
        return
    activities.settle(ctx, target, found)
    target = schedules.run_due(ctx, target, at)
    if not found.changeable or activities.bring_inside(ctx, target, found.current):
        return
    votes = _votes(ctx, target, found, alarms, at)
    vote = decisions.wanted(votes, found.current)
    if vote is not None:
        _follow(ctx, target, found.current, vote, alarms, at)


def _votes(
    ctx: Context, target: Record, found: Capacity, alarms: Sequence[Raised], at: datetime
) -> list[Vote]:
    """What the policies ask for; target tracking scales in only when all of its policies would."""
    votes: list[Vote] = []
    all_ready = True
    for policy in records.below(ctx, records.POLICY, target):
        acting = [alarm for alarm in alarms if policy["PolicyARN"] in alarm.actions and alarm.values]
        if policy["PolicyType"] == policies.TRACKING:
            asked = [_tracking(ctx, policy, found.current, alarm, at) for alarm in acting]
            configuration = policy["TargetTrackingScalingPolicyConfiguration"]
            ready = any(policy_alarms.is_low(alarm) for alarm in acting)
            all_ready = all_ready and (ready or bool(configuration.get("DisableScaleIn")))
        else:
            asked = [_stepping(ctx, policy, found.current, alarm, at) for alarm in acting]
        votes += [vote for vote in asked if vote is not None]
    suspended = target["SuspendedState"]
    return [
        vote
        for vote in votes
        if not suspended[f"DynamicScaling{'Out' if vote.out else 'In'}Suspended"]
        and (vote.out or not vote.tracks or all_ready)
    ]


def _tracking(ctx: Context, policy: Record, current: int, alarm: Raised, at: datetime) -> Vote | None:
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    out = not policy_alarms.is_low(alarm)
    cooldown = configuration.get("ScaleOutCooldown" if out else "ScaleInCooldown", _COOLDOWN_S)
    # What a scale-out has added counts until its cooldown is over; a scale-in keeps to the highest value.
    base = _base(ctx, policy, current, cooldown, at, out=out)
    if base is None:
        return None
    value = alarm.values[-1] if out else max(alarm.values)
    desired = decisions.tracked(base, value, float(configuration["TargetValue"]))
    return Vote(policy["PolicyName"], alarm.name, desired, out, tracks=True)


def _stepping(ctx: Context, policy: Record, current: int, alarm: Raised, at: datetime) -> Vote | None:
    configuration = policy["StepScalingPolicyConfiguration"]
    difference = alarm.values[-1] - alarm.threshold
    asked = decisions.stepped(configuration, current, difference)
    if asked is None:
        return None
    out = asked > current
    base = _base(ctx, policy, current, configuration.get("Cooldown", _COOLDOWN_S), at, out=out)
    if base is None:
        return None
    desired = decisions.stepped(configuration, base, difference)
    return Vote(policy["PolicyName"], alarm.name, asked if desired is None else desired, out, tracks=False)


def _base(
    ctx: Context, policy: Record, current: int, cooldown: float, at: datetime, *, out: bool
) -> int | None:
    """The capacity that a policy adjusts now; None while it has to wait."""
    last = policy.get("ScaledOut" if out else "ScaledIn")
    if last is None:
        return current
    since = (at - last["At"]).total_seconds()
    if since < max(_SHORTEST_REPEAT_S, ctx.clock.real(_REPEAT_S)):
        return None
    if since < ctx.clock.real(cooldown):
        return int(last["From"]) if out else None
    return current


def _follow(
    ctx: Context, target: Record, current: int, vote: Vote, alarms: Sequence[Raised], at: datetime
) -> None:
    desired = min(max(vote.desired, target["MinCapacity"]), target["MaxCapacity"])
    cause = f"monitor alarm {vote.alarm} in state ALARM triggered policy {vote.policy}"
    key = records.key(records.POLICY, {**target, "PolicyName": vote.policy})
    if desired == current:
        code = "AlreadyAtMaxCapacity" if vote.out else "AlreadyAtMinCapacity"
        since = next((alarm.since for alarm in alarms if alarm.name == vote.alarm), 0.0)
        told: dict[str, Any] = {"Alarm": vote.alarm, "Since": since}
        if (ctx.store.find(records.POLICY, key) or {}).get("NotScaled") != told:  # once for each alarm raised
            activities.not_scaled(ctx, target, current, cause, code)
            ctx.store.update(records.POLICY, key, NotScaled=told)
        return
    if activities.scale(ctx, target, desired, cause):
        ctx.store.update(
            records.POLICY, key, **{"ScaledOut" if vote.out else "ScaledIn": {"At": at, "From": current}}
        )
