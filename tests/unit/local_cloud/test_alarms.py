"""An alarm is judged as CloudWatch documents it, missing datapoints included."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_cloud import alarms
from local_cloud.alarms import ALARM, OK, UNKNOWN, Datapoint

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def alarm(needed: int = 3, of: int = 3, **changes: Any) -> dict[str, Any]:
    return {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": of,
        "DatapointsToAlarm": needed,
        "Threshold": 10.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "StateValue": "RETAINED",
        **changes,
    }


def points(pattern: str) -> list[Datapoint]:
    """``"0 - X"``: the oldest first; 0 is fine, X is not, and - is missing."""
    values = {"0": 5.0, "X": 11.0, "-": None}
    signs = pattern.split()
    found = []
    for at, sign in enumerate(signs):
        age = len(signs) - 1 - at
        found.append(Datapoint(age, NOW - timedelta(minutes=age + 1), values[sign]))
    return found


# The table of the user guide for three out of three, in the order missing, ignore, breaching, notBreaching.
TABLE = {
    "0 - X - X": (OK, OK, OK, OK),
    "0 - - - -": (OK, OK, OK, OK),
    "- - - - -": (UNKNOWN, "RETAINED", ALARM, OK),
    "0 X X - X": (ALARM, ALARM, ALARM, ALARM),
    "- - X - -": (ALARM, "RETAINED", ALARM, OK),
}
# The same for two out of three.
TABLE_M_OF_N = {
    "0 - X - X": (ALARM, ALARM, ALARM, ALARM),
    "0 0 X 0 X": (ALARM, ALARM, ALARM, ALARM),
    "0 - X - -": (OK, OK, ALARM, OK),
    "- - - - 0": (OK, OK, ALARM, OK),
    "- - - X -": (ALARM, "RETAINED", ALARM, OK),
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


@pytest.mark.parametrize("pattern", TABLE)
@pytest.mark.parametrize("at", range(4))
def test_missing_datapoints_count_as_documented(pattern: str, at: int) -> None:
    judged = alarms.judge(alarm(TreatMissingData=TREATMENTS[at]), points(pattern), NOW)
    assert judged.state == TABLE[pattern][at]


@pytest.mark.parametrize("pattern", TABLE_M_OF_N)
@pytest.mark.parametrize("at", range(4))
def test_missing_datapoints_among_m_of_n_count_as_documented(pattern: str, at: int) -> None:
    judged = alarms.judge(alarm(2, 3, TreatMissingData=TREATMENTS[at]), points(pattern), NOW)
    assert judged.state == TABLE_M_OF_N[pattern][at]


def test_a_single_fresh_breach_is_no_alarm_of_three() -> None:
    assert alarms.judge(alarm(), points("- - - - X"), NOW).state == "RETAINED"
    assert alarms.judge(alarm(1, 1), points("- - X"), NOW).state == ALARM


@pytest.mark.parametrize(("pattern", "state"), [("X 0 X", ALARM), ("0 0 X", OK), ("X X 0", ALARM)])
def test_m_of_n_datapoints_make_an_alarm(pattern: str, state: str) -> None:
    assert alarms.judge(alarm(2, 3), points(pattern), NOW).state == state


@pytest.mark.parametrize(
    ("operator", "on_the_threshold"),
    [
        ("GreaterThanThreshold", False),
        ("GreaterThanOrEqualToThreshold", True),
        ("LessThanThreshold", False),
        ("LessThanOrEqualToThreshold", True),
    ],
)
def test_operators(operator: str, on_the_threshold: bool) -> None:
    judged = alarm(ComparisonOperator=operator)
    assert alarms.breaches(judged, 10.0) is on_the_threshold
    assert alarms.breaches(judged, 11.0) is operator.startswith("Greater")


def test_the_reason_and_its_data_name_values_and_threshold() -> None:
    judged = alarms.judge(alarm(1, 1), points("X"), NOW)
    assert judged.reason == (
        "Threshold Crossed: 1 datapoint [11.0 (04/03/26 11:59:00)] was greater than the threshold (10.0)."
    )
    data = json.loads(judged.data)
    assert (data["recentDatapoints"], data["threshold"], data["period"]) == ([11.0], 10.0, 60)
    nothing = alarms.judge(alarm(), points("- - -"), NOW)
    assert nothing.reason == "Insufficient Data: 3 datapoints were unknown."
    filled = alarms.judge(alarm(1, 1, TreatMissingData="notBreaching"), points("- - -"), NOW)
    assert filled.reason.endswith("for 1 period and 1 missing datapoint was treated as [NonBreaching].")
    fine = alarms.judge(alarm(2, 2), points("0 0"), NOW)
    assert "2 datapoints [5.0 " in fine.reason
    assert fine.reason.endswith("were not greater than the threshold (10.0).")


def test_only_alarms_on_one_metric_and_a_threshold_can_be_judged() -> None:
    assert alarms.can_judge(alarm())
    assert not alarms.can_judge(alarm(MetricName=None))
    assert not alarms.can_judge(alarm(ComparisonOperator="GreaterThanUpperThreshold"))
