"""How CloudWatch judges an alarm: M of N datapoints, and what the missing ones among them count."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ALARM, OK, UNKNOWN = "ALARM", "OK", "INSUFFICIENT_DATA"
# CloudWatch looks at a few periods more than it evaluates, so that a late datapoint is not a missing one.
EXTRA_PERIODS = 2
_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


@dataclass(frozen=True)
class Datapoint:
    """The statistic of one period, which ended `age` periods ago; None when there were no samples."""

    age: int
    at: datetime
    value: float | None


@dataclass(frozen=True)
class Verdict:
    """The state an alarm should have, and why."""

    state: str
    reason: str
    data: str


def fills_gaps(alarm: Mapping[str, Any]) -> bool:
    """Whether missing datapoints count as good or bad, so that the alarm has a state without any metric."""
    return alarm.get("TreatMissingData") in ("breaching", "notBreaching")


def can_judge(alarm: Mapping[str, Any]) -> bool:
    """Whether an alarm is one on a single metric against a fixed threshold."""
    return (
        bool(alarm.get("Namespace") and alarm.get("MetricName")) and alarm.get("ComparisonOperator") in _WORDS
    )


def periods(alarm: Mapping[str, Any]) -> int:
    """How many datapoints the judgement of an alarm needs."""
    return int(alarm.get("EvaluationPeriods", 1)) + EXTRA_PERIODS


def judge(alarm: Mapping[str, Any], datapoints: Sequence[Datapoint], now: datetime) -> Verdict:
    """The state of an alarm.

    Parameters
    ----------
    alarm
        As PutMetricAlarm takes it, with its `StateValue`.
    datapoints
        Of the last `periods`, the oldest first.
    """
    wanted = int(alarm.get("EvaluationPeriods", 1))
    present = [one for one in datapoints if one.value is not None][-wanted:]
    state = _state(alarm, present, wanted)
    return Verdict(state, _reason(alarm, present, state), _data(alarm, present, now))


def breaches(alarm: Mapping[str, Any], value: float) -> bool:
    """Whether a value is on the wrong side of an alarm's threshold."""
    threshold = float(alarm["Threshold"])
    sides = {
        "GreaterThanOrEqualToThreshold": value >= threshold,
        "GreaterThanThreshold": value > threshold,
        "LessThanThreshold": value < threshold,
        "LessThanOrEqualToThreshold": value <= threshold,
    }
    return sides[alarm["ComparisonOperator"]]


def _state(alarm: Mapping[str, Any], present: Sequence[Datapoint], wanted: int) -> str:
    needed = int(alarm.get("DatapointsToAlarm") or wanted)
    wrong = [one for one in present if one.value is not None and breaches(alarm, one.value)]
    missing = wanted - len(present)
    if len(wrong) >= needed:
        return ALARM
    if not missing:
        return OK
    treat = alarm.get("TreatMissingData") or "missing"
    if treat == "breaching":
        return ALARM if len(wrong) + missing >= needed else OK
    if treat == "notBreaching":
        return OK
    if treat == "missing" and not present:
        return UNKNOWN
    all_wrong = bool(present) and len(wrong) == len(present)
    if treat == "missing" and all_wrong and wrong[0].age >= needed - 1:
        return ALARM  # only what is missing could have spoken against it
    if len(present) > len(wrong):
        return OK  # what is there is judged as it is, and it is not enough for an alarm
    return str(alarm.get("StateValue", UNKNOWN))


def _reason(alarm: Mapping[str, Any], present: Sequence[Datapoint], state: str) -> str:
    if not present:
        return _reason_without_data(int(alarm.get("EvaluationPeriods", 1)), state)
    values = ", ".join(f"{one.value} ({one.at:%d/%m/%y %H:%M:%S})" for one in present)
    count, verb = _counted(len(present)).rsplit(" ", 1)
    negation = "" if state == ALARM else "not "
    side = f"{negation}{_WORDS[alarm['ComparisonOperator']]} the threshold ({float(alarm['Threshold'])})"
    return f"Threshold Crossed: {count} [{values}] {verb} {side}."


def _reason_without_data(count: int, state: str) -> str:
    if state not in (OK, ALARM):
        return f"Insufficient Data: {_counted(count)} unknown."
    periods_, missing = (
        ("1 period", "1 missing datapoint was")
        if count == 1
        else (
            f"{count} periods",
            f"{count} missing datapoints were",
        )
    )
    treated = "Breaching" if state == ALARM else "NonBreaching"
    return (
        f"Threshold Crossed: no datapoints were received for {periods_} and {missing} treated as [{treated}]."
    )


def _counted(count: int) -> str:
    return "1 datapoint was" if count == 1 else f"{count} datapoints were"


def _data(alarm: Mapping[str, Any], present: Sequence[Datapoint], now: datetime) -> str:
    document = {
        "version": "1.0",
        "queryDate": _iso(now),
        "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average"),
        "period": int(alarm.get("Period", 60)),
        "recentDatapoints": [one.value for one in present],
        "threshold": float(alarm["Threshold"]),
        "evaluatedDatapoints": [{"timestamp": _iso(one.at), "value": one.value} for one in reversed(present)],
    }
    return json.dumps(document, separators=(",", ":"))


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"
