"""Athena answers SQL over the offline store: by boto3, by the SageMaker SDK, and as `snapshot` reads it."""

from __future__ import annotations

import json
import time
import warnings
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.data.features import FEATURES
from pipeline_code.reviews.feature_store import Group, Ingestion, snapshot
from pipeline_code.reviews.feature_store.consistency import compare
from pipeline_code.reviews.feature_store.records import corrected, record_of
from tests.integration.conftest import ACCOUNT, REGION, Cloud, until
from tests.integration.reviews import LABELS, create_group, flush, row

pytestmark = pytest.mark.integration
NAME = "athena-reviews"
ROWS = [row(number) for number in range(90)]


@pytest.fixture(scope="module")
def group(cloud: Cloud) -> Group:
    created = create_group(cloud, NAME)
    runtime = cloud.client("sagemaker-featurestore-runtime")
    Ingestion(runtime, NAME, "v1").write(ROWS)
    later = [corrected(record_of(ROWS[number], "v1"), "positive", 2, 1_700_000_000.0) for number in (0, 3)]
    runtime.batch_write_record(Entries=[{"FeatureGroupName": NAME, "Record": one} for one in later])
    runtime.delete_record(FeatureGroupName=NAME, RecordIdentifierValueAsString="r6", EventTime="1700000000.0")
    flush(cloud)
    return created


def table_of(cloud: Cloud) -> str:
    told = cloud.client("sagemaker").describe_feature_group(FeatureGroupName=NAME)
    return str(told["OfflineStoreConfig"]["DataCatalogConfig"]["TableName"])


def query(cloud: Cloud, sql: str) -> list[dict[str, str | None]]:
    """The rows of a query, in which THE_TABLE stands for the offline store."""
    athena = cloud.client("athena")
    started = athena.start_query_execution(
        QueryString=sql.replace("THE_TABLE", f'"sagemaker_featurestore"."{table_of(cloud)}"'),
        ResultConfiguration={"OutputLocation": "s3://athena-reviews-lake/query_results/reviews/"},
    )["QueryExecutionId"]
    done = until(
        lambda: athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"],
        lambda status: status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"),
    )
    assert done["State"] == "SUCCEEDED", done
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=started)
    header, *rows = [
        [cell.get("VarCharValue") for cell in one["Data"]]
        for page in pages
        for one in page["ResultSet"]["Rows"]
    ]
    return [dict(zip(header, one, strict=True)) for one in rows]


def test_rows_of_the_offline_store_come_back_with_the_columns_of_the_service(
    cloud: Cloud, group: Group
) -> None:
    found = query(cloud, "SELECT * FROM THE_TABLE")
    assert len(found) == len(ROWS) + 3
    added = {"write_time", "api_invocation_time", "is_deleted", "year", "month", "day", "hour"}
    assert set(found[0]) == {*FEATURES, *added}
    one = next(item for item in found if item["review_id"] == "r1")
    assert (one["review_body"], one["input_ids"]) == (ROWS[1]["review_body"], "[2,1,3]")
    assert (one["year"], one["month"], one["is_deleted"]) == ("2020", "09", "false")
    deleted = next(item for item in found if item["is_deleted"] == "true")
    assert (deleted["review_id"], deleted["label"]) == ("r6", None)


def test_the_documented_window_gives_the_rows_of_a_snapshot(
    cloud: Cloud, group: Group, tmp_path: Path
) -> None:
    latest = """
        SELECT review_id, label_id, event_time, input_ids FROM (
            SELECT *, row_number() OVER (
                PARTITION BY review_id
                ORDER BY event_time DESC, api_invocation_time DESC, write_time DESC
            ) AS row_num
            FROM THE_TABLE
        ) WHERE row_num = 1 AND NOT is_deleted
    """
    taken = snapshot(cloud.client("s3"), group, time.time(), tmp_path)
    expected = {
        one["review_id"]: (one["label_id"], one["event_time"], one["input_ids"])
        for batch in taken.batches()
        for one in batch
    }
    by_sql = {
        str(one["review_id"]): (
            int(one["label_id"] or ""),
            float(one["event_time"] or ""),
            json.loads(one["input_ids"] or ""),
        )
        for one in query(cloud, latest)
    }
    assert by_sql == expected
    assert len(by_sql) == len(ROWS) - 1
    assert by_sql["r0"][:2] == (2, 1_700_000_000.0)


def test_both_stores_hold_the_same(cloud: Cloud, group: Group, tmp_path: Path) -> None:
    taken = snapshot(cloud.client("s3"), group, time.time(), tmp_path)
    found = compare(cloud.client("sagemaker-featurestore-runtime"), taken)
    assert (found.reviews, found.differing) == (len(ROWS) - 1, 0), found


def test_the_sdk_runs_the_two_queries_of_the_course(
    cloud: Cloud, group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_telemetry = tmp_path / "config.yaml"
    no_telemetry.write_text(
        "{SchemaVersion: '1.0', SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}}"
    )
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(no_telemetry),
    }.items():
        monkeypatch.setenv(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK warns of its own modules
        from sagemaker.core.helper.session_helper import Session
        from sagemaker.mlops.feature_store.athena_query import AthenaQuery

    table = table_of(cloud)
    asked = AthenaQuery(
        "AwsDataCatalog", "sagemaker_featurestore", table, Session(boto3.Session(region_name=REGION))
    )

    def run(sql: str) -> Any:
        asked.run(sql.replace("THE_TABLE", f'"{table}"'), "s3://athena-reviews-lake/query_results/course/")
        asked.wait()
        return asked.as_dataframe()

    export = run(
        """SELECT event_time, review_id, label, label_id, input_ids, review_body
            FROM THE_TABLE WHERE split='train' LIMIT 5"""
    )
    assert list(export) == ["event_time", "review_id", "label", "label_id", "input_ids", "review_body"]
    assert len(export) == 5
    counted = run(
        """SELECT label, COUNT(*) AS count_reviews FROM THE_TABLE
            WHERE event_time < 1650000000 GROUP BY label"""
    )
    assert dict(zip(counted["label"], counted["count_reviews"], strict=True)) == dict.fromkeys(LABELS, 30)
