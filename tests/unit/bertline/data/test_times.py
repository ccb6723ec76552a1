"""Times of the store: milliseconds, UTC, and what was written before the call is included."""

import pytest

from bertline.data import times
from bertline.errors import BadParameter

NOW = 1_795_514_400.12345  # 2026-11-24T10:00:00.123450Z


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("run", "run"),
        ("now", "2026-11-24T10:00:00.124Z"),
        ("2026-11-24T09:00:00Z", "2026-11-24T09:00:00.000Z"),
        ("2026-11-24T09:00:00", "2026-11-24T09:00:00.000Z"),
        ("2026-11-24T11:00:00+02:00", "2026-11-24T09:00:00.000Z"),
        ("2026-11-24T09:00:00.0001Z", "2026-11-24T09:00:00.001Z"),
        ("2026-11-24T09:00:00.001Z", "2026-11-24T09:00:00.001Z"),
        ("2026-11-24", "2026-11-24T00:00:00.000Z"),
    ],
)
def test_a_time_becomes_utc_with_milliseconds(given: str, value: str) -> None:
    assert times.as_of(given, NOW) == value


def test_now_includes_what_was_written_before() -> None:
    for step in range(2000):
        moment = NOW + step / 7919
        written = float(times.written(times.event_time(moment)))
        assert times.shown(written) <= times.as_of("now", moment)
        assert written <= moment


@pytest.mark.parametrize("wrong", ["yesterday", "", "10:00", "2026-13-01"])
def test_what_is_no_time_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(BadParameter, match="give now, run, or for example 2026-11-24T10:00:00Z"):
        times.as_of(wrong, NOW)


def test_the_future_is_refused() -> None:
    with pytest.raises(BadParameter, match=r"in the future: it is 2026-11-24T10:00:00\.124Z now"):
        times.as_of("2026-11-24T10:00:01Z", NOW)
