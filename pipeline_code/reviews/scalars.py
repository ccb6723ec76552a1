"""Numbers and times out of the loose values of raw files."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)  # fixed: with "now" as bound, a run could not be repeated
_BASIC_DATE = re.compile(r"[0-9]{8}")


def number_of(value: object) -> float | None:
    """A finite number, also when it is spelled out as text; anything else is None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, str) and "_" in value:  # Python's spelling of numbers, nobody else's
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def text_of(value: object) -> str:
    """A value as text, the same from every format: 1, 1.0 and "1" are "1", a missing value is ""."""
    if value is None or (isinstance(value, float) and math.isnan(value)):  # a missing value of pandas
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value).strip()


def shown(value: object) -> str:
    """A value for a fault's detail, short; of a nested one only its type."""
    return f"a {type(value).__name__}" if isinstance(value, dict | list) else repr(str(value)[:40])


def seconds_of(value: object) -> float | None:
    """UNIX seconds of a date, a time or a number of seconds, if it lies in [EARLIEST, LATEST).

    Eight digits as text are a date (ISO 8601 basic), any other plain number is UNIX seconds. The bounds
    keep out milliseconds and years, which would pass as seconds. A time without zone is UTC.
    """
    seconds = _seconds(value)
    if seconds is None or not EARLIEST.timestamp() <= seconds < LATEST.timestamp():
        return None
    return seconds


def _seconds(value: object) -> float | None:
    if isinstance(value, str):
        value = _from_text(value.strip())
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return number_of(value)


def _from_text(text: str) -> object:
    """The date or time that an ISO 8601 text means, else the number that it spells, else None."""
    number = number_of(text)
    if number is not None and not _BASIC_DATE.fullmatch(text):
        return number  # Python would find a date and an hour in 13 digits of milliseconds
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return number
