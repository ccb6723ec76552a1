"""Schedules are due when they say, in their time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from local_cloud.autoscaling.times import parse

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("expression", "zone", "due"),
    [
        ("cron(0 18 * * ? *)", "UTC", datetime(2026, 3, 4, 18, 0, tzinfo=UTC)),
        ("cron(0 18 * * ? *)", "Europe/Berlin", datetime(2026, 3, 4, 17, 0, tzinfo=UTC)),
        ("cron(*/15 9-17 ? * MON-FRI *)", "UTC", datetime(2026, 3, 4, 9, 45, tzinfo=UTC)),
        ("cron(30 6 1 JAN,MAR ? 2026)", "UTC", datetime(2026, 3, 1, 6, 30, tzinfo=UTC)),
        ("cron(0 0 ? * SUN *)", "UTC", datetime(2026, 3, 8, 0, 0, tzinfo=UTC)),
    ],
)
def test_cron_is_due_in_the_minutes_that_match(expression: str, zone: str, due: datetime) -> None:
    schedule = parse(expression, ZoneInfo(zone))
    assert schedule.due(due - MINUTE, due)
    assert schedule.due(due - 10 * MINUTE, due + 5 * MINUTE)
    assert not schedule.due(due, due + MINUTE)


def test_at_is_due_once_in_its_zone() -> None:
    schedule = parse("at(2026-03-04T12:00:00)", ZoneInfo("America/New_York"))
    noon = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
    assert schedule.once
    assert not schedule.due(noon - MINUTE, noon - timedelta(seconds=1))
    assert schedule.due(noon - MINUTE, noon)


def test_a_fast_clock_shortens_rates_and_nothing_else() -> None:
    at = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    rate = parse("rate(2 hours)", ZoneInfo("UTC"))
    assert not rate.due(at, at + timedelta(minutes=2), speed=1)
    assert rate.due(at, at + timedelta(minutes=2), speed=60)
    assert not parse("cron(0 18 * * ? *)", ZoneInfo("UTC")).due(at, at + MINUTE, speed=10_000)


@pytest.mark.parametrize(
    "expression",
    [
        "cron(60 * * * ? *)",
        "cron(0 0 L * ? *)",
        "cron(0 0 ? * 2#1 *)",
        "cron(0 18 * * * *)",
        "cron(0 18 ? * ? *)",
        "cron(? 18 ? * MON *)",
        "at(2026-03-04)",
        "at(2026-03-04T12:00:00Z)",
        "rate(0 days)",
        "rate(1 week)",
        "at(noon)",
    ],
)
def test_what_is_not_known_cannot_be_read(expression: str) -> None:
    with pytest.raises(ValueError):
        parse(expression, ZoneInfo("UTC"))
