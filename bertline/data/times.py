"""Times of the Feature Store: UTC, with milliseconds, as the service keeps them."""

import math
import time
from datetime import UTC, datetime

from bertline.errors import BadParameter

RUN = "run"  # the value of FeaturesAsOf that means the features of the run itself


def event_time(now: float | None = None) -> float:
    """The event time of a record written now, in UNIX seconds; not later than the moment of writing."""
    return math.floor((time.time() if now is None else now) * 1000) / 1000


def written(seconds: float) -> str:
    """An event time as a feature of type Fractional holds it."""
    return f"{seconds:.3f}"


def as_of(text: str, now: float | None = None) -> str:
    """The value of FeaturesAsOf for what a user gave.

    Parameters
    ----------
    text
        `now`, `run`, or an ISO 8601 time; one without an offset is in UTC.
    now
        UNIX seconds; the clock if left out.

    Returns
    -------
    str
        `run`, or UTC with milliseconds such as 2026-11-24T10:00:00.000Z, rounded up: what was written before
        the call is included.

    Raises
    ------
    BadParameter
        It is no time, or lies in the future: what the store will hold then is not known.
    """
    if text == RUN:
        return RUN
    present = math.ceil((time.time() if now is None else now) * 1000) / 1000
    seconds = present if text == "now" else _seconds(text)
    if seconds > present:
        raise BadParameter(f"--as-of {text} lies in the future: it is {shown(present)} now")
    return shown(seconds)


def shown(seconds: float) -> str:
    """A time in UNIX seconds as ISO 8601 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadParameter(
            f"--as-of {text!r} is no time: give now, run, or for example 2026-11-24T10:00:00Z"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return math.ceil(round(moment.timestamp() * 1_000_000) / 1000) / 1000
