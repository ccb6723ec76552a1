"""A review's features as a record of the feature group, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

RECORD_IDENTIFIER, EVENT_TIME = "review_id", "event_time"

Record = list[dict[str, str]]


def _integers(values: Iterable[int]) -> str:
    """A compact JSON list."""
    return f"[{','.join(map(str, values))}]"


def _seconds(value: float) -> str:
    return repr(float(value))


# How each feature that a row brings is written as text.
_WRITE: dict[str, Callable[[Any], str]] = {
    "review_id": str,
    "event_time": _seconds,
    "review_body": str,
    "source": str,
    "label": str,
    "label_id": str,
    "input_ids": _integers,
    "attention_mask": _integers,
    "length": str,
    "split": str,
    "group_id": str,
    "split_key": str,
    "attributes": str,
}
FEATURES = (*_WRITE, "features_version", "record_hash")
# Another split of the same review is not another record.
_HASHED = tuple(name for name in FEATURES if name not in ("split", "record_hash"))


def record_of(row: dict[str, Any], features_version: str) -> Record:
    """One row of features as the record of the feature group; lists become JSON text.

    Parameters
    ----------
    row
        The columns of ``features.SCHEMA``.
    features_version
        What the token ids were made with: tokenizer, length and truncation.
    """
    values = {name: write(row[name]) for name, write in _WRITE.items()}
    values["features_version"] = features_version
    values["record_hash"] = _hash(values)
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


def values_of(record: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The values of a record by feature name."""
    return {item["FeatureName"]: item.get("ValueAsString", "") for item in record}


def corrected(record: Record, label: str, label_id: int, event_time: float) -> Record:
    """The event that corrects a label: all else, the source's record_hash too, stays as it was written.

    Raises
    ------
    ValueError
        The correction is not later than what it corrects.
    """
    values = values_of(record)
    if event_time <= float(values["event_time"]):
        raise ValueError(f"review {values['review_id']}: a correction must be later than its event")
    values |= {"label": label, "label_id": str(label_id), "event_time": _seconds(event_time)}
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


def _hash(values: dict[str, str]) -> str:
    """32 hex digits over all values but the split."""
    joined = "\0".join(values[name] for name in _HASHED)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:32]
