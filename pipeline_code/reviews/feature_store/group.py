"""Which feature group a job reads and writes, as the control plane describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline_code.reviews.feature_store.errors import FeatureStoreError
from pipeline_code.reviews.feature_store.records import FEATURES


@dataclass(frozen=True)
class Group:
    """A feature group of reviews.

    Parameters
    ----------
    name
        Name of the group.
    bucket, prefix
        Where the offline store's Parquet files are: ``ResolvedOutputS3Uri``. The prefix ends in a slash.
    """

    name: str
    bucket: str
    prefix: str


def describe(client: Any, name: str) -> Group:
    """Return the feature group `name`; `client` is a SageMaker client.

    Raises
    ------
    FeatureStoreError
        There is no such group, it has no online or no offline store, or it lacks a feature.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        told = client.describe_feature_group(FeatureGroupName=name)
    except (BotoCoreError, ClientError) as error:
        raise FeatureStoreError(f"feature group {name} cannot be described: {error}") from None
    features = {item["FeatureName"] for item in told["FeatureDefinitions"]}
    missing = [feature for feature in FEATURES if feature not in features]
    if missing:
        raise FeatureStoreError(
            f"feature group {name} lacks the features {', '.join(missing)}: deploy the data stack again"
        )
    if not told.get("OnlineStoreConfig", {}).get("EnableOnlineStore"):
        raise FeatureStoreError(f"feature group {name} has no online store: ingestion compares with it")
    if "OfflineStoreConfig" not in told:
        raise FeatureStoreError(f"feature group {name} has no offline store: there is nothing to train from")
    where = told["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    bucket, _, prefix = where.removeprefix("s3://").partition("/")
    return Group(name, bucket, prefix.rstrip("/") + "/")
