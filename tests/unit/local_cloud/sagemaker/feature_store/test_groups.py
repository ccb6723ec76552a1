"""A feature group is created ready for use, only ever grows, and leaves its offline data behind."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local_cloud.sagemaker.errors import ServiceError

from .conftest import FEATURES, NAME, Lake, review


def test_new_group_says_where_its_data_goes(lake: Lake) -> None:
    group = lake.create()
    assert group["FeatureGroupStatus"] == "Created"
    assert group["OfflineStoreStatus"] == {"Status": "Active"}
    assert group["OnlineStoreConfig"] == {"EnableOnlineStore": True}
    resolved = group["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    stamp = int(group["CreationTime"].timestamp())
    found = re.fullmatch(
        r"s3://lake/features/123456789012/sagemaker/us-east-1/offline-store/the-reviews-(\d+)/data", resolved
    )
    assert found is not None
    assert abs(int(found[1]) - stamp) <= 1
    catalog = group["OfflineStoreConfig"]["DataCatalogConfig"]
    assert catalog == {
        "TableName": f"the_reviews_{found[1]}",
        "Catalog": "AwsDataCatalog",
        "Database": "sagemaker_featurestore",
    }


def test_catalog_of_the_caller_is_kept_and_none_is_made_when_disabled(lake: Lake) -> None:
    storage = {"S3StorageConfig": {"S3Uri": "s3://lake/features"}}
    own = {"TableName": "t", "Catalog": "c", "Database": "d"}
    assert (
        lake.create(OfflineStoreConfig={**storage, "DataCatalogConfig": own})["OfflineStoreConfig"][
            "DataCatalogConfig"
        ]
        == own
    )
    lake.call("DeleteFeatureGroup")
    config = lake.create(OfflineStoreConfig={**storage, "DisableGlueTableCreation": True})
    assert "DataCatalogConfig" not in config["OfflineStoreConfig"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"RecordIdentifierFeatureName": "nothing"}, "RecordIdentifierFeatureName 'nothing'"),
        ({"EventTimeFeatureName": "label_id"}, "must be a feature of type String or Fractional"),
        ({"FeatureDefinitions": [*FEATURES, FEATURES[0]]}, "more than once: review_id"),
        (
            {"FeatureDefinitions": [*FEATURES, {"FeatureName": "is_deleted", "FeatureType": "String"}]},
            "own: is_deleted",
        ),
        ({"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://absent/x"}}}, "bucket absent"),
        ({"RoleArn": None}, "needs a RoleArn"),
        ({"OfflineStoreConfig": None, "OnlineStoreConfig": None}, "needs an online store"),
    ],
)
def test_group_that_cannot_work_is_refused(lake: Lake, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        lake.create(**changes)
    assert lake.ctx.store.list("FeatureGroup") == []


def test_name_is_taken_once(lake: Lake) -> None:
    lake.create()
    with pytest.raises(ServiceError, match=NAME) as raised:
        lake.create()
    assert raised.value.code == "ResourceInUse"


def test_update_only_adds_features(lake: Lake) -> None:
    lake.create()
    lake.call("UpdateFeatureGroup", FeatureAdditions=[{"FeatureName": "stars", "FeatureType": "Fractional"}])
    group = lake.call("DescribeFeatureGroup")
    assert [item["FeatureName"] for item in group["FeatureDefinitions"]][-2:] == ["tokens", "stars"]
    assert group["LastUpdateStatus"] == {"Status": "Successful"}
    lake.put(review(stars="4.5"))
    assert (lake.get("r1") or {})["stars"] == "4.5"
    with pytest.raises(ServiceError, match="more than once: text"):
        lake.call("UpdateFeatureGroup", FeatureAdditions=[{"FeatureName": "text", "FeatureType": "String"}])


def test_deletion_writes_what_is_left_and_forgets_the_records(lake: Lake) -> None:
    lake.create()
    lake.put(review())
    lake.call("DeleteFeatureGroup")
    assert lake.table().num_rows == 1
    with pytest.raises(ServiceError) as raised:
        lake.get("r1")
    assert (raised.value.code, raised.value.status) == ("ResourceNotFound", 404)
    lake.create()
    assert lake.get("r1") is None
