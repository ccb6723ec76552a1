"""A record that changes is written once, as it is at that moment; a store goes on with kept records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from local_cloud.sagemaker.store import OWN_TABLE, Store
from local_cloud.state.journal import Journal, dumps, loads

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def written(journal: Journal) -> dict[tuple[str, str, str], Any]:
    return {key: None if body is None else loads(body) for key, (_, body) in journal.take().items()}


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def store(journal: Journal) -> Store:
    return Store(journal.scope("1", "here"))


def test_every_change_is_noted_and_written_once(journal: Journal, store: Store) -> None:
    store.put("Model", "a", {"At": AT, "Tags": [1, {"b": None}]})
    store.update("Model", "a", Status="new")
    store.modify("Model", "a", lambda record: record.update(Status="newer"))
    store.add("Model", "b", {})
    assert written(journal) == {
        ("1/here", "Model", "a"): {"At": AT, "Tags": [1, {"b": None}], "Status": "newer"},
        ("1/here", "Model", "b"): {},
    }
    assert not journal
    store.delete("Model", "a")
    store.delete("Model", "never")
    assert written(journal) == {("1/here", "Model", "a"): None}


def test_a_change_that_fails_halfway_is_noted_too(journal: Journal, store: Store) -> None:
    store.put("Model", "a", {"n": 1})
    journal.take()

    def half(record: dict[str, Any]) -> None:
        record["n"] = 2
        raise ValueError

    with pytest.raises(ValueError):
        store.modify("Model", "a", half)
    assert written(journal) == {("1/here", "Model", "a"): {"n": 2}}


class Waited:
    """The lock of a store, for which the first to ask waits while somebody else changes two records."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock, self._free = store, store.lock, False

    def __enter__(self) -> None:
        if not self._free:
            self._free = True
            self._store.put("Version", "a/1", {})
            self._store.update("Pipeline", "a", Latest=1)
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_records_that_change_together_are_written_together(journal: Journal, store: Store) -> None:
    store.put("Pipeline", "a", {})
    store.lock = Waited(store)  # type: ignore[assignment]
    assert written(journal) == {("1/here", "Pipeline", "a"): {"Latest": 1}, ("1/here", "Version", "a/1"): {}}
    assert not journal


def test_what_could_not_be_written_is_written_later(journal: Journal, store: Store) -> None:
    store.put("Model", "a", {"n": 1})
    taken = journal.take()
    store.put("Model", "b", {})
    journal.put_back(taken)
    assert sorted(key[2] for key in written(journal)) == ["a", "b"]


def test_kept_records_are_there_again_in_their_order() -> None:
    kept = [
        ("1/here", "Model", "b", dumps({"At": AT})),
        ("1/here", "Model", "a", dumps({})),
        ("2/there", "Model", "c", dumps({})),
        ("1/here", f"{OWN_TABLE}online", "r", dumps([1.0, None])),
    ]
    journal = Journal(kept)
    assert journal.scopes() == [("1", "here"), ("2", "there")]
    store = Store(journal.scope("1", "here"))
    assert store.list("Model") == [{"At": AT}, {}]
    assert store.kinds() == ("Model",)
    assert journal.scope("1", "here").loaded(f"{OWN_TABLE}online") == {"r": [1.0, None]}
    assert not journal


def test_somebody_is_told_of_changes(journal: Journal, store: Store) -> None:
    told: list[bool] = []
    journal.awake = lambda: told.append(True)
    store.put("Model", "a", {})
    assert told == [True]


def test_only_plain_data_can_be_kept(journal: Journal) -> None:
    with pytest.raises(TypeError, match="object is no plain data"):
        dumps({"a": object()})


def test_a_map_with_the_key_of_times_comes_back_as_it_was() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    record = {"CreationTime": at, "HyperParameters": {"$time": "soon"}, "Nested": [{"At": at}]}
    assert loads(dumps(record)) == record
