"""Records are copies, changes are atomic, order is that of creation."""

import threading

import pytest

from local_cloud.sagemaker.store import Store


def test_what_is_read_is_a_copy() -> None:
    store = Store()
    store.put("Model", "a", {"tags": ["x"]})
    store.get("Model", "a")["tags"].append("y")
    assert store.list("Model") == [{"tags": ["x"]}]


def test_a_name_is_taken_once() -> None:
    store = Store()
    assert store.add("Model", "a", {"n": 1})
    assert not store.add("Model", "a", {"n": 2})
    assert store.get("Model", "a") == {"n": 1}


def test_missing_records() -> None:
    store = Store()
    assert store.find("Model", "a") is None
    assert store.delete("Model", "a") is None
    with pytest.raises(KeyError):
        store.get("Model", "a")
    with pytest.raises(KeyError):
        store.update("Model", "a", n=1)


def test_oldest_come_first() -> None:
    store = Store()
    for name in ("c", "a", "b"):
        store.put("Model", name, {"name": name})
    store.update("Model", "c", touched=True)
    assert [record["name"] for record in store.list("Model")] == ["c", "a", "b"]
    assert store.kinds() == ("Model",)


def test_changes_from_many_threads_are_not_lost() -> None:
    store = Store()
    store.put("Counter", "n", {"value": 0})

    def count() -> None:
        for _ in range(200):
            store.modify("Counter", "n", lambda record: record.update(value=record["value"] + 1))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("Counter", "n") == {"value": 1600}


def test_records_are_counted_where_they_are() -> None:
    store = Store()
    for number in range(3):
        store.put("Model", f"m{number}", {"Size": number})
    assert store.count("Model", lambda record: record["Size"] > 0) == 2
    assert store.count("Other", lambda record: True) == 0
