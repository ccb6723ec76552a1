"""A snapshot is what the offline store held, and was known to hold, at a time; it never changes later."""

import io
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_code.reviews.feature_store import Ingestion, OfflineStoreError, Snapshot, snapshot
from pipeline_code.reviews.feature_store import offline as offline_module
from pipeline_code.reviews.feature_store.records import corrected, record_of, values_of

from .stores import GROUP, START, Store, row

DAY = 86_400.0


def put(store: Store, review_id: str, at: float, **more: Any) -> None:
    store.put(values_of(record_of(row(review_id, at=at, **more), "v1")))


def take(store: Store, as_of: float, scratch: Path) -> Snapshot:
    return snapshot(store, GROUP, as_of, scratch)


def rows_of(found: Snapshot, index: int = 0, count: int = 1) -> list[dict[str, Any]]:
    return [one for batch in found.batches(index, count) for one in batch]


def labels(found: Snapshot) -> dict[str, int]:
    return {one["review_id"]: one["label_id"] for one in rows_of(found)}


def test_a_row_comes_back_with_its_columns_and_types(tmp_path: Path) -> None:
    store = Store()
    Ingestion(store, GROUP.name, "v1").write([row("r0", attributes='{"a":"b"}')])
    found = take(store, START, tmp_path)
    assert found.rows == 1
    assert rows_of(found) == [
        {
            "review_id": "r0",
            "group_id": "g-r0",
            "split_key": "g-r0",
            "review_body": "good \u201cphone\u201d",
            "source": "amazon",
            "label": "positive",
            "label_id": 2,
            "event_time": 1_401_580_800.0,
            "attributes": '{"a":"b"}',
            "input_ids": [2, 5, 3],
            "features_version": "v1",
        }
    ]


def test_the_latest_event_wins_whatever_came_first(tmp_path: Path) -> None:
    store = Store()
    put(store, "a", START - 3 * DAY, label_id=0)
    put(store, "a", START - 1 * DAY, label_id=2)
    put(store, "a", START - 2 * DAY, label_id=1)
    assert labels(take(store, START, tmp_path)) == {"a": 2}


def test_of_two_writes_of_one_event_the_later_wins(tmp_path: Path) -> None:
    store = Store()
    put(store, "a", START - DAY, label_id=0)
    store.now += 1
    put(store, "a", START - DAY, label_id=1)
    assert labels(take(store, store.now, tmp_path)) == {"a": 1}


def test_a_deleted_review_is_gone_until_a_later_event(tmp_path: Path) -> None:
    store = Store()
    for name in "ab":
        put(store, name, START - 5 * DAY)
        store.delete(name, START - 4 * DAY)
    put(store, "a", START - 3 * DAY, label_id=1)
    put(store, "b", START - 6 * DAY, label_id=1)
    assert labels(take(store, START, tmp_path)) == {"a": 1}


def test_what_was_written_later_does_not_change_an_earlier_time(tmp_path: Path) -> None:
    store = Store()
    for name in "abcd":
        put(store, name, START - 5 * DAY)
    before = rows_of(take(store, START, tmp_path / "before"))
    store.now += 60
    record = record_of(row("a", at=START - 5 * DAY), "v1")
    store.put(values_of(corrected(record, "negative", 0, START + 30)))  # a correction
    put(store, "b", START - 4 * DAY, label_id=1)  # a late arrival
    store.delete("c", START - 3 * DAY)  # a deletion dated back
    put(store, "new", START - 2 * DAY)
    assert rows_of(take(store, START, tmp_path / "again")) == before
    now = labels(take(store, store.now, tmp_path / "now"))
    assert now == {"a": 0, "b": 1, "d": 2, "new": 2}


def test_an_event_of_the_future_is_not_there_yet(tmp_path: Path) -> None:
    store = Store()
    put(store, "a", START - DAY, label_id=0)
    put(store, "a", START + 1800, label_id=1)
    put(store, "b", START + DAY)
    assert labels(take(store, START, tmp_path / "now")) == {"a": 0}
    assert labels(take(store, START + 2 * DAY, tmp_path / "then")) == {"a": 1, "b": 2}


def test_files_of_later_hours_are_not_fetched(tmp_path: Path) -> None:
    store = Store()
    put(store, "a", START - DAY)
    put(store, "b", START + DAY)
    take(store, START, tmp_path)
    assert len(store.fetched) == 1


def test_shares_are_disjoint_complete_and_in_an_order_that_files_do_not_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    for number in range(500):
        put(store, f"r{number}", START - DAY * (number % 7))
    whole = rows_of(take(store, START, tmp_path / "one"))
    assert {one["review_id"] for one in whole} == {f"r{number}" for number in range(500)}
    found = take(store, START, tmp_path / "shares")
    shares = [rows_of(found, index, 3) for index in range(3)]
    assert sorted(len(share) for share in shares)[0] > 100
    everything = [one["review_id"] for share in shares for one in share]
    assert sorted(everything) == sorted(one["review_id"] for one in whole)
    monkeypatch.setattr(offline_module, "_PART_BYTES", 10_000)
    assert rows_of(take(store, START, tmp_path / "many")) == whole
    assert len(list((tmp_path / "many").glob("snapshot-*"))) > 10


def test_an_empty_store_gives_no_rows(tmp_path: Path) -> None:
    found = take(Store(), START, tmp_path)
    assert (found.rows, list(found.batches())) == (0, [])


def test_an_event_that_lacks_a_feature_is_named(tmp_path: Path) -> None:
    store = Store()
    store.put({"review_id": "r7", "event_time": str(START - DAY), "label": "negative", "label_id": "0"})
    with pytest.raises(OfflineStoreError, match=f"{GROUP.name}: .*review_id r7 has no group_id"):
        rows_of(take(store, START, tmp_path))


def test_token_ids_that_are_none_are_named(tmp_path: Path) -> None:
    store = Store()
    values = values_of(record_of(row("r7", at=START - DAY), "v1"))
    store.put(values | {"input_ids": '["x"]'})
    with pytest.raises(OfflineStoreError, match="input_ids of review_id r7"):
        rows_of(take(store, START, tmp_path))


def test_a_store_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    class Denied(Store):
        def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")

    store = Denied()
    put(store, "a", START - DAY)
    with pytest.raises(
        OfflineStoreError, match=r"s3://lake/features/data/year=.*cannot be read: .*AccessDen"
    ):
        take(store, START, tmp_path)


def test_timestamps_of_other_writers_and_files_before_an_added_feature_are_read(tmp_path: Path) -> None:
    store = Store()
    put(store, "a", START - DAY)
    served = store.get_object

    def other_writer(Bucket: str, Key: str) -> dict[str, Any]:
        table = pq.read_table(served(Bucket, Key)["Body"]).drop_columns(["record_hash"])
        for name in ("write_time", "api_invocation_time"):
            naive = table[name].cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
            table = table.set_column(table.schema.get_field_index(name), name, naive)
        target = io.BytesIO()
        pq.write_table(table, target, use_deprecated_int96_timestamps=True)
        body = type(served(Bucket, Key)["Body"])(target.getvalue())
        return {"Body": body}

    store.get_object = other_writer  # type: ignore[method-assign]
    assert labels(take(store, START, tmp_path / "at")) == {"a": 2}
    assert labels(take(store, START - 1, tmp_path / "before")) == {}


LATEST = """
    SELECT review_id, label_id, event_time FROM (
        SELECT *, row_number() OVER (
            PARTITION BY review_id
            ORDER BY event_time DESC, api_invocation_time DESC, write_time DESC, is_deleted DESC
        ) AS rank
        FROM read_parquet($files)
        WHERE event_time <= $as_of AND api_invocation_time <= to_timestamp($as_of)
    ) WHERE rank = 1 AND NOT is_deleted ORDER BY review_id
"""
EVENTS = st.tuples(
    st.integers(0, 5),  # review
    st.integers(-20, 20),  # event time in half hours
    st.integers(0, 40),  # time of the call in half hours
    st.booleans(),  # deletion
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EVENTS, max_size=30), st.integers(-10, 40))
def test_it_gives_the_rows_of_the_documented_sql(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[int, int, int, bool]], at: int
) -> None:
    folder = tmp_path_factory.mktemp("events")
    store = Store()
    for number, (review, event, called, deleted) in enumerate(sorted(events, key=lambda one: one[2])):
        store.now = START + 1800 * called + number / 1000  # no two calls in one millisecond
        if deleted:
            store.delete(f"r{review}", START + 1800 * event)
        else:
            put(store, f"r{review}", START + 1800 * event, label_id=number)
    store.now = START + 100_000
    as_of = START + 1800 * at + 1
    found = [
        (one["review_id"], one["label_id"], one["event_time"]) for one in rows_of(take(store, as_of, folder))
    ]
    files = []
    for number, key in enumerate(store._files()):
        files.append(str(folder / f"{number}.parquet"))
        Path(files[-1]).write_bytes(store.get_object("lake", key)["Body"].read())
    expected = duckdb.execute(LATEST, {"files": files, "as_of": as_of}).fetchall() if files else []
    assert sorted(found) == expected
    assert len(np.unique([one[0] for one in found])) == len(found)
