"""Ingestion: what the online store does not hold yet is written, in parallel, and nothing twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pipeline_code.reviews.feature_store.client import CONNECTIONS, Entry, RuntimeClient
from pipeline_code.reviews.feature_store.errors import FeatureStoreError, IngestionError
from pipeline_code.reviews.feature_store.online import IDS_PER_CALL, OnlineReader
from pipeline_code.reviews.feature_store.parallel import ahead, slices
from pipeline_code.reviews.feature_store.records import Record, record_of, values_of
from pipeline_code.reviews.feature_store.retries import ATTEMPTS, Attempts, call_passes, passes

ENTRIES_PER_CALL = 25  # the service's limit


@dataclass(frozen=True)
class Ingested:
    """What came of an ingestion, in records.

    Parameters
    ----------
    written
        Taken by the store.
    unchanged
        There already, word for word.
    superseded
        Left alone because the store holds a later event of the same review, such as a correction.
    calls
        Calls that wrote.
    retried
        Records that were sent again.
    """

    written: int = 0
    unchanged: int = 0
    superseded: int = 0
    calls: int = 0
    retried: int = 0

    def __add__(self, other: Ingested) -> Ingested:
        return Ingested(
            self.written + other.written,
            self.unchanged + other.unchanged,
            self.superseded + other.superseded,
            self.calls + other.calls,
            self.retried + other.retried,
        )


@dataclass(frozen=True)
class Ingestion:
    """Writes rows of features to one feature group.

    Before it writes it reads event time and hash of each record from the online store, and leaves out what
    is there already or is older. So a run that was killed is run again and writes what is missing, and a run
    over unchanged reviews writes nothing.

    A deleted record looks like an absent one: its source is written once more, but stays deleted, as the
    deletion is the later event.

    Parameters
    ----------
    client
        Feature Store runtime.
    feature_group
        Name of the group.
    features_version
        What the token ids of the rows were made with.
    """

    client: RuntimeClient
    feature_group: str
    features_version: str
    sleep: Callable[[float], None] = time.sleep

    def write(self, rows: Iterable[dict[str, Any]]) -> Ingested:
        """Write all rows that are new; memory stays bounded.

        Raises
        ------
        IngestionError
            A record was refused, or was still not taken after the last attempt.
        """
        written = ahead(
            self._write_slice, slices(rows, IDS_PER_CALL), threads=CONNECTIONS, in_flight=3 * CONNECTIONS
        )
        return sum(written, Ingested())

    def _write_slice(self, rows: list[dict[str, Any]]) -> Ingested:
        records = [record_of(row, self.features_version) for row in rows]
        missing, superseded = self._compare(records)
        done = Ingested(unchanged=len(records) - len(missing) - superseded, superseded=superseded)
        for batch in slices(missing, ENTRIES_PER_CALL):
            done += self._write_batch(batch)
        return done

    def _compare(self, records: list[Record]) -> tuple[list[Record], int]:
        """Return the records to write, and how many are older than what the store holds."""
        reader = OnlineReader(self.client, self.feature_group, ("event_time", "record_hash"), self.sleep)
        given = [values_of(record) for record in records]
        try:
            held = reader.read([values["review_id"] for values in given])
        except FeatureStoreError as error:
            raise IngestionError(f"{error}") from None
        missing, superseded = [], 0
        for record, values in zip(records, given, strict=True):
            there = held.get(values["review_id"])
            if there is None or float(there["event_time"]) < float(values["event_time"]):
                missing.append(record)
            elif float(there["event_time"]) > float(values["event_time"]):
                superseded += 1
            elif there.get("record_hash") != values["record_hash"]:
                missing.append(record)
        return missing, superseded

    def _write_batch(self, records: list[Record]) -> Ingested:
        left, cause, sure = records, "", True
        calls = retried = 0
        for attempt in Attempts(self.sleep):
            if not sure:
                left, _ = self._compare(left)
            if not left:
                break
            calls += 1
            retried += len(left) if attempt else 0
            left, cause, sure = self._call(left)
            if not left:
                break
        else:
            raise IngestionError(
                f"feature group {self.feature_group} did not take {len(left)} of {len(records)} records in "
                f"{ATTEMPTS} attempts, first review_id {_review_id(left[0])}: {cause}. Run the step again: "
                "it goes on where it stopped"
            )
        return Ingested(written=len(records), calls=calls, retried=retried)

    def _call(self, records: list[Record]) -> tuple[list[Record], str, bool]:
        """Write once; return what to try again, why, and whether it is sure not to be written already."""
        from botocore.exceptions import BotoCoreError, ClientError

        entries: list[Entry] = [
            {"FeatureGroupName": self.feature_group, "Record": record} for record in records
        ]
        try:
            answer = self.client.batch_write_record(Entries=entries)
        except (BotoCoreError, ClientError) as error:
            if call_passes(error):
                return records, str(error), False
            raise IngestionError(
                f"feature group {self.feature_group} refused review_id {_review_id(records[0])}: {error}"
            ) from None
        again = [entry["Record"] for entry in answer.get("UnprocessedEntries", [])]
        cause = "not processed" if again else ""
        for problem in answer.get("Errors", []):
            cause = f"{problem['ErrorCode']}: {problem['ErrorMessage']}"
            record = problem["Entry"]["Record"]
            if not passes(problem["ErrorCode"]):
                raise IngestionError(
                    f"feature group {self.feature_group} refused review_id {_review_id(record)}: {cause}"
                )
            again.append(record)
        return again, cause, True


def _review_id(record: Record) -> str:
    return values_of(record).get("review_id", "unknown")
