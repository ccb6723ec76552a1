"""Feature Store ingestion: BatchWriteRecord in parallel, with bounded retries of what was not taken."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from pipeline_code.reviews.errors import BertlineError

ENTRIES_PER_CALL = 25  # the service's limit
THREADS = 8
ATTEMPTS = 8
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0  # seconds
_IN_FLIGHT = 4 * THREADS
_TRANSIENT = ("Throttling", "ServiceUnavailable", "InternalFailure", "InternalServer")

Entry = dict[str, Any]


class IngestionError(BertlineError):
    """Records did not reach the feature group; the message names the group, a record and the cause."""


class RuntimeClient(Protocol):
    """The part of boto3's sagemaker-featurestore-runtime client that ingestion uses."""

    def batch_write_record(self, *, Entries: list[Entry]) -> dict[str, Any]:  # noqa: N803 - the API's name
        """Write up to 25 records."""
        ...


def runtime_client() -> RuntimeClient:
    """A client from the environment's region, credentials and endpoint."""
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "max_attempts": 10},
        max_pool_connections=THREADS,
        user_agent_extra="bertline",
    )
    client = boto3.client("sagemaker-featurestore-runtime", config=config)
    return client if hasattr(client, "batch_write_record") else OneByOne(client)


class OneByOne:
    """BatchWriteRecord in terms of PutRecord, for a boto3 before 1.43.38 such as the one in the job image.

    Parameters
    ----------
    client
        A sagemaker-featurestore-runtime client without `batch_write_record`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def batch_write_record(self, *, Entries: list[Entry]) -> dict[str, Any]:  # noqa: N803 - the API's name
        """Write record by record; what the service refused is told as BatchWriteRecord tells it."""
        from botocore.exceptions import ClientError

        errors = []
        for entry in Entries:
            try:
                self._client.put_record(**entry)
            except ClientError as error:
                told = error.response["Error"]
                errors.append({"Entry": entry, "ErrorCode": told["Code"], "ErrorMessage": told["Message"]})
        return {"Errors": errors, "UnprocessedEntries": []}


def record_of(row: dict[str, Any]) -> list[dict[str, str]]:
    """One row of features as the record of the feature group; lists become JSON text."""
    values = {
        "review_id": row["review_id"],
        "event_time": repr(float(row["event_time"])),
        "review_body": row["review_body"],
        "source": row["source"],
        "label": row["label"],
        "label_id": str(row["label_id"]),
        "input_ids": json.dumps(row["input_ids"], separators=(",", ":")),
        "attention_mask": json.dumps(row["attention_mask"], separators=(",", ":")),
        "length": str(row["length"]),
        "split": row["split"],
    }
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


@dataclass
class Ingestion:
    """Writes rows of features to one feature group; `calls` and `retried` count what it took."""

    client: RuntimeClient
    feature_group: str
    sleep: Callable[[float], None] = time.sleep
    calls: int = 0
    retried: int = 0
    _jitter: random.Random = field(default_factory=random.Random)

    def write(self, rows: Iterable[dict[str, Any]]) -> int:
        """Write all rows and return how many were written; memory stays bounded.

        Raises
        ------
        IngestionError
            A record was refused, or was still not taken after the last attempt.
        """
        written = 0
        pending: set[Future[int]] = set()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="ingest") as pool:
            try:
                for entries in self._batches(rows):
                    pending.add(pool.submit(self._write_batch, entries))
                    if len(pending) >= _IN_FLIGHT:
                        done, pending = wait(pending, return_when=FIRST_COMPLETED)
                        written += sum(future.result() for future in done)
                written += sum(future.result() for future in pending)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return written

    def _batches(self, rows: Iterable[dict[str, Any]]) -> Iterator[list[Entry]]:
        remaining = iter(rows)
        while batch := list(islice(remaining, ENTRIES_PER_CALL)):
            yield [{"FeatureGroupName": self.feature_group, "Record": record_of(row)} for row in batch]

    def _write_batch(self, entries: list[Entry]) -> int:
        left = entries
        for attempt in range(ATTEMPTS):
            if attempt:
                self.retried += len(left)
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
                self.sleep(pause * self._jitter.uniform(0.5, 1.0))
            left = self._call(left)
            if not left:
                return len(entries)
        raise IngestionError(
            f"feature group {self.feature_group} did not take {len(left)} of {len(entries)} records in "
            f"{ATTEMPTS} attempts, first review_id {_review_id(left[0])}; is it throttled? Run the step again"
        )

    def _call(self, entries: list[Entry]) -> list[Entry]:
        """Write once; return the entries to try again."""
        from botocore.exceptions import BotoCoreError, ClientError

        self.calls += 1
        try:
            answer = self.client.batch_write_record(Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise IngestionError(f"feature group {self.feature_group}: {error}") from None
        again = list(answer.get("UnprocessedEntries", []))
        for problem in answer.get("Errors", []):
            if not problem["ErrorCode"].startswith(_TRANSIENT):
                raise IngestionError(
                    f"feature group {self.feature_group} refused review_id {_review_id(problem['Entry'])}: "
                    f"{problem['ErrorCode']}: {problem['ErrorMessage']}"
                )
            again.append(problem["Entry"])
        return again


def _review_id(entry: Entry) -> str:
    values = {item["FeatureName"]: item.get("ValueAsString", "") for item in entry["Record"]}
    return str(values.get("review_id", "unknown"))
