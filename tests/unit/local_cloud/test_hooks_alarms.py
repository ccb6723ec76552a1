"""The contract of the alarm hook: CloudWatch judges through it, by exactly the metric that an alarm names."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local_cloud import hooks_alarms
from local_cloud.clock import Clock

cloudwatch = pytest.importorskip("ministack.services.cloudwatch")
from ministack.core import responses  # noqa: E402

ACCOUNT, REGION = "111122223333", "eu-north-1"


class Loop:
    """Keeps what is to be called later; the test calls it."""

    def __init__(self) -> None:
        self.later: list[tuple[float, Any]] = []

    def call_later(self, delay: float, function: Any) -> None:
        self.later.append((delay, function))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """The transitions whose actions were run: (alarm, new state)."""
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(cloudwatch, "_evaluate_alarm", cloudwatch._evaluate_alarm)
    for name in ("_put_metric_alarm", "cloudformation_put_metric_alarm"):
        monkeypatch.setattr(cloudwatch, name, getattr(cloudwatch, name))
    monkeypatch.setattr(
        cloudwatch,
        "_dispatch_alarm_actions",
        lambda alarm, old, new, reason: seen.append((alarm["AlarmName"], new)),
    )
    with responses.request_scope(ACCOUNT, REGION):
        yield seen
        for table in (cloudwatch._metrics, cloudwatch._alarms, cloudwatch._composite_alarms):
            for key in list(table):
                del table[key]


def install(speed: float = 1.0) -> Loop:
    loop = Loop()
    hooks_alarms.install(Clock(speed), loop)  # type: ignore[arg-type]
    return loop


def put_alarm(variant: str, **changes: Any) -> None:
    alarm = {
        "AlarmName": variant,
        "Namespace": "AWS/SageMaker",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "VariantName", "Value": variant}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 2.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **changes,
    }
    cloudwatch._put_metric_alarm({}, alarm, False, is_json=True)


def put(variant: str, value: float, seconds_ago: float = 0.0) -> None:
    datum = {
        "MetricName": "Errors",
        "Dimensions": [{"Name": "VariantName", "Value": variant}],
        "Value": value,
        "Timestamp": time.time() - seconds_ago,
    }
    cloudwatch._put_metric_data(
        {}, {"Namespace": "AWS/SageMaker", "MetricData": [datum]}, False, is_json=True
    )


def state(name: str) -> str:
    return str(cloudwatch._alarms[name]["StateValue"])


def test_metrics_of_other_dimensions_do_not_count(told: list[tuple[str, str]]) -> None:
    install()
    put_alarm("a"), put_alarm("b")
    put("a", 3.0)
    assert (state("a"), state("b")) == ("ALARM", "INSUFFICIENT_DATA")
    assert told == [("a", "ALARM")]
    assert json.loads(cloudwatch._alarms["a"]["StateReasonData"])["recentDatapoints"] == [3.0]
    put("a", 0.0)
    assert state("a") == "ALARM"  # the sum of the period is still 3


def test_a_state_that_was_set_stays_while_there_is_no_metric(told: list[tuple[str, str]]) -> None:
    loop = install()
    put_alarm("a")
    given = {"AlarmName": "a", "StateValue": "ALARM", "StateReason": "a test"}
    cloudwatch._set_alarm_state({}, given, False, is_json=True)
    loop.later[0][1]()
    assert state("a") == "ALARM"


@pytest.mark.parametrize(("treat", "expected"), [("breaching", "ALARM"), ("notBreaching", "OK")])
def test_a_metric_without_any_value_counts_as_its_alarm_says(
    told: list[tuple[str, str]], treat: str, expected: str
) -> None:
    loop = install()
    put_alarm("a", TreatMissingData=treat)
    loop.later[0][1]()
    assert state("a") == expected


def test_alarms_of_an_earlier_server_are_looked_at_and_one_that_breaks_stops_nothing(
    told: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put_alarm("a", TreatMissingData="breaching")  # nothing is judged before the hook is there
    cloudwatch._alarms["a"]["StateValue"] = "OK"
    loop = install()
    loop.later[0][1]()
    assert state("a") == "ALARM"
    monkeypatch.setattr(cloudwatch, "_evaluate_all_alarms", lambda: 1 / 0)
    loop.later[1][1]()
    assert f"alarms of {ACCOUNT}, {REGION}" in caplog.text
    assert len(loop.later) == 3


def test_statistics_that_are_no_percentile_are_refused(told: list[tuple[str, str]]) -> None:
    install()
    asked = {"AlarmName": "trimmed", "Namespace": "N", "MetricName": "M", "EvaluationPeriods": 1}
    for statistic, expected in (("tm99", 400), ("p99", 200)):
        given = {**asked, "ExtendedStatistic": statistic, "ComparisonOperator": "GreaterThanThreshold"}
        status, _, body = cloudwatch._put_metric_alarm({}, given, False, is_json=True)
        assert status == expected, body
    refused = cloudwatch._put_metric_alarm({"ExtendedStatistic": ["tm99"]}, {}, False)
    assert (refused[0], b"tm99" in refused[2]) == (400, True)
    with pytest.raises(ValueError, match="not the ExtendedStatistic tm99"):
        cloudwatch.cloudformation_put_metric_alarm({"AlarmName": "trimmed", "ExtendedStatistic": "tm99"})


def test_it_looks_again_as_time_passes(told: list[tuple[str, str]]) -> None:
    loop = install(speed=10)
    put_alarm("a")
    put("a", 3.0)
    ((delay, look_again),) = loop.later
    assert delay == 1.0
    for point in cloudwatch._metrics[("AWS/SageMaker", "Errors", "VariantName=a")]:
        point["Timestamp"] -= 600
    look_again()
    assert state("a") == "INSUFFICIENT_DATA"
    assert len(loop.later) == 2


def test_periods_are_shorter_on_a_fast_clock_and_sums_are_still_of_a_period(
    told: list[tuple[str, str]],
) -> None:
    install(speed=30)  # a period lasts two seconds
    put_alarm("a", EvaluationPeriods=2, Threshold=50.0)
    put("a", 2.0, seconds_ago=0.5)
    assert state("a") == "INSUFFICIENT_DATA"
    put("a", 2.0, seconds_ago=2.5)
    assert state("a") == "ALARM"  # 2 in two seconds are 60 a minute
    data = json.loads(cloudwatch._alarms["a"]["StateReasonData"])
    assert data["recentDatapoints"] == [60.0, 60.0]


def test_alarms_on_metric_math_are_refused(told: list[tuple[str, str]]) -> None:
    install()
    asked = {"AlarmName": "math", "Metrics": [{"Id": "e1", "Expression": "a/b"}], "EvaluationPeriods": 1}
    status, _, body = cloudwatch._put_metric_alarm({}, asked, False, is_json=True)
    assert (status, "metric math" in body.decode()) == (400, True)
    assert "math" not in cloudwatch._alarms
    action = asyncio.run(
        cloudwatch.handle_request(
            "POST",
            "/",
            {"x-amz-target": "GraniteServiceVersion20100801.PutMetricAlarm"},
            json.dumps(asked).encode(),
            {},
        )
    )
    assert action[0] == 400


def test_an_old_sample_that_comes_late_does_not_hide_the_new_ones(told: list[tuple[str, str]]) -> None:
    install()
    put_alarm("a")
    for _ in range(3):
        put("a", 1.0)
    put("a", 9.0, seconds_ago=7200)
    assert state("a") == "ALARM"
    assert json.loads(cloudwatch._alarms["a"]["StateReasonData"])["recentDatapoints"] == [3.0]


def test_old_points_are_not_counted_and_late_ones_are(told: list[tuple[str, str]]) -> None:
    install()
    put_alarm("a")
    put("a", 3.0)
    for _ in range(50):
        put("a", 5.0, seconds_ago=3600)
    assert json.loads(cloudwatch._alarms["a"]["StateReasonData"])["recentDatapoints"] == [3.0]
    assert state("a") == "ALARM"


def test_a_composite_alarm_follows_its_alarms(told: list[tuple[str, str]]) -> None:
    install()
    put_alarm("a"), put_alarm("b")
    rule = {"AlarmName": "both", "AlarmRule": "ALARM(a) AND ALARM(b)"}
    cloudwatch._put_composite_alarm({}, rule, False, is_json=True)
    put("a", 3.0)
    assert cloudwatch._composite_alarms["both"]["StateValue"] == "OK"
    put("b", 3.0)
    assert cloudwatch._composite_alarms["both"]["StateValue"] == "ALARM"
    assert told[-1] == ("both", "ALARM")
