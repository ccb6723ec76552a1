import threading
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator

from pipeline_code.reviews.feature_store import (
    ATTEMPTS,
    Ingestion,
    IngestionError,
    OneByOne,
    record_of,
    runtime_client,
)


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "review_id": f"r{number}",
            "event_time": 1401580800.0,
            "review_body": "good \u201cphone\u201d",
            "source": "amazon",
            "label": "positive",
            "label_id": 2,
            "input_ids": [2, 5, 3],
            "attention_mask": [1, 1, 1],
            "length": 3,
            "split": "train",
        }
        for number in range(count)
    ]


class Store:
    """Takes records as the service does; `refuse` says what happens to a record on its n-th try."""

    def __init__(self, refuse: Any = lambda name, tries: None) -> None:
        self.shape = get_session().get_service_model("sagemaker-featurestore-runtime")
        self.tries: Counter[str] = Counter()
        self.taken: list[str] = []
        self.lock = threading.Lock()
        self.refuse = refuse

    def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        shape = self.shape.operation_model("BatchWriteRecord").input_shape
        problems = ParamValidator().validate({"Entries": Entries}, shape)
        assert not problems.has_errors(), problems.generate_report()
        assert len(Entries) <= 25
        answer: dict[str, Any] = {"Errors": [], "UnprocessedEntries": []}
        with self.lock:
            for entry in Entries:
                name = next(v["ValueAsString"] for v in entry["Record"] if v["FeatureName"] == "review_id")
                self.tries[name] += 1
                outcome = self.refuse(name, self.tries[name])
                if outcome is None:
                    self.taken.append(name)
                elif outcome == "unprocessed":
                    answer["UnprocessedEntries"].append(entry)
                else:
                    answer["Errors"].append({"Entry": entry, "ErrorCode": outcome, "ErrorMessage": "no"})
        return answer


def ingestion(store: Store) -> Ingestion:
    return Ingestion(store, "bertline-dev-reviews", sleep=lambda seconds: None)


def test_every_record_is_written_once_in_full_calls() -> None:
    store = Store()
    job = ingestion(store)
    assert job.write(iter(rows(1060))) == 1060
    assert sorted(store.taken) == sorted(f"r{n}" for n in range(1060))
    assert job.calls == 43


def test_a_record_holds_the_features_of_the_group_as_text() -> None:
    values = {item["FeatureName"]: item["ValueAsString"] for item in record_of(rows(1)[0])}
    assert values == {
        "review_id": "r0",
        "event_time": "1401580800.0",
        "review_body": "good \u201cphone\u201d",
        "source": "amazon",
        "label": "positive",
        "label_id": "2",
        "input_ids": "[2,5,3]",
        "attention_mask": "[1,1,1]",
        "length": "3",
        "split": "train",
    }


@pytest.mark.parametrize("outcome", ["unprocessed", "ThrottlingException", "InternalFailure"])
def test_what_was_not_taken_is_tried_again_alone(outcome: str) -> None:
    store = Store(lambda name, tries: outcome if name == "r3" and tries < 3 else None)
    pauses: list[float] = []
    job = Ingestion(store, "group", sleep=pauses.append)
    assert job.write(rows(30)) == 30
    assert store.tries["r3"] == 3
    assert store.tries["r4"] == 1
    assert job.retried == 2
    assert pauses[1] > 0.3


def test_retries_end_and_name_the_record() -> None:
    store = Store(lambda name, tries: "unprocessed" if name == "r3" else None)
    with pytest.raises(
        IngestionError, match=r"group did not take 1 of 5 records in 8 attempts, first review_id r3"
    ):
        Ingestion(store, "group", sleep=lambda seconds: None).write(rows(5))
    assert store.tries["r3"] == ATTEMPTS


def test_a_refused_record_is_not_tried_again() -> None:
    store = Store(lambda name, tries: "ValidationError" if name == "r3" else None)
    with pytest.raises(IngestionError, match="refused review_id r3: ValidationError: no"):
        ingestion(store).write(rows(5))
    assert store.tries["r3"] == 1


def test_a_failed_call_becomes_one_typed_error() -> None:
    class Broken:
        def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
            error = {"Error": {"Code": "ResourceNotFound", "Message": "no such group"}}
            raise ClientError(error, "BatchWriteRecord")  # type: ignore[arg-type]

    with pytest.raises(IngestionError, match="feature group group: .*no such group"):
        Ingestion(Broken(), "group").write(rows(5))


class OldClient:
    """A client of a boto3 that knows PutRecord only; the first try of every third record is throttled."""

    def __init__(self) -> None:
        self.shape = get_session().get_service_model("sagemaker-featurestore-runtime")
        self.tries: Counter[str] = Counter()
        self.taken: list[str] = []
        self.code = "ThrottlingException"

    def put_record(self, **request: Any) -> None:
        problems = ParamValidator().validate(request, self.shape.operation_model("PutRecord").input_shape)
        assert not problems.has_errors(), problems.generate_report()
        name = request["Record"][0]["ValueAsString"]
        self.tries[name] += 1
        if int(name[1:]) % 3 == 0 and self.tries[name] == 1:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "PutRecord")
        self.taken.append(name)


def test_an_older_boto3_writes_record_by_record_with_the_same_retries() -> None:
    client = OldClient()
    job = Ingestion(OneByOne(client), "bertline-dev-reviews", sleep=lambda seconds: None)
    assert job.write(iter(rows(60))) == 60
    assert sorted(client.taken) == sorted(f"r{n}" for n in range(60))
    assert job.retried == 20


def test_an_older_boto3_names_the_refused_record() -> None:
    client = OldClient()
    client.code = "ValidationError"
    job = Ingestion(OneByOne(client), "bertline-dev-reviews", sleep=lambda seconds: None)
    with pytest.raises(IngestionError, match=r"refused review_id r\d+: ValidationError"):
        job.write(iter(rows(60)))


def test_the_client_fits_the_boto3_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert not isinstance(runtime_client(), OneByOne)
    monkeypatch.setattr("boto3.client", lambda *_, **__: OldClient())
    assert isinstance(runtime_client(), OneByOne)
