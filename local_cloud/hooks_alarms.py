"""Where alarms touch the emulator's CloudWatch: its way to judge them is replaced by that of AWS."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from local_cloud import alarms
from local_cloud.alarms import Datapoint, Verdict
from local_cloud.clock import Clock
from local_cloud.marks import is_marked, mark

_EVERY_S, _SHORTEST_EVERY_S = 10.0, 0.5
# Metrics come in once a second at most: shorter periods would be empty now and then.
_SHORTEST_PERIOD_S = 1.0
_RATES = ("Sum", "SampleCount")
_MANY = 1000
Point = dict[str, Any]
_log = logging.getLogger("local_cloud.alarms")


def install(clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
    """Judge alarms by their dimensions, periods and missing data, when metrics come in and as time passes.

    The emulator alone takes every metric of an alarm's name, whatever its dimensions, and never looks again.
    A clock that is sped up shortens periods, to a second at least; sums and counts are extrapolated to
    the period, so that a threshold per minute stays one.
    """
    from ministack.core import responses
    from ministack.services import cloudwatch

    def evaluate(alarm: dict[str, Any]) -> None:
        if not alarms.can_judge(alarm):
            return
        points = _points_of(alarm)
        if points or alarms.fills_gaps(alarm):
            _enter(alarm, alarms.judge(alarm, _datapoints(alarm, points, clock), datetime.now(UTC)))

    def look_again() -> None:
        # All scopes that have alarms, those of an earlier server included.
        for account, region in {key[:2] for key in list(cloudwatch._alarms._data)}:
            try:
                with responses.request_scope(account, region):
                    cloudwatch._evaluate_all_alarms()
            except Exception:  # noqa: BLE001 - the timer has to go on
                _log.exception("alarms of %s, %s", account, region)
        loop.call_later(pause, look_again)

    cloudwatch._evaluate_alarm = evaluate
    _refuse_what_is_never_judged()
    pause = max(_SHORTEST_EVERY_S, clock.real(_EVERY_S))
    loop.call_later(pause, look_again)


def _refuse_what_is_never_judged() -> None:
    """Refuse alarms on expressions and trimmed statistics: the emulator would keep them and judge wrongly."""
    from ministack.services import cloudwatch

    original, of_stacks = cloudwatch._put_metric_alarm, cloudwatch.cloudformation_put_metric_alarm
    if is_marked(original):
        return

    def unsupported(statistic: str | None) -> str:
        if not statistic or cloudwatch._is_percentile_stat(statistic):
            return ""
        return f"The local cloud evaluates percentiles (p99), not the ExtendedStatistic {statistic}."

    def put_of_stack(alarm: dict[str, Any]) -> None:
        if message := unsupported(alarm.get("ExtendedStatistic")):
            raise ValueError(message)
        of_stacks(alarm)

    def put(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        message = ""
        if data.get("Metrics") or "Metrics.member.1.Id" in params:
            message = "The local cloud does not evaluate alarms on metric math (Metrics)."
        message = message or unsupported(
            data.get("ExtendedStatistic") or cloudwatch._p(params, "ExtendedStatistic")
        )
        if message:
            return cloudwatch._error("ValidationError", message, 400, use_json=is_json, use_cbor=is_cbor)
        return original(params, data, is_cbor, is_json)

    mark(put)
    cloudwatch._put_metric_alarm, cloudwatch.cloudformation_put_metric_alarm = put, put_of_stack


def _points_of(alarm: dict[str, Any]) -> Sequence[Point]:
    """The samples of exactly the metric that an alarm names."""
    from ministack.services import cloudwatch

    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    points: Sequence[Point] = cloudwatch._metrics.get(
        (alarm["Namespace"], alarm["MetricName"], dimensions), []
    )
    unit = alarm.get("Unit")
    return [point for point in points if point["Unit"] == unit] if unit else points


def _datapoints(alarm: dict[str, Any], points: Sequence[Point], clock: Clock) -> list[Datapoint]:
    """The statistic of each of the last periods, counted back from now, the oldest first."""
    from ministack.services import cloudwatch

    period, now = float(alarm.get("Period", 60)), time.time()
    length = max(_SHORTEST_PERIOD_S, clock.real(period))
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    count = alarms.periods(alarm)
    parts: list[list[Point]] = [[] for _ in range(count)]
    old = 0
    for point in reversed(points):  # they are all but sorted: after many old ones there is nothing new
        age = int((now - point["Timestamp"]) // length)
        if -1 <= age < count:
            parts[max(age, 0)].append(point)
        old += age >= count
        if old > _MANY:
            break
    found = []
    for age in reversed(range(count)):
        value = cloudwatch._stat_value(cloudwatch._calc_stats(parts[age]), statistic, parts[age])
        if value is not None and statistic in _RATES:
            value *= period / length
        at = datetime.fromtimestamp(now - (age + 1) * length, UTC)
        found.append(Datapoint(age, at, value if parts[age] else None))
    return found


def _enter(alarm: dict[str, Any], verdict: Verdict) -> None:
    """Give an alarm its state; what hangs on a change of it (history, actions, composite alarms) follows."""
    from ministack.services import cloudwatch

    before, alarm["StateReasonData"] = alarm["StateValue"], verdict.data
    if verdict.state == before:
        return
    alarm["StateValue"], alarm["StateReason"] = verdict.state, verdict.reason
    alarm["StateUpdatedTimestamp"] = int(time.time())
    cloudwatch._record_history(alarm["AlarmName"], before, verdict.state, verdict.reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, verdict.state, verdict.reason)
    cloudwatch._evaluate_parent_alarms(alarm)
