"""Schedules of scheduled actions: ``at(...)``, ``rate(...)`` and ``cron(...)``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_NAMES = ((), (), (), _MONTHS, _DAYS, ())
_DAY, _WEEKDAY = 2, 4
_MOMENT = "%Y-%m-%dT%H:%M:%S"
# A server that has slept for longer does not catch up minute by minute.
_FURTHEST_BACK = timedelta(days=1)


@dataclass(frozen=True)
class Schedule:
    """When something is due: once, every so many seconds, or in minutes that match."""

    moment: datetime | None = None
    every_s: int = 0
    fields: tuple[frozenset[int], ...] = ()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    @property
    def once(self) -> bool:
        """Whether it is due a single time."""
        return self.moment is not None

    def due(self, since: datetime, at: datetime, speed: float = 1.0) -> bool:
        """Whether a time of the schedule lies after `since` and not after `at`."""
        if self.moment is not None:
            return since < self.moment <= at
        if self.every_s:
            return (at - since).total_seconds() >= self.every_s / speed
        minute = max(since, at - _FURTHEST_BACK).replace(second=0, microsecond=0) + timedelta(minutes=1)
        while minute <= at:
            if self._matches(minute.astimezone(self.zone)):
                return True
            minute += timedelta(minutes=1)
        return False

    def _matches(self, at: datetime) -> bool:
        weekday = at.isoweekday() % 7 + 1  # Sunday is 1
        values = (at.minute, at.hour, at.day, at.month, weekday, at.year)
        return all(value in allowed for value, allowed in zip(values, self.fields, strict=True))


def parse(text: str, zone: ZoneInfo) -> Schedule:
    """The schedule of an expression; `zone` is that of ``at`` and ``cron``.

    Raises
    ------
    ValueError
        The expression cannot be read, or uses what is not known here (L, W and #).
    """
    matched = re.fullmatch(r"(at|rate|cron)\((.*)\)", text.strip())
    if matched is None:
        raise ValueError("it must be at(...), rate(...) or cron(...)")
    kind, inside = matched.groups()
    if kind == "at":
        moment = datetime.strptime(inside.strip(), _MOMENT).replace(tzinfo=zone)
        return Schedule(moment=moment.astimezone(UTC))
    if kind == "rate":
        return Schedule(every_s=_rate(inside))
    parts = inside.split()
    if len(parts) != len(_RANGES):
        raise ValueError(f"cron has {len(_RANGES)} fields, got {len(parts)}")
    if [at for at, part in enumerate(parts) if part == "?"] not in ([_DAY], [_WEEKDAY]):
        raise ValueError("exactly one of day-of-month and day-of-week, and no other field, must be ?")
    return Schedule(fields=tuple(_field(part.upper(), at) for at, part in enumerate(parts)), zone=zone)


def _rate(text: str) -> int:
    matched = re.fullmatch(r"([1-9]\d*) (minute|hour|day)s?", text.strip())
    if matched is None:
        raise ValueError("a rate is like rate(5 minutes)")
    return int(matched[1]) * _UNITS[matched[2]]


def _field(text: str, at: int) -> frozenset[int]:
    least, most = _RANGES[at]
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = least, most
        else:
            lower, _, upper = span.partition("-")
            first = _number(lower, at)
            last = _number(upper, at) if upper else (most if step else first)
        if not least <= first <= last <= most or (step and not step.isdigit()) or step == "0":
            raise ValueError(f"'{part}' is not between {least} and {most}")
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, at: int) -> int:
    if text in _NAMES[at]:
        return _NAMES[at].index(text) + 1
    if not text.isdigit():
        raise ValueError(f"'{text}' is no number")
    return int(text)
