"""A feature group in memory, for the jobs that write to it or train from it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.jobs import prepare
from pipeline_code.reviews.feature_store import Group
from pipeline_code.reviews.feature_store.records import corrected, values_of

COLUMNS = (
    "review_id",
    "group_id",
    "split_key",
    "review_body",
    "source",
    "label",
    "attributes",
    "features_version",
)


@dataclass
class FeatureGroup:
    """All events ever written, in order; `clock` is when the next ones arrive."""

    name: str = "reviews"
    clock: float = 1000.0
    events: list[tuple[float, list[dict[str, str]]]] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Let Prepare use it in place of the service."""
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setattr(prepare, "runtime_client", lambda: self)
        patch.setattr(prepare, "describe", lambda client, name: Group(name, "bucket", "prefix/"))
        patch.setattr(prepare, "settle", self._settle)
        patch.setattr(prepare, "snapshot", lambda s3, group, as_of, scratch: Held(self, as_of))

    def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.events += [(self.clock, entry["Record"]) for entry in Entries]
        return {"Errors": [], "UnprocessedEntries": []}

    def batch_get_record(self, *, Identifiers: list[dict[str, Any]]) -> dict[str, Any]:
        latest = self.latest(float("inf"))
        asked = Identifiers[0]["RecordIdentifiersValueAsString"]
        found = [
            {"FeatureGroupName": self.name, "RecordIdentifierValueAsString": name, "Record": latest[name]}
            for name in asked
            if name in latest
        ]
        return {"Records": found, "Errors": [], "UnprocessedIdentifiers": []}

    def correct(self, review_id: str, label: str, label_id: int) -> None:
        """A later event that gives a review another label."""
        record = self.latest(float("inf"))[review_id]
        at = float(values_of(record)["event_time"]) + 1
        self.events.append((self.clock, corrected(record, label, label_id, at)))

    def latest(self, as_of: float) -> dict[str, list[dict[str, str]]]:
        """The latest event of each review that had arrived."""
        return {values_of(record)["review_id"]: record for arrived, record in self.events if arrived <= as_of}

    def _settle(
        self, runtime: Any, s3: Any, group: Group, ids: Iterable[str], as_of: float, scratch: Path
    ) -> None:
        assert scratch.is_dir()
        self.settled = list(ids)


@dataclass
class Held:
    """What the group held at a time, read as a snapshot is."""

    store: FeatureGroup
    as_of: float

    @property
    def group(self) -> str:
        return self.store.name

    @property
    def rows(self) -> int:
        return len(self.store.latest(self.as_of))

    def batches(self, index: int = 0, count: int = 1) -> Iterator[list[dict[str, Any]]]:
        held = sorted(self.store.latest(self.as_of).items())
        mine = [values_of(record) for number, (_, record) in enumerate(held) if number % count == index]
        for start in range(0, len(mine), 30):
            yield [_row(values) for values in mine[start : start + 30]]


def _row(values: dict[str, str]) -> dict[str, Any]:
    ids = [int(one) for one in values["input_ids"].strip("[]").split(",")]
    numbers = {
        "label_id": int(values["label_id"]),
        "event_time": float(values["event_time"]),
        "input_ids": ids,
    }
    return {name: values[name] for name in COLUMNS} | numbers
