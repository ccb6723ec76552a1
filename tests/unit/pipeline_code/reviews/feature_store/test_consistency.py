"""Both stores hold the same latest events; where they do not, the report names review and feature."""

from pathlib import Path

from pipeline_code.reviews.feature_store import Ingestion, snapshot
from pipeline_code.reviews.feature_store.consistency import compare

from .stores import GROUP, START, Store, row


def full_store(count: int) -> Store:
    store = Store()
    Ingestion(store, GROUP.name, "v1").write([row(f"r{number}") for number in range(count)])
    return store


def test_equal_stores_agree(tmp_path: Path) -> None:
    store = full_store(230)
    found = compare(store, snapshot(store, GROUP, START, tmp_path))
    assert (found.reviews, found.differing, found.differences) == (230, 0, ())


def test_differences_are_counted_and_named(tmp_path: Path) -> None:
    store = full_store(230)
    taken = snapshot(store, GROUP, START, tmp_path)
    store.online["r3"] = {**store.online["r3"], "label_id": "0", "input_ids": "[9]"}
    del store.online["r4"]
    report = compare(store, taken).report()
    assert (report["reviews"], report["differing"]) == (230, 2)
    named = {
        (one["review_id"], one["feature"], one["online"], one["offline"]) for one in report["differences"]
    }
    assert named == {
        ("r3", "label_id", "0", "2"),
        ("r3", "input_ids", "[9]", "[2, 5, 3]"),
        ("r4", "", "absent", "present"),
    }


def test_only_the_first_differences_are_kept(tmp_path: Path) -> None:
    store = full_store(120)
    taken = snapshot(store, GROUP, START, tmp_path)
    store.online.clear()
    found = compare(store, taken)
    assert (found.differing, len(found.differences)) == (120, 20)
