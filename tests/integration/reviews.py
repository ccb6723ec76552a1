"""Rows of features, the feature group they go to and its offline rows, for tests that share them."""

from __future__ import annotations

import io
import urllib.request
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from infra.data.features import EVENT_TIME, FEATURES, RECORD_IDENTIFIER
from pipeline_code.reviews.feature_store import Group, describe
from tests.integration.conftest import Cloud

SPLITS = ("train", "validation", "test")
LABELS = ("negative", "neutral", "positive")


def row(number: int) -> dict[str, Any]:
    """A row of features; labels take turns, every hour of event time has four rows."""
    return {
        "review_id": f"r{number}",
        "group_id": f"g{number}",
        "split_key": f"g{number}",
        "review_body": f"a \u201cquoted\u201d, text {number}",
        "source": "clothing",
        "label": LABELS[number % 3],
        "label_id": number % 3,
        "event_time": 1_600_000_000.0 + 900 * (number % 4000),
        "attributes": "{}",
        "split": SPLITS[min(number % 10, 2)],
        "length": 3,
        "input_ids": [2, number, 3],
        "attention_mask": [1, 1, 1],
    }


def create_group(cloud: Cloud, name: str) -> Group:
    """A feature group with all features, and the bucket of its offline store."""
    cloud.client("s3").create_bucket(Bucket=f"{name}-lake")
    cloud.client("sagemaker").create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName=RECORD_IDENTIFIER,
        EventTimeFeatureName=EVENT_TIME,
        FeatureDefinitions=[
            {"FeatureName": feature, "FeatureType": kind} for feature, kind in FEATURES.items()
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{name}-lake/features"}},
        RoleArn=cloud.make_role(f"{name}-role"),
    )
    return describe(cloud.client("sagemaker"), name)


def flush(cloud: Cloud) -> None:
    """Let the local cloud write its offline stores now."""
    url = f"{cloud.url}/_local_cloud/feature-store/flush"
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - http on 127.0.0.1
        answer.read()


def offline_rows(cloud: Cloud, group: Group) -> pa.Table:
    """Every row of the offline store: each event, also the superseded ones."""
    s3 = cloud.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=group.bucket, Prefix=group.prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    bodies = (s3.get_object(Bucket=group.bucket, Key=key)["Body"].read() for key in keys)
    return pa.concat_tables(pq.ParquetFile(io.BytesIO(body)).read() for body in bodies)
