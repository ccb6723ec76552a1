"""Batches of the service's size, and no record lost when the service is busy."""

import pytest

from bertline.data.records import ATTEMPTS, OnlineStore
from bertline.errors import StoreRefused

from .conftest import GROUP, FakeRuntime, record


def many(number: int) -> FakeRuntime:
    return FakeRuntime([record(f"r{at}") for at in range(number)])


def test_reads_ask_for_at_most_100_and_give_what_is_there() -> None:
    runtime = many(250)
    found = OnlineStore(runtime, GROUP).read([f"r{at}" for at in range(260)])
    assert [one["review_id"] for one in found] == [f"r{at}" for at in range(250)]
    assert [size for _, size in runtime.calls] == [100, 100, 60]


def test_only_the_named_features_are_asked_for(store: OnlineStore) -> None:
    assert list(store.read(["a"], ["review_id", "label"])) == [{"review_id": "a", "label": "positive"}]


def test_writes_send_at_most_25() -> None:
    runtime = FakeRuntime([])
    assert OnlineStore(runtime, GROUP).write(record(f"r{at}") for at in range(60)) == 60
    assert [size for _, size in runtime.calls] == [25, 25, 10]
    assert len(runtime.records) == 60


def test_what_was_not_processed_is_tried_again(store: OnlineStore, runtime: FakeRuntime) -> None:
    runtime.unprocessed = 2
    assert {one["review_id"] for one in store.read(["a", "b"])} == {"a", "b"}
    runtime.unprocessed = 2
    store.write([record("d")])
    assert "d" in runtime.records


def test_pauses_grow_and_end(runtime: FakeRuntime) -> None:
    pauses: list[float] = []
    runtime.unprocessed = 100
    with pytest.raises(StoreRefused, match="did not answer for 1 records in 8 attempts: is it throttled"):
        list(OnlineStore(runtime, GROUP, sleep=pauses.append).read(["a"]))
    assert len(pauses) == ATTEMPTS - 1
    assert 0.2 <= pauses[0] <= 0.4 and 5 <= pauses[-1] <= 10


def test_a_refusal_is_not_tried_again(store: OnlineStore, runtime: FakeRuntime) -> None:
    runtime.errors = {"b": "AccessForbidden"}
    with pytest.raises(StoreRefused, match=f"{GROUP}: AccessForbidden: why"):
        list(store.read(["a", "b"]))
    assert len(runtime.calls) == 1


def test_an_internal_failure_of_one_record_is_tried_again(store: OnlineStore, runtime: FakeRuntime) -> None:
    runtime.errors = {"b": "InternalFailure"}
    with pytest.raises(StoreRefused, match="did not answer for 1 records"):
        list(store.read(["a", "b"]))
    assert [size for _, size in runtime.calls] == [2] + [1] * (ATTEMPTS - 1)
