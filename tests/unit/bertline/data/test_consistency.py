"""Both stores are compared by the latest event; the query runs here on the columns of the offline store."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from bertline.data import consistency
from bertline.data.athena import Column, Result
from bertline.data.records import OnlineStore, Record
from bertline.errors import BadQuery

from .conftest import FakeRuntime, record

NOW = 1_795_514_400.0
OLD, YOUNG = NOW - 3600, NOW - 60
TYPES = {
    "review_id": "String",
    "event_time": "Fractional",
    "label": "String",
    "label_id": "Integral",
    "review_body": "String",
    "record_hash": "String",
}
SQL_TYPES = {"String": "VARCHAR", "Integral": "BIGINT", "Fractional": "DOUBLE"}


class OfflineStore:
    """Events in a table with the offline store's columns; queries run in DuckDB."""

    def __init__(self) -> None:
        self.database = duckdb.connect(":memory:")
        columns = ", ".join(f"{name} {SQL_TYPES[kind]}" for name, kind in TYPES.items())
        more = "write_time TIMESTAMP, api_invocation_time TIMESTAMP, is_deleted BOOLEAN"
        self.database.execute(f"CREATE TABLE events ({columns}, {more}, year VARCHAR)")

    def add(self, values: Record, taken: float = OLD, *, deleted: bool = False) -> None:
        moment = datetime.fromtimestamp(taken, UTC).replace(tzinfo=None)
        row = [values.get(name) for name in TYPES]
        marks = ", ".join("?" * (len(row) + 4))
        row_of_store = [*row, moment, moment, deleted, "2026"]
        self.database.execute(f"INSERT INTO events VALUES ({marks})", row_of_store)  # noqa: S608

    def select(self, sql: str) -> Result:
        found = self.database.execute(sql.replace("{features}", "events"))
        columns = [Column(item[0], str(item[1])) for item in found.description or []]
        return Result(columns, self._rows(found.fetchall()))

    def _rows(self, rows: list[tuple[Any, ...]]) -> Iterator[list[str | None]]:
        for row in rows:
            yield [None if value is None else str(value) for value in row]


@pytest.fixture
def offline() -> OfflineStore:
    found = OfflineStore()
    for one in (record("a", "positive"), record("b"), record("c", "negative")):
        found.add(one)
    return found


def check(offline: OfflineStore, store: OnlineStore, *ids: str) -> consistency.Checked:
    found = offline.select(consistency.query(TYPES, 100, ids))
    return consistency.compare(consistency.latest(found), store, TYPES, ids, NOW)


def test_equal_stores_have_no_differences(offline: OfflineStore, store: OnlineStore) -> None:
    assert check(offline, store) == consistency.Checked(3, [])


def test_numbers_are_compared_as_numbers(
    offline: OfflineStore, store: OnlineStore, runtime: FakeRuntime
) -> None:
    runtime.records["a"] |= {"event_time": "1000.000", "label_id": "+2"}
    assert check(offline, store).differences == []


def test_only_the_latest_event_counts(
    offline: OfflineStore, store: OnlineStore, runtime: FakeRuntime
) -> None:
    offline.add(record("a", "negative", event_time="500.0"))
    offline.add(record("b", "positive", event_time="2000.0"))
    runtime.records["b"] = record("b", "positive", event_time="2000.0")
    assert check(offline, store).differences == []


def test_of_events_of_one_time_the_one_taken_last_counts(
    offline: OfflineStore, store: OnlineStore, runtime: FakeRuntime
) -> None:
    offline.add(record("a", "negative"), taken=OLD + 1)
    runtime.records["a"] = record("a", "negative")
    assert check(offline, store).differences == []


def test_an_old_difference_is_told_by_feature(
    offline: OfflineStore, store: OnlineStore, runtime: FakeRuntime
) -> None:
    runtime.records["a"]["label"] = "negative"
    (found,) = check(offline, store).differences
    assert (found.review_id, found.feature, found.offline, found.online) == (
        "a",
        "label",
        "positive",
        "negative",
    )
    assert not found.expected


def test_a_correction_that_is_not_offline_yet_is_expected(
    offline: OfflineStore, store: OnlineStore, runtime: FakeRuntime
) -> None:
    runtime.records["a"] = record("a", "negative", event_time=f"{YOUNG:.3f}")
    found = check(offline, store).differences
    assert {one.feature for one in found} == {"event_time", "label", "label_id"}
    assert all(one.expected for one in found)


def test_a_correction_that_is_still_missing_after_the_delay_is_not_expected(
    offline: OfflineStore, store: OnlineStore, runtime: FakeRuntime
) -> None:
    runtime.records["a"] = record("a", "negative", event_time=f"{NOW - 901:.3f}")
    assert not any(one.expected for one in check(offline, store).differences)


def test_deletions_agree_in_both_stores(
    offline: OfflineStore, store: OnlineStore, runtime: FakeRuntime
) -> None:
    del runtime.records["a"]
    (missing,) = check(offline, store).differences
    assert (missing.feature, missing.offline, missing.online) == ("record", "present", "(no record)")
    offline.add({"review_id": "a", "event_time": "3000.0"}, deleted=True)
    assert check(offline, store).differences == []


def test_a_deletion_only_offline_is_a_difference(offline: OfflineStore, store: OnlineStore) -> None:
    offline.add({"review_id": "a", "event_time": "3000.0"}, taken=YOUNG, deleted=True)
    (found,) = check(offline, store).differences
    assert (found.offline, found.online, found.expected) == ("(deleted)", "present", True)


def test_named_reviews_are_looked_up_in_both_stores(
    offline: OfflineStore, store: OnlineStore, runtime: FakeRuntime
) -> None:
    runtime.records["it's"] = record("it's")
    checked = check(offline, store, "a", "it's", "nobody")
    assert checked.reviews == 3
    (found,) = checked.differences
    assert (found.review_id, found.offline, found.online) == ("it's", "(no record)", "present")


def test_a_sample_is_no_larger_than_asked(offline: OfflineStore) -> None:
    found = offline.select(consistency.query(TYPES, 2))
    assert len(consistency.latest(found)) == 2


@pytest.mark.parametrize(("sample", "ids"), [(0, []), (1001, []), (1, ["x"] * 1001)])
def test_a_check_has_bounds(sample: int, ids: list[str]) -> None:
    with pytest.raises(BadQuery, match="compares 1 to 1000 reviews"):
        consistency.query(TYPES, sample, ids)


def test_the_times_of_athena_and_of_parquet_are_both_read() -> None:
    columns = [Column(name, "") for name in ("review_id", "is_deleted", "api_invocation_time")]
    texts = ("2026-11-24 10:00:00.000", "2026-11-24 10:00:00+00:00", "2026-11-24 10:00:00.000 UTC")
    rows = [[f"r{at}", "false", text] for at, text in enumerate(texts)]
    found = consistency.latest(Result(columns, iter(rows)))
    assert {one.taken for one in found.values()} == {NOW}
