"""Whether the online and the offline store hold the same latest records, for a sample of reviews."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bertline.data.athena import TABLE, Result, literal
from bertline.data.records import OnlineStore, Record
from bertline.errors import BadQuery

DELAY = 15 * 60.0  # seconds after which AWS promises that an event is in the offline store
ABSENT = "(no record)"
LARGEST_SAMPLE = 1000
_CONVERTERS: dict[str, Callable[[str], Any]] = {"Integral": int, "Fractional": float, "String": str}


@dataclass(frozen=True)
class Difference:
    """A feature of a review that differs; `age` is that of the latest event known of it, in seconds."""

    review_id: str
    feature: str
    offline: str
    online: str
    age: float

    @property
    def expected(self) -> bool:
        """Whether the event is younger than the offline store's delay."""
        return self.age < DELAY


@dataclass(frozen=True)
class Checked:
    """How many reviews were compared, and what differs."""

    reviews: int
    differences: list[Difference]


@dataclass(frozen=True)
class Offline:
    """The latest offline event of a review: its values, and when the service took it, in UNIX seconds."""

    values: dict[str, str | None]
    deleted: bool
    taken: float


def query(types: Mapping[str, str], sample: int, ids: Sequence[str] = ()) -> str:
    """SQL for the latest event of each review: of those named, or of a random sample.

    Raises
    ------
    BadQuery
        More reviews are asked for than the check is made for.
    """
    if not 1 <= max(sample, len(ids)) <= LARGEST_SAMPLE:
        raise BadQuery(f"a check compares 1 to {LARGEST_SAMPLE} reviews, not {max(sample, len(ids))}")
    names = ", ".join(f'"{name}"' for name in types)
    wanted = f" AND review_id IN ({', '.join(literal(one) for one in ids)})" if ids else ""
    some = "" if ids else f" ORDER BY random() LIMIT {sample}"
    newest = "event_time DESC, api_invocation_time DESC, write_time DESC"
    return (
        f"SELECT {names}, is_deleted, api_invocation_time FROM ("  # noqa: S608 - ids are quoted
        f"SELECT *, ROW_NUMBER() OVER (PARTITION BY review_id ORDER BY {newest}) AS place FROM {TABLE}"
        f") AS events WHERE place = 1{wanted}{some}"
    )


def latest(result: Result) -> dict[str, Offline]:
    """The offline events of a result of `query`, by review id."""
    names = [column.name for column in result.columns]
    found: dict[str, Offline] = {}
    for row in result.rows:
        values = dict(zip(names, row, strict=True))
        deleted = (values.pop("is_deleted") or "").lower() == "true"
        taken = _moment(values.pop("api_invocation_time") or "")
        found[str(values["review_id"])] = Offline(values, deleted, taken)
    return found


def compare(
    offline: Mapping[str, Offline],
    store: OnlineStore,
    types: Mapping[str, str],
    ids: Sequence[str] = (),
    now: float | None = None,
) -> Checked:
    """Compare the latest events of both stores, of the reviews found offline and of those named.

    Parameters
    ----------
    types
        Feature types (String, Integral, Fractional) by name; each value is compared as its type.
    now
        UNIX seconds; the clock if left out.
    """
    present = time.time() if now is None else now
    wanted = sorted({*offline, *ids})
    online = {record["review_id"]: record for record in store.read(wanted)}
    found: list[Difference] = []
    for review_id in wanted:
        one, other = offline.get(review_id), online.get(review_id)
        age = present - _latest_known(one, other, present)
        found += (
            Difference(review_id, feature, told, held, age)
            for feature, told, held in _differing(one, other, types)
        )
    return Checked(len(wanted), found)


def _differing(
    offline: Offline | None, online: Record | None, types: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Feature, offline value and online value of what differs."""
    held = None if offline is None or offline.deleted else offline.values
    if held is None and online is None:
        return
    if held is None or online is None:
        absent = "(deleted)" if offline is not None and offline.deleted else ABSENT
        yield "record", "present" if held else absent, "present" if online else ABSENT
        return
    for name, kind in types.items():
        convert = _CONVERTERS[kind]
        pair = held.get(name), online.get(name)
        one, other = (None if value is None else convert(value) for value in pair)
        if one != other:
            yield name, str(pair[0]), str(pair[1])


def _latest_known(offline: Offline | None, online: Record | None, now: float) -> float:
    """When the latest event came, as far as it shows: event times of reviews may lie long before."""
    times = [offline.taken] if offline is not None else []
    if online is not None and (event := float(online["event_time"])) <= now:
        times.append(event)
    return max(times, default=0.0)


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        raise BadQuery(f"api_invocation_time {text!r} of the offline store is no time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
