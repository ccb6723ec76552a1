"""Each offline store has a Glue table: its features, the store's own columns and the partitions."""

from __future__ import annotations

from typing import Any

from .conftest import Lake


def only_table(lake: Lake) -> dict[str, Any]:
    (table,) = lake.ctx.glue.tables["sagemaker_featurestore"].values()
    found: dict[str, Any] = table
    return found


def columns(lake: Lake) -> dict[str, str]:
    return {item["Name"]: item["Type"] for item in only_table(lake)["StorageDescriptor"]["Columns"]}


def test_table_has_the_types_of_the_features_and_the_place_of_the_data(lake: Lake) -> None:
    group = lake.create()
    assert columns(lake) == {
        "review_id": "string",
        "event_time": "double",
        "text": "string",
        "label_id": "bigint",
        "tokens": "array<bigint>",
        "write_time": "timestamp",
        "api_invocation_time": "timestamp",
        "is_deleted": "boolean",
    }
    table = only_table(lake)
    config = group["OfflineStoreConfig"]
    assert table["Name"] == config["DataCatalogConfig"]["TableName"]
    assert table["StorageDescriptor"]["Location"] == config["S3StorageConfig"]["ResolvedOutputS3Uri"]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["year", "month", "day", "hour"]


def test_table_gets_the_features_that_are_added(lake: Lake) -> None:
    lake.create()
    lake.call("UpdateFeatureGroup", FeatureAdditions=[{"FeatureName": "stars", "FeatureType": "Fractional"}])
    assert columns(lake)["stars"] == "double"


def test_no_table_without_an_offline_store_or_when_it_is_disabled(lake: Lake) -> None:
    lake.create(OfflineStoreConfig=None, RoleArn=None)
    lake.call("DeleteFeatureGroup")
    storage = {"S3StorageConfig": {"S3Uri": "s3://lake/features"}, "DisableGlueTableCreation": True}
    lake.create(OfflineStoreConfig=storage)
    assert lake.ctx.glue.tables == {}
