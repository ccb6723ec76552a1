"""Corrected labels and deletions: new events in the Feature Store, which the next training run can see."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bertline.data import times
from bertline.data.records import OnlineStore, Record
from bertline.errors import BadCorrection
from bertline.spreadsheets import plain

COLUMNS = ("review_id", "label")
_SHOWN = 5


@dataclass(frozen=True)
class Corrected:
    """What came of a file of corrections."""

    written: int
    unchanged: int


def read(path: Path, classes: Mapping[str, int]) -> dict[str, str]:
    """Labels by review id, from a CSV file with the columns review_id and label; others are ignored.

    Raises
    ------
    BadCorrection
        The file cannot be read, a column or a value is missing, an id comes twice or a label is no class.
    """
    labels: dict[str, str] = {}
    for line, review_id, label in _rows(path):
        if not review_id or not label:
            raise BadCorrection(f"{path}: line {line}: review_id and label must both be filled")
        if label not in classes:
            known = ", ".join(classes)
            raise BadCorrection(f"{path}: line {line}: {label!r} is no class of the contract ({known})")
        if review_id in labels:
            raise BadCorrection(f"{path}: line {line}: review {review_id!r} comes a second time")
        labels[review_id] = label
    if not labels:
        raise BadCorrection(f"{path}: there is no correction in it")
    return labels


def correct(store: OnlineStore, labels: Mapping[str, str], classes: Mapping[str, int]) -> Corrected:
    """Write an event for every label that differs from the current one; its other values stay as they are.

    Raises
    ------
    BadCorrection
        A review has no record, or a record of a later time; nothing has been written.
    """
    now = times.event_time()
    current = _current(store, labels, now)
    changed = [review_id for review_id, label in labels.items() if current[review_id]["label"] != label]
    events = (_event(record, labels, classes, now) for record in store.read(changed))
    written = store.write(events)
    return Corrected(written, len(labels) - len(changed))


def delete(store: OnlineStore, ids: Sequence[str]) -> int:
    """Delete records softly and return how many; earlier events stay for `as_of` reads.

    Raises
    ------
    BadCorrection
        A review has no record, or a record of a later time; nothing has been deleted.
    """
    now = times.event_time()
    wanted = list(dict.fromkeys(ids))
    _current(store, wanted, now)
    for review_id in wanted:
        store.delete(review_id, times.written(now))
    return len(wanted)


def _current(store: OnlineStore, ids: Iterable[str], now: float) -> dict[str, Record]:
    """Label and event time of every review's record; refused unless an event of now would be its latest."""
    wanted = list(ids)
    found = {one["review_id"]: one for one in store.read(wanted, ("review_id", "event_time", "label"))}
    unknown = [review_id for review_id in wanted if review_id not in found]
    if unknown:
        raise BadCorrection(
            f"feature group {store.feature_group} has no record of {_some(unknown)}: nothing was written"
        )
    later = [review_id for review_id in wanted if float(found[review_id]["event_time"]) > now]
    if later:
        raise BadCorrection(
            f"the event time of {_some(later)} lies in the future, so an event of now would not count: "
            "nothing was written"
        )
    return found


def _event(record: Record, labels: Mapping[str, str], classes: Mapping[str, int], now: float) -> Record:
    label = labels[record["review_id"]]
    return {
        **record,
        "event_time": times.written(now),
        "label": label,
        "label_id": str(classes[label]),
    }


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream, strict=True)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise BadCorrection(f"{path}: there is no column {' and no column '.join(missing)}")
            for row in table:
                review_id, label = (plain((row[name] or "").strip()) for name in COLUMNS)
                yield table.line_num, review_id, label
    except OSError as error:
        raise BadCorrection(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadCorrection(f"{path} is no CSV file in UTF-8: {error}") from None


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(repr(one) for one in ids[:_SHOWN])
    return f"review {shown}" if len(ids) <= _SHOWN else f"{len(ids)} reviews, first {shown}"
