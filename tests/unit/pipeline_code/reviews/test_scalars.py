from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipeline_code.reviews.scalars import number_of, seconds_of, shown, text_of

DAY = datetime(2024, 6, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20240601", DAY),
        ("2024-06-01", DAY),
        (" 2024-06-01 ", DAY),
        ("20240601T123000Z", DAY + 45_000),
        ("2024-06-01T12:30:00", DAY + 45_000),
        ("2024-06-01 12:30:00+02:00", DAY + 37_800),
        (date(2024, 6, 1), DAY),
        (datetime(2024, 6, 1, 12, 30), DAY + 45_000),
        ("1717200000", DAY),
        ("1717200000.5", DAY + 0.5),
        (1717200000, DAY),
        (1717200000.5, DAY + 0.5),
        ("1990-01-01", 631_152_000.0),
        ("2099-12-31T23:59:59Z", 4_102_444_799.0),
    ],
)
def test_dates_and_times_become_unix_seconds(value: object, expected: float) -> None:
    assert seconds_of(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "2024",
        2024,
        20240601,
        "20241301",
        1717200000000,
        "1717200000000",
        "2012010112345",  # milliseconds of the year 2033, not the first of January 2012
        "1989-12-31",
        "2100-01-01",
        "0001-01-01T00:00:00+14:00",
        date(1970, 1, 1),
        "",
        "soon",
        "inf",
        True,
        None,
        10**400,
        [1717200000],
    ],
)
def test_what_is_no_time_of_a_review_is_not_guessed(value: object) -> None:
    assert seconds_of(value) is None


@pytest.mark.parametrize(
    ("value", "expected"), [("4", 4.0), (4, 4.0), (True, None), ("nan", None), (10**400, None), ([4], None)]
)
def test_numbers_are_finite(value: object, expected: float | None) -> None:
    assert number_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (1.0, "1"),
        (Decimal("1.00"), "1"),
        (" 1 ", "1"),
        (1.5, "1.5"),
        (True, "true"),
        (None, ""),
        (float("nan"), ""),
        (float("inf"), "inf"),
        ({"b": 1, "a": "\u00fc"}, '{"a": "\u00fc", "b": 1}'),
    ],
)
def test_a_value_is_the_same_text_whatever_its_type(value: object, expected: str) -> None:
    assert text_of(value) == expected


def test_decimals_are_numbers_and_underscores_are_not() -> None:
    assert number_of(Decimal("4.5")) == 4.5
    assert number_of(Decimal("NaN")) is None
    assert number_of("1_0") is None


def test_what_is_shown_of_a_value_is_short() -> None:
    assert shown([1] * 1000) == "a list"
    assert len(shown("x" * 1000)) < 50
