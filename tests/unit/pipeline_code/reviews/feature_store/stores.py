"""A feature group in memory, as its clients see it: online records, and offline files with a delay."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.session import get_session
from botocore.validate import ParamValidator

from pipeline_code.reviews.feature_store.group import Group
from pipeline_code.reviews.feature_store.records import FEATURES, values_of

GROUP = Group("bertline-dev-reviews", "lake", "features/data/")
START = 1_790_000_000.0
_KINDS = {"event_time": pa.float64(), "label_id": pa.int64(), "length": pa.int64()}
_MOMENT = pa.timestamp("ms", tz="UTC")


def row(review_id: str, at: float = 1_401_580_800.0, **more: Any) -> dict[str, Any]:
    return {
        "review_id": review_id,
        "group_id": f"g-{review_id}",
        "split_key": f"g-{review_id}",
        "review_body": "good \u201cphone\u201d",
        "source": "amazon",
        "label": "positive",
        "label_id": 2,
        "event_time": at,
        "attributes": "{}",
        "split": "train",
        "length": 3,
        "input_ids": [2, 5, 3],
        "attention_mask": [1, 1, 1],
        **more,
    }


@dataclass
class Event:
    """One call of PutRecord or DeleteRecord; it is offline from `visible` on."""

    values: dict[str, str]
    at: float
    visible: float
    deleted: bool = False


class Store:
    """The runtime's and S3's calls. `refuse(call, review_id, tries)` returns an error code or None."""

    def __init__(self, delay: float = 0.0) -> None:
        self.now, self.delay = START, delay
        self.events: list[Event] = []
        self.online: dict[str, dict[str, str]] = {}
        self.tries: Counter[tuple[str, str]] = Counter()
        self.pauses: list[float] = []
        self.refuse: Callable[[str, str, int], str | None] = lambda call, name, tries: None
        self.fetched: list[str] = []
        self._model = get_session().get_service_model("sagemaker-featurestore-runtime")
        self._lock = threading.Lock()

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def put(self, values: dict[str, str]) -> None:
        self.events.append(Event(values, self.now, self.now + self.delay))
        held = self.online.get(values["review_id"])
        if held is None or float(held["event_time"]) <= float(values["event_time"]):
            self.online[values["review_id"]] = values

    def delete(self, review_id: str, at: float) -> None:
        values = {"review_id": review_id, "event_time": repr(at)}
        self.events.append(Event(values, self.now, self.now + self.delay, deleted=True))
        self.online.pop(review_id, None)

    def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self._check("BatchWriteRecord", {"Entries": Entries})
        assert len(Entries) <= 25
        answer: dict[str, Any] = {"Errors": [], "UnprocessedEntries": []}
        with self._lock:
            for entry in Entries:
                values = values_of(entry["Record"])
                outcome = self._outcome("write", values["review_id"])
                if outcome is None:
                    self.put(values)
                elif outcome == "unprocessed":
                    answer["UnprocessedEntries"].append(entry)
                else:
                    answer["Errors"].append({"Entry": entry, "ErrorCode": outcome, "ErrorMessage": "no"})
        return answer

    def batch_get_record(self, *, Identifiers: list[dict[str, Any]]) -> dict[str, Any]:
        self._check("BatchGetRecord", {"Identifiers": Identifiers})
        answer: dict[str, Any] = {"Records": [], "Errors": [], "UnprocessedIdentifiers": []}
        (wanted,) = Identifiers
        assert len(wanted["RecordIdentifiersValueAsString"]) <= 100
        with self._lock:
            for name in wanted["RecordIdentifiersValueAsString"]:
                key = {"FeatureGroupName": GROUP.name, "RecordIdentifierValueAsString": name}
                outcome = self._outcome("read", name)
                if outcome == "unprocessed":
                    left = {"FeatureGroupName": GROUP.name, "RecordIdentifiersValueAsString": [name]}
                    answer["UnprocessedIdentifiers"].append(left)
                elif outcome is not None:
                    answer["Errors"].append({**key, "ErrorCode": outcome, "ErrorMessage": "no"})
                elif name in self.online:
                    values = {k: v for k, v in self.online[name].items() if k in wanted["FeatureNames"]}
                    record = [{"FeatureName": k, "ValueAsString": v} for k, v in values.items()]
                    answer["Records"].append({**key, "Record": record})
        return answer

    def get_paginator(self, name: str) -> Store:
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Any:
        assert (Bucket, Prefix) == (GROUP.bucket, GROUP.prefix)
        for key, events in self._files().items():
            yield {"Contents": [{"Key": key, "Size": 1000 * len(events)}]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        assert Bucket == GROUP.bucket
        self.fetched.append(Key)
        return {"Body": Body(parquet(self._files()[Key]))}

    def _files(self) -> dict[str, list[Event]]:
        """Files by key: one for each hour of event time and moment of becoming visible."""
        files: dict[str, list[Event]] = {}
        for event in self.events:
            if event.visible <= self.now:
                hour = datetime.fromtimestamp(float(event.values["event_time"]), UTC)
                key = f"{GROUP.prefix}{hour:year=%Y/month=%m/day=%d/hour=%H}/{event.visible}.parquet"
                files.setdefault(key, []).append(event)
        return files

    def _outcome(self, call: str, name: str) -> str | None:
        self.tries[call, name] += 1
        return self.refuse(call, name, self.tries[call, name])

    def _check(self, operation: str, params: dict[str, Any]) -> None:
        shape = self._model.operation_model(operation).input_shape
        problems = ParamValidator().validate(params, shape)
        assert not problems.has_errors(), problems.generate_report()


class Body(io.BytesIO):
    """An object's body as S3 streams it."""

    def iter_chunks(self, size: int) -> Any:
        while chunk := self.read(size):
            yield chunk


def parquet(events: list[Event]) -> bytes:
    columns: dict[str, pa.Array] = {}
    for name in FEATURES:
        kind = _KINDS.get(name, pa.string())
        cells = [event.values.get(name) for event in events]
        columns[name] = pa.array(cells, pa.string()).cast(kind)
    columns["write_time"] = moments([event.visible for event in events])
    columns["api_invocation_time"] = moments([event.at for event in events])
    columns["is_deleted"] = pa.array([event.deleted for event in events])
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def moments(seconds: list[float]) -> pa.Array:
    return pa.array([round(1000 * one) for one in seconds], pa.int64()).cast(_MOMENT)
