"""A Feature Store in memory: online records, what was asked, and events as the offline store keeps them."""

from typing import Any

import pytest

from bertline.data.records import OnlineStore, Record

GROUP = "bertline-dev-reviews"


def record(review_id: str, label: str = "neutral", event_time: str = "1000.0", **more: str) -> Record:
    ids = {"negative": "0", "neutral": "1", "positive": "2"}
    values = {"review_id": review_id, "event_time": event_time, "label": label, "label_id": ids[label]}
    return {**values, "review_body": f"text of {review_id}", "record_hash": f"hash of {review_id}", **more}


class FakeRuntime:
    """The runtime client. `unprocessed` calls answer that nothing was done; `errors` are told by id."""

    def __init__(self, records: list[Record]) -> None:
        self.records = {one["review_id"]: one for one in records}
        self.calls: list[tuple[str, int]] = []
        self.unprocessed = 0
        self.errors: dict[str, str] = {}

    def batch_get_record(self, *, Identifiers: list[dict[str, Any]]) -> dict[str, Any]:
        (wanted,) = Identifiers
        assert wanted["FeatureGroupName"] == GROUP
        ids, names = wanted["RecordIdentifiersValueAsString"], wanted.get("FeatureNames")
        self.calls.append(("read", len(ids)))
        if self._busy():
            return {"Records": [], "Errors": [], "UnprocessedIdentifiers": Identifiers}
        found = [self.records[one] for one in ids if one in self.records and one not in self.errors]
        errors = [
            {"RecordIdentifierValueAsString": one, "ErrorCode": self.errors[one], "ErrorMessage": "why"}
            for one in ids
            if one in self.errors
        ]
        records = [{"Record": features(one, names)} for one in found]
        return {"Records": records, "Errors": errors, "UnprocessedIdentifiers": []}

    def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append(("write", len(Entries)))
        if self._busy():
            return {"Errors": [], "UnprocessedEntries": Entries}
        for entry in Entries:
            assert entry["FeatureGroupName"] == GROUP
            values = {one["FeatureName"]: one["ValueAsString"] for one in entry["Record"]}
            self.records[values["review_id"]] = values
        return {"Errors": [], "UnprocessedEntries": []}

    def delete_record(self, **asked: str) -> None:
        self.calls.append(("delete", 1))
        assert asked["DeletionMode"] == "SoftDelete"
        assert float(asked["EventTime"]) > 1_700_000_000
        del self.records[asked["RecordIdentifierValueAsString"]]

    def _busy(self) -> bool:
        self.unprocessed -= 1
        return self.unprocessed >= 0


def features(values: Record, names: list[str] | None) -> list[dict[str, str]]:
    wanted = values if names is None else {name: values[name] for name in names}
    return [{"FeatureName": name, "ValueAsString": value} for name, value in wanted.items()]


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime([record("a", "positive"), record("b"), record("c", "negative")])


@pytest.fixture
def store(runtime: FakeRuntime) -> OnlineStore:
    return OnlineStore(runtime, GROUP, sleep=lambda seconds: None)
