"""A job finds its feature group's offline files, or is told what the group lacks."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipeline_code.reviews.feature_store import FeatureStoreError, describe
from pipeline_code.reviews.feature_store.records import FEATURES

from .stores import GROUP


class SageMaker:
    """Describes one feature group."""

    def __init__(self, **changes: Any) -> None:
        storage = {"ResolvedOutputS3Uri": "s3://lake/features/data"}
        self.group = {
            "FeatureDefinitions": [{"FeatureName": name} for name in FEATURES],
            "OnlineStoreConfig": {"EnableOnlineStore": True},
            "OfflineStoreConfig": {"S3StorageConfig": storage},
            **changes,
        }

    def describe_feature_group(self, FeatureGroupName: str) -> dict[str, Any]:
        if FeatureGroupName != GROUP.name:
            raise ClientError({"Error": {"Code": "ResourceNotFound", "Message": "gone"}}, "Describe")
        return {key: value for key, value in self.group.items() if value is not None}


def test_the_group_says_where_its_files_are() -> None:
    assert describe(SageMaker(), GROUP.name) == GROUP


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"FeatureDefinitions": [{"FeatureName": name} for name in FEATURES[:-2]]},
            "lacks the features featu",
        ),
        ({"OnlineStoreConfig": None}, "has no online store"),
        ({"OfflineStoreConfig": None}, "has no offline store"),
    ],
)
def test_a_group_that_cannot_be_used_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(FeatureStoreError, match=f"{GROUP.name} {reason}"):
        describe(SageMaker(**changes), GROUP.name)


def test_a_group_that_is_not_there_is_named() -> None:
    with pytest.raises(FeatureStoreError, match="feature group other cannot be described: .*gone"):
        describe(SageMaker(), "other")
