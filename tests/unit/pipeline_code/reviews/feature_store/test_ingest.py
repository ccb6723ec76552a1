"""Ingestion writes what the store lacks, nothing twice, and says which record failed and why."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from pipeline_code.reviews.feature_store import Ingested, Ingestion, IngestionError
from pipeline_code.reviews.feature_store.records import corrected, record_of, values_of
from pipeline_code.reviews.feature_store.retries import ATTEMPTS

from .stores import GROUP, Store, row


def rows(count: int) -> list[dict[str, Any]]:
    return [row(f"r{number}") for number in range(count)]


def ingestion(store: Any, version: str = "v1", sleep: Any = lambda seconds: None) -> Ingestion:
    return Ingestion(store, GROUP.name, version, sleep=sleep)


def written(store: Store) -> Counter[str]:
    return Counter(event.values["review_id"] for event in store.events)


def test_every_record_is_written_once_in_full_calls() -> None:
    store = Store()
    assert ingestion(store).write(iter(rows(1060))) == Ingested(written=1060, calls=43)
    assert written(store) == Counter(f"r{n}" for n in range(1060))


def test_a_second_run_writes_nothing() -> None:
    store = Store()
    ingestion(store).write(rows(130))
    assert ingestion(store).write(rows(130)) == Ingested(unchanged=130)
    assert len(store.events) == 130


def test_a_run_after_a_crash_writes_what_is_missing() -> None:
    store = Store()
    ingestion(store).write(rows(130)[::3])
    assert ingestion(store).write(rows(130)) == Ingested(written=86, unchanged=44, calls=4)
    assert written(store) == Counter(f"r{n}" for n in range(130))


def test_other_values_or_a_later_event_are_written_and_an_older_one_is_not() -> None:
    store = Store()
    ingestion(store).write(rows(4))
    later = values_of(corrected(record_of(row("r3"), "v1"), "negative", 0, 1_500_000_000.0))
    store.put(later)
    again = [row("r0"), row("r1", review_body="better"), row("r2", at=1_401_580_801.0), row("r3")]
    assert ingestion(store).write(again) == Ingested(written=2, unchanged=1, superseded=1, calls=1)
    assert store.online["r3"] == later


def test_another_split_is_no_change_and_other_token_ids_are() -> None:
    store = Store()
    ingestion(store).write(rows(2))
    assert ingestion(store).write([row("r0", split="test")]).unchanged == 1
    assert ingestion(store, version="v2").write(rows(2)).written == 2


@pytest.mark.parametrize("outcome", ["unprocessed", "ThrottlingException", "InternalFailure"])
def test_what_was_not_taken_is_tried_again_alone(outcome: str) -> None:
    store = Store()
    store.refuse = lambda call, name, tries: (
        outcome if (call, name) == ("write", "r3") and tries < 3 else None
    )
    pauses: list[float] = []
    done = ingestion(store, sleep=pauses.append).write(rows(30))
    assert (done.written, done.retried) == (30, 2)
    assert (store.tries["write", "r3"], store.tries["write", "r4"]) == (3, 1)
    assert pauses[1] > 0.3


@pytest.mark.parametrize("outcome", ["unprocessed", "ThrottlingException"])
def test_what_could_not_be_read_is_read_again_alone(outcome: str) -> None:
    store = Store()
    store.refuse = lambda call, name, tries: outcome if (call, name, tries) == ("read", "r3", 1) else None
    assert ingestion(store).write(rows(5)).written == 5
    assert (store.tries["read", "r3"], store.tries["read", "r4"]) == (2, 1)


@pytest.mark.parametrize(
    ("call", "verb"), [("write", "did not take 1 of 5"), ("read", "1 of 5 records could")]
)
def test_retries_end_and_name_group_record_and_cause(call: str, verb: str) -> None:
    store = Store()
    store.refuse = lambda made, name, tries: "ThrottlingException" if (made, name) == (call, "r3") else None
    with pytest.raises(IngestionError, match=rf"{GROUP.name}.*{verb}.* in 8 attempts.* r3: Throttling"):
        ingestion(store).write(rows(5))
    assert store.tries[call, "r3"] == ATTEMPTS


@pytest.mark.parametrize("call", ["write", "read"])
def test_a_refused_record_is_not_tried_again(call: str) -> None:
    store = Store()
    store.refuse = lambda made, name, tries: "ValidationError" if (made, name) == (call, "r3") else None
    with pytest.raises(IngestionError, match=rf"{GROUP.name} refused .*review_id r3: ValidationError: no"):
        ingestion(store).write(rows(5))
    assert store.tries[call, "r3"] == 1


def test_a_failed_call_becomes_one_typed_error() -> None:
    class Broken(Store):
        def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
            error = {"Error": {"Code": "ResourceNotFound", "Message": "no such group"}}
            raise ClientError(error, "BatchWriteRecord")  # type: ignore[arg-type]

    with pytest.raises(IngestionError, match=f"{GROUP.name} refused review_id r0: .*no such group"):
        ingestion(Broken()).write(rows(5))


def test_a_write_whose_answer_is_lost_is_not_done_twice() -> None:
    class Lossy(Store):
        lost = False

        def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
            answer = super().batch_write_record(Entries=Entries)
            if not self.lost:
                self.lost = True
                raise ReadTimeoutError(endpoint_url="https://runtime")
            return answer

    store = Lossy()
    assert ingestion(store).write(rows(25)).written == 25
    assert written(store) == Counter(f"r{n}" for n in range(25))
