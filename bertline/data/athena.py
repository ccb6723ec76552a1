"""SQL over the offline store with Athena; the rows come as text, as Athena gives them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bertline.errors import BadQuery
from bertline.platform import Platform
from bertline.target import Target

TABLE = "{features}"  # stands for the feature group's table in a query
_PAUSE = {"local": 0.1, "aws": 1.0}  # seconds between two questions
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")

Row = list[str | None]


@dataclass(frozen=True)
class Column:
    """A column of a result, with its type as Athena names it."""

    name: str
    type: str


@dataclass(frozen=True)
class Result:
    """A result that may be read once; a missing value is None."""

    columns: list[Column]
    rows: Iterator[Row]


def table(target: Target, feature_group: str) -> str:
    """The quoted name of the table that Athena knows a feature group's offline store by.

    Raises
    ------
    BadQuery
        The feature group has no offline store, or its table is not there yet.
    """
    found = target.client("sagemaker").describe_feature_group(FeatureGroupName=feature_group)
    catalog = found.get("OfflineStoreConfig", {}).get("DataCatalogConfig")
    if not catalog:
        raise BadQuery(
            f"feature group {feature_group} has no table of its offline store (yet): try again in a minute"
        )
    return f"{_quoted(catalog['Database'])}.{_quoted(catalog['TableName'])}"


def select(target: Target, place: Platform, sql: str) -> Result:
    """Run a query, `{features}` in it standing for the feature group's table; its result in S3 stays there.

    Raises
    ------
    BadQuery
        Athena refused the query, or the query failed.
    """
    if TABLE in sql:
        sql = sql.replace(TABLE, table(target, place.feature_group))
    athena = target.client("athena")
    query = _start(athena, sql, f"s3://{place.artifact_bucket}/athena/")
    try:
        _wait(athena, query, _PAUSE[target.kind])
    except KeyboardInterrupt:
        athena.stop_query_execution(QueryExecutionId=query)
        raise
    return _result(athena, query)


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _start(athena: Any, sql: str, output: str) -> str:
    try:
        answer = athena.start_query_execution(QueryString=sql, ResultConfiguration={"OutputLocation": output})
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidRequestException":
            raise
        raise BadQuery(f"Athena refused the query: {error.response['Error']['Message']}") from error
    return str(answer["QueryExecutionId"])


def _wait(athena: Any, query: str, pause: float) -> None:
    while True:
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] in _ENDED:
            break
        time.sleep(pause)
    if status["State"] != "SUCCEEDED":
        reason = status.get("StateChangeReason") or "no reason given"
        raise BadQuery(f"the query was {status['State'].lower()}: {reason}")


def _result(athena: Any, query: str) -> Result:
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
    sets = (page["ResultSet"] for page in pages)
    first = next(iter(sets))
    columns = [Column(item["Name"], item["Type"]) for item in first["ResultSetMetadata"]["ColumnInfo"]]
    return Result(columns, _rows(first, sets, [column.name for column in columns]))


def _rows(first: dict[str, Any], others: Iterator[dict[str, Any]], header: list[str]) -> Iterator[Row]:
    rows = [_values(row) for row in first["Rows"]]
    # The first page of a SELECT begins with the names; those of other statements do not.
    yield from rows[1:] if rows[:1] == [header] else rows
    for page in others:
        yield from (_values(row) for row in page["Rows"])


def _values(row: dict[str, Any]) -> Row:
    return [item.get("VarCharValue") for item in row["Data"]]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
