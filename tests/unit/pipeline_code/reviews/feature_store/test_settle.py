"""Settling waits no longer than it must, says how far it is, and ends in an error after 15 minutes."""

from pathlib import Path
from typing import Any

import pytest

from pipeline_code.reviews.feature_store import FeatureStoreError, Ingestion, Settling, StoreLagging, settle
from pipeline_code.reviews.feature_store.records import corrected, record_of, values_of

from .stores import GROUP, START, Store, row


def wait(store: Store, scratch: Path, ids: list[str], as_of: float = START) -> Settling:
    return settle(store, store, GROUP, ids, as_of, scratch, clock=store.clock, sleep=store.sleep)


def ingest(store: Store, count: int, **more: Any) -> list[str]:
    names = [f"r{number}" for number in range(count)]
    Ingestion(store, GROUP.name, "v1").write([row(name, **more) for name in names])
    return names


def test_a_store_that_shows_everything_is_not_waited_for(tmp_path: Path) -> None:
    store = Store()
    ids = ingest(store, 250)
    assert wait(store, tmp_path, ids) == Settling(waited=0.0, events=250)
    assert store.pauses == []
    assert list(tmp_path.iterdir()) == []


def test_it_waits_until_the_events_are_visible_and_prints_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store()
    ids = ingest(store, 3)
    store.delay = 100.0
    late = [row("late-1"), row("late-2")]
    Ingestion(store, GROUP.name, "v1").write(late)
    done = wait(store, tmp_path, [*ids, "late-1", "late-2"])
    assert 100 <= done.waited < 115
    assert max(store.pauses) <= 15
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"offline_store={GROUP.name} visible=3 of=5 at_most_seconds_left=900"
    assert len(lines) == len(store.pauses)


def test_fifteen_minutes_later_nothing_is_asked(tmp_path: Path) -> None:
    store = Store(delay=10_000)
    ids = ingest(store, 3)
    store.tries.clear()
    store.now += 900
    assert wait(store, tmp_path, ids) == Settling(waited=0.0, events=0)
    assert not store.tries


def test_what_is_missing_after_fifteen_minutes_is_an_error(tmp_path: Path) -> None:
    store = Store(delay=10_000)
    ingest(store, 2)
    with pytest.raises(StoreLagging, match=f"{GROUP.name}: 2 of 2 events .* 15 minutes, first review_id r0"):
        wait(store, tmp_path, ["r0", "r1"])
    assert store.now - START == 900


def test_a_rewritten_event_of_the_same_time_is_waited_for(tmp_path: Path) -> None:
    store = Store()
    ids = ingest(store, 2)
    store.delay = 40.0
    Ingestion(store, GROUP.name, "v2").write([row("r1")])
    assert wait(store, tmp_path, ids).waited >= 40


def test_a_deletion_is_waited_for(tmp_path: Path) -> None:
    store = Store()
    ids = ingest(store, 2)
    store.delay = 40.0
    store.delete("r1", START - 1)
    assert wait(store, tmp_path, ids).waited >= 40


def test_a_deletion_of_the_future_is_not(tmp_path: Path) -> None:
    store = Store()
    ids = ingest(store, 2)
    store.delete("r1", START + 50_000)
    assert wait(store, tmp_path, ids).waited == 0


def test_reviews_that_only_the_store_knows_are_waited_for(tmp_path: Path) -> None:
    store = Store()
    ingest(store, 2)
    store.delay = 40.0
    record = record_of(row("r1"), "v1")
    store.put(values_of(corrected(record, "negative", 0, START - 1)))
    assert wait(store, tmp_path, []).waited >= 40


def test_an_event_after_the_time_is_not_waited_for(tmp_path: Path) -> None:
    store = Store()
    ids = ingest(store, 2)
    store.delay = 10_000
    record = record_of(row("r1"), "v1")
    store.put(values_of(corrected(record, "negative", 0, START + 1)))
    assert wait(store, tmp_path, ids) == Settling(waited=0.0, events=1)


def test_the_future_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureStoreError, match=r"as of 2026-09-21T\d\d:.*Z do not exist yet: it is 2026-09"):
        wait(Store(), tmp_path, [], as_of=START + 3600)
