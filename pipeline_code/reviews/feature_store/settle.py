"""Waiting until the offline store shows what the online store took: watched, never slept through blindly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline_code.reviews.feature_store.client import RuntimeClient
from pipeline_code.reviews.feature_store.errors import FeatureStoreError, StoreLagging
from pipeline_code.reviews.feature_store.group import Group
from pipeline_code.reviews.feature_store.offline_files import OfflineFile, OfflineFiles
from pipeline_code.reviews.feature_store.online import OnlineReader
from pipeline_code.reviews.feature_store.visibility import OfflineEvents, OnlineEvents

DELAY = 900.0  # seconds; AWS: a record is in the offline store within 15 minutes
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
_SKEW = 60.0


@dataclass(frozen=True)
class Settling:
    """What it took: seconds waited, and how many of the online store's events were looked for."""

    waited: float
    events: int


def settle(
    runtime: RuntimeClient,
    s3: Any,
    group: Group,
    ids: Iterable[str],
    as_of: float,
    scratch: Path,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Settling:
    """Return as soon as a snapshot as of `as_of` can no longer change through the store's delay.

    That is so 15 minutes after `as_of`. Before, it looks in the online store at `ids` and at all reviews of
    the offline store, and polls until their events, deletions too, are offline; it prints how far it is.

    Parameters
    ----------
    runtime, s3
        Feature Store runtime and S3.
    group
        The feature group.
    ids
        Reviews that may have been written shortly before.
    as_of
        UNIX seconds.
    scratch
        An existing directory for files that are read.

    Raises
    ------
    StoreLagging
        15 minutes after `as_of` an event is still missing.
    FeatureStoreError
        `as_of` lies in the future, or a store cannot be read.
    """
    started = clock()
    if as_of > started + _SKEW:
        raise FeatureStoreError(f"features as of {_time(as_of)} do not exist yet: it is {_time(started)}")
    deadline, pause = as_of + DELAY, _FIRST_PAUSE
    if started >= deadline:
        return Settling(0.0, 0)
    reader = OnlineReader(runtime, group.name, ("event_time", "record_hash", "label_id"), sleep)
    online, offline = OnlineEvents(reader, as_of), OfflineEvents()
    files, seen = OfflineFiles(s3, group, scratch), set[str]()
    online.ask(ids)
    while True:
        new = [file for file in files.list(math.inf) if file.key not in seen]
        online.ask(_read(files, new, offline))
        seen.update(file.key for file in new)
        missing = online.missing(offline)
        now = clock()
        if not missing:
            return Settling(now - started, online.count)
        _report(group, online.count, len(missing), deadline, now)
        if now >= deadline:
            raise StoreLagging(
                f"feature group {group.name}: {len(missing)} of {online.count} events up to "
                f"{_time(as_of)} are not in the offline store after {DELAY / 60:.0f} minutes, first "
                f"review_id {missing[0]}. Run the step again, or look at the group's OfflineStoreStatus"
            )
        sleep(min(pause, deadline - now))
        pause = min(2 * pause, _LONGEST_PAUSE)


def _read(files: OfflineFiles, new: list[OfflineFile], offline: OfflineEvents) -> Iterator[str]:
    """Read files into `offline`; yield their review_ids."""
    for batch in files.batches(new, OfflineEvents.COLUMNS):
        offline.add(batch)
        yield from batch["review_id"].to_pylist()


def _report(group: Group, events: int, missing: int, deadline: float, now: float) -> None:
    left = max(deadline - now, 0.0)
    print(
        f"offline_store={group.name} visible={events - missing} of={events} at_most_seconds_left={left:.0f}",
        flush=True,
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
