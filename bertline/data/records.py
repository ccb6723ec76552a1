"""The online records of a feature group, read and written in batches; what is not taken is tried again."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from bertline.errors import StoreRefused

READS, WRITES = 100, 25  # the service's limits a call
ATTEMPTS = 8
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0  # seconds
_TRANSIENT = ("Throttling", "ServiceUnavailable", "InternalFailure", "InternalServer")

Record = dict[str, str]
Item = TypeVar("Item")


@dataclass(frozen=True)
class OnlineStore:
    """The online records of one feature group; `client` is a sagemaker-featurestore-runtime client."""

    client: Any
    feature_group: str
    sleep: Callable[[float], None] = time.sleep

    def read(self, ids: Iterable[str], features: Sequence[str] = ()) -> Iterator[Record]:
        """The latest values of those ids that have a record; all features unless some are named.

        Raises
        ------
        StoreRefused
            A record could not be read.
        """
        for some in _batches(ids, READS):
            yield from self._retried(some, lambda left: self._read(left, features))

    def write(self, records: Iterable[Record]) -> int:
        """Write records, online and offline; return their number.

        Raises
        ------
        StoreRefused
            A record was not taken. Those before it are written.
        """
        written = 0
        for some in _batches(records, WRITES):
            entries = [{"FeatureGroupName": self.feature_group, "Record": _features(one)} for one in some]
            list(self._retried(entries, self._write))
            written += len(entries)
        return written

    def delete(self, review_id: str, event_time: str) -> None:
        """Delete a record softly: its earlier events stay in the offline store."""
        self.client.delete_record(
            FeatureGroupName=self.feature_group,
            RecordIdentifierValueAsString=review_id,
            EventTime=event_time,
            DeletionMode="SoftDelete",
        )

    def _retried(
        self, items: list[Item], call: Callable[[list[Item]], tuple[list[Record], list[Item]]]
    ) -> Iterator[Record]:
        left = items
        for attempt in range(ATTEMPTS):
            if attempt:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
                self.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            found, left = call(left)
            yield from found
            if not left:
                return
        raise StoreRefused(
            f"feature group {self.feature_group} did not answer for {len(left)} records in {ATTEMPTS} "
            "attempts: is it throttled? Try again"
        )

    def _read(self, ids: list[str], features: Sequence[str]) -> tuple[list[Record], list[str]]:
        wanted: dict[str, Any] = {
            "FeatureGroupName": self.feature_group,
            "RecordIdentifiersValueAsString": ids,
        }
        if features:
            wanted["FeatureNames"] = list(features)
        answer = self.client.batch_get_record(Identifiers=[wanted])
        again = [
            one for item in answer["UnprocessedIdentifiers"] for one in item["RecordIdentifiersValueAsString"]
        ]
        for problem in answer["Errors"]:
            again.append(self._to_try_again(problem, problem["RecordIdentifierValueAsString"]))
        return [_record(item["Record"]) for item in answer["Records"]], again

    def _write(self, entries: list[dict[str, Any]]) -> tuple[list[Record], list[dict[str, Any]]]:
        answer = self.client.batch_write_record(Entries=entries)
        again = list(answer["UnprocessedEntries"])
        for problem in answer["Errors"]:
            again.append(self._to_try_again(problem, problem["Entry"]))
        return [], again

    def _to_try_again(self, problem: dict[str, Any], item: Item) -> Item:
        if not problem["ErrorCode"].startswith(_TRANSIENT):
            raise StoreRefused(
                f"feature group {self.feature_group}: {problem['ErrorCode']}: {problem['ErrorMessage']}"
            )
        return item


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _features(record: Record) -> list[dict[str, str]]:
    return [{"FeatureName": name, "ValueAsString": value} for name, value in record.items()]


def _record(features: list[dict[str, str]]) -> Record:
    return {item["FeatureName"]: item["ValueAsString"] for item in features}
