"""Queries: the table's name is filled in, every page is read, and a failure says what Athena said."""

from collections.abc import Callable
from typing import Any

import pytest

from bertline.data import athena
from bertline.errors import BadQuery
from bertline.platform import Platform

from ..conftest import client_error

CATALOG = {"Catalog": "AwsDataCatalog", "Database": "sagemaker_featurestore", "TableName": "reviews_1"}
GROUP = {"OfflineStoreConfig": {"DataCatalogConfig": CATALOG}}
COLUMNS = [{"Name": "label", "Type": "varchar"}, {"Name": "n", "Type": "bigint"}]
Fake = Callable[..., Any]


def page(*rows: tuple[str | None, ...]) -> dict[str, Any]:
    cells = [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in rows]
    return {"ResultSet": {"Rows": cells, "ResultSetMetadata": {"ColumnInfo": COLUMNS}}}


def state(name: str, reason: str = "") -> dict[str, Any]:
    return {"QueryExecution": {"Status": {"State": name, "StateChangeReason": reason}}}


class Pages:
    """An Athena that answers get_query_results with several pages."""

    def __init__(self, client: Any, *pages: dict[str, Any]) -> None:
        self.client, self.pages = client, pages

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_query_results"
        return self

    def paginate(self, QueryExecutionId: str) -> Any:
        assert QueryExecutionId == "q1"
        return iter(self.pages)


@pytest.fixture
def ask(fake: Fake, place: Platform, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`ask(sql, *pages, states=...)` runs a query and gives the result and the calls to Athena."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def run(sql: str, *pages: dict[str, Any], states: tuple[Any, ...] = (state("SUCCEEDED"),)) -> Any:
        told = iter(states)

        def status(QueryExecutionId: str) -> Any:
            now = next(told)
            if isinstance(now, BaseException):
                raise now
            return now

        answers = {
            "start_query_execution": {"QueryExecutionId": "q1"},
            "get_query_execution": status,
            "stop_query_execution": {},
        }
        target = fake(sagemaker={"describe_feature_group": GROUP}, athena=answers)
        client = target.clients["athena"]
        run.calls = client.calls
        target.clients["athena"] = Pages(client, *pages)
        return athena.select(target, place, sql)

    return run


def test_features_stands_for_the_quoted_table(ask: Any) -> None:
    ask("SELECT count(*) FROM {features}", page(("label", "n")))
    (_, started), *_ = ask.calls
    assert started["QueryString"] == 'SELECT count(*) FROM "sagemaker_featurestore"."reviews_1"'
    assert started["ResultConfiguration"] == {"OutputLocation": "s3://artifacts/athena/"}


def test_rows_of_all_pages_come_without_the_header(ask: Any) -> None:
    found = ask("SELECT 1", page(("label", "n"), ("good", "1")), page(("bad", None), ("label", "n")))
    assert [column.name for column in found.columns] == ["label", "n"]
    assert list(found.rows) == [["good", "1"], ["bad", None], ["label", "n"]]


def test_it_waits_until_the_query_has_ended(ask: Any) -> None:
    ask("SELECT 1", page(("label", "n")), states=(state("QUEUED"), state("RUNNING"), state("SUCCEEDED")))
    assert [name for name, _ in ask.calls].count("get_query_execution") == 3


@pytest.mark.parametrize("ended", ["FAILED", "CANCELLED"])
def test_a_failed_query_says_why(ask: Any, ended: str) -> None:
    with pytest.raises(BadQuery, match=f"the query was {ended.lower()}: COLUMN_NOT_FOUND"):
        ask("SELECT x", states=(state(ended, "COLUMN_NOT_FOUND"),))


def test_an_interruption_stops_the_query(ask: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        ask("SELECT 1", states=(state("RUNNING"), KeyboardInterrupt()))
    assert ask.calls[-1] == ("stop_query_execution", {"QueryExecutionId": "q1"})


def test_a_refused_query_is_an_error_of_the_user(fake: Fake, place: Platform) -> None:
    def refuse(**asked: Any) -> None:
        raise client_error("InvalidRequestException", "line 1:8: mismatched input 'FORM'")

    with pytest.raises(BadQuery, match="Athena refused the query: line 1:8"):
        athena.select(fake(athena={"start_query_execution": refuse}), place, "SELECT FORM")


def test_a_group_without_a_table_is_named(fake: Fake, place: Platform) -> None:
    target = fake(sagemaker={"describe_feature_group": {"OfflineStoreConfig": {}}})
    with pytest.raises(BadQuery, match="bertline-dev-reviews has no table"):
        athena.select(target, place, "SELECT * FROM {features}")


def test_texts_are_quoted_for_sql() -> None:
    assert athena.literal("it's") == "'it''s'"
