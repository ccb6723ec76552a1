"""Records go through boto3 into the online store, and as Parquet into S3."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_cloud import launcher

pytestmark = pytest.mark.integration
GROUP = "test-reviews"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launcher.Cloud]:
    home = tmp_path_factory.mktemp("cloud")
    yield launcher.start(home, launcher.free_port(0))
    launcher.stop(home)


def client(cloud: launcher.Cloud, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.endpoint_url,
        region_name=cloud.region,
        aws_access_key_id=cloud.account,
        aws_secret_access_key="local",
    )


def record(number: int, at: float = 1_700_000_000.0, text: str = "fine") -> list[dict[str, str]]:
    values = {"review_id": f"r{number}", "event_time": str(at), "text": text, "label_id": str(number % 3)}
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


def create_group(cloud: launcher.Cloud) -> dict[str, Any]:
    types = {"review_id": "String", "event_time": "Fractional", "text": "String", "label_id": "Integral"}
    client(cloud, "s3").create_bucket(Bucket="lake")
    sagemaker = client(cloud, "sagemaker")
    sagemaker.create_feature_group(
        FeatureGroupName=GROUP,
        RecordIdentifierFeatureName="review_id",
        EventTimeFeatureName="event_time",
        FeatureDefinitions=[{"FeatureName": name, "FeatureType": kind} for name, kind in types.items()],
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://lake/features"}},
        RoleArn="arn:aws:iam::123456789012:role/features",
    )
    group: dict[str, Any] = sagemaker.describe_feature_group(FeatureGroupName=GROUP)
    return group


def flush(cloud: launcher.Cloud) -> dict[str, int]:
    url = f"{cloud.endpoint_url}/_local_cloud/feature-store/flush"
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - http on 127.0.0.1
        done: dict[str, int] = json.load(answer)
    return done


def test_records_are_read_back_online_and_offline(cloud: launcher.Cloud) -> None:
    group = create_group(cloud)
    assert group["FeatureGroupStatus"] == "Created"
    store = client(cloud, "sagemaker-featurestore-runtime")
    for first in range(0, 100, 25):
        entries = [{"FeatureGroupName": GROUP, "Record": record(at)} for at in range(first, first + 25)]
        assert store.batch_write_record(Entries=entries)["Errors"] == []
    store.put_record(FeatureGroupName=GROUP, Record=record(7, at=1_700_003_600.0, text="changed"))
    store.delete_record(FeatureGroupName=GROUP, RecordIdentifierValueAsString="r8", EventTime="1700003600")

    found = store.get_record(
        FeatureGroupName=GROUP, RecordIdentifierValueAsString="r7", FeatureNames=["text", "label_id"]
    )
    assert found["Record"] == [
        {"FeatureName": "text", "ValueAsString": "changed"},
        {"FeatureName": "label_id", "ValueAsString": "1"},
    ]
    wanted = [
        {
            "FeatureGroupName": group["FeatureGroupArn"],
            "RecordIdentifiersValueAsString": ["r1", "r8", "r99", "r100"],
        }
    ]
    batch = store.batch_get_record(Identifiers=wanted)
    assert [item["RecordIdentifierValueAsString"] for item in batch["Records"]] == ["r1", "r99"]

    flush(cloud)
    assert flush(cloud) == {"rows": 0, "files": 0}
    table = read_all(cloud, group)
    assert table.num_rows == 102
    rows = {(row["review_id"], row["event_time"]): row for row in table.to_pylist()}
    assert rows["r7", 1_700_003_600.0]["text"] == "changed"
    assert rows["r7", 1_700_000_000.0]["text"] == "fine"
    assert rows["r8", 1_700_003_600.0]["is_deleted"] is True


def read_all(cloud: launcher.Cloud, group: dict[str, Any]) -> pa.Table:
    resolved = group["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    bucket, _, prefix = resolved.removeprefix("s3://").partition("/")
    s3 = client(cloud, "s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    assert all(key.startswith(f"{prefix}/year=2023/month=11/day=14/hour=2") for key in keys)
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    return pa.concat_tables(pq.ParquetFile(io.BytesIO(body)).read() for body in bodies)


def test_errors_are_those_of_the_service(cloud: launcher.Cloud) -> None:
    store = client(cloud, "sagemaker-featurestore-runtime")
    with pytest.raises(store.exceptions.ResourceNotFound):
        store.get_record(FeatureGroupName="nothing", RecordIdentifierValueAsString="r1")
    with pytest.raises(store.exceptions.ValidationError, match="'stars' is not defined"):
        wrong = [{"FeatureName": "stars", "ValueAsString": "5"}]
        store.put_record(FeatureGroupName=GROUP, Record=wrong)
