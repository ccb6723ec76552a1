"""A feature group over an S3 that is a dictionary."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from local_cloud.sagemaker import feature_store, operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.feature_store import offline
from local_cloud.sagemaker.operations import Request

ROLE = "arn:aws:iam::123456789012:role/features"
NAME = "the-reviews"
FEATURES = [
    {"FeatureName": "review_id", "FeatureType": "String"},
    {"FeatureName": "event_time", "FeatureType": "Fractional"},
    {"FeatureName": "text", "FeatureType": "String"},
    {"FeatureName": "label_id", "FeatureType": "Integral"},
    {"FeatureName": "tokens", "FeatureType": "Integral", "CollectionType": "List"},
]


class FakeS3:
    """Buckets and objects in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.buckets = {"lake"}
        self.broken = False

    def get_bucket_acl(self, Bucket: str) -> None:
        if Bucket not in self.buckets:
            raise ClientError({"Error": {"Code": "NoSuchBucket", "Message": "Not Found"}}, "GetBucketAcl")

    def put_object(self, Bucket: str, Key: str, Body: bytes, ACL: str) -> None:
        assert ACL == "bucket-owner-full-control"
        if self.broken:
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "later"}}, "PutObject")
        self.objects[f"s3://{Bucket}/{Key}"] = Body


EXISTS = ClientError({"Error": {"Code": "AlreadyExistsException", "Message": "there"}}, "Create")


class FakeGlue:
    """Databases and their tables in memory."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Any]] = {}

    def create_database(self, DatabaseInput: dict[str, Any]) -> None:
        if DatabaseInput["Name"] in self.tables:
            raise ClientError(
                {"Error": {"Code": "AlreadyExistsException", "Message": "is"}}, "CreateDatabase"
            )
        self.tables[DatabaseInput["Name"]] = {}

    def create_table(self, DatabaseName: str, TableInput: dict[str, Any]) -> None:
        if TableInput["Name"] in self.tables[DatabaseName]:
            raise EXISTS
        self.tables[DatabaseName][TableInput["Name"]] = TableInput

    def update_table(self, DatabaseName: str, TableInput: dict[str, Any]) -> None:
        self.tables[DatabaseName][TableInput["Name"]] = TableInput


class FakeContext(Context):
    """A context whose only clients are S3, as the group's role, and Glue."""

    def __init__(self, home: Path) -> None:
        self.aws, self.glue = FakeS3(), FakeGlue()
        super().__init__("123456789012", "us-east-1", f"http://127.0.0.1:9/{home}", home)

    def client(self, service: str, role_arn: str | None = None) -> Any:
        if service == "glue":
            return self.glue
        assert (service, role_arn) == ("s3", ROLE)
        return self.aws


class Lake:
    """The calls of the control plane and the runtime."""

    def __init__(self, ctx: FakeContext) -> None:
        self.ctx = ctx

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return operations.call(self.ctx, operation, {"FeatureGroupName": NAME, **params})

    def create(self, **changes: Any) -> dict[str, Any]:
        params = {
            "RecordIdentifierFeatureName": "review_id",
            "EventTimeFeatureName": "event_time",
            "FeatureDefinitions": FEATURES,
            "OnlineStoreConfig": {"EnableOnlineStore": True},
            "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://lake/features/"}},
            "RoleArn": ROLE,
            **changes,
        }
        given = {key: value for key, value in params.items() if value is not None}
        self.call("CreateFeatureGroup", **given)
        return self.call("DescribeFeatureGroup")

    def send(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        found = operations.find_route(method, path)
        assert found is not None, path
        serve, match = found
        raw = b"" if body is None else json.dumps(body).encode()
        assert urlencode(query) or not query
        return json.loads(serve(self.ctx, Request(method, path, {}, raw, query, match)).body)

    def put(self, values: dict[str, Any], name: str = NAME, **more: Any) -> None:
        self.send("PUT", f"/FeatureGroup/{name}", {"Record": record(values), **more})

    def get(self, identifier: str, **query: str) -> dict[str, Any] | None:
        path = f"/FeatureGroup/{NAME}"
        answer = self.send("GET", path, RecordIdentifierValueAsString=identifier, **query)
        return values_of(answer["Record"]) if "Record" in answer else None

    def flush(self) -> dict[str, int]:
        done: dict[str, int] = self.send("GET", "/_local_cloud/feature-store/flush")
        return done

    def table(self) -> pa.Table:
        """All rows of the offline store, in the order of their event times."""
        objects = self.ctx.aws.objects
        # One file after the other: `read_table` of a path would add the partition columns.
        tables = [pq.ParquetFile(io.BytesIO(body)).read() for body in objects.values()]
        return pa.concat_tables(tables).sort_by("event_time")


def record(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return values as the API takes them."""
    return [
        {
            "FeatureName": name,
            ("ValueAsStringList" if isinstance(value, list) else "ValueAsString"): value,
        }
        for name, value in values.items()
    ]


def values_of(features: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the API gives as plain values."""
    return {
        item["FeatureName"]: item.get("ValueAsString", item.get("ValueAsStringList")) for item in features
    }


def review(identifier: str = "r1", at: float = 1_700_000_000.0, **more: Any) -> dict[str, Any]:
    return {"review_id": identifier, "event_time": str(at), "text": "fine", "label_id": "2", **more}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    assert feature_store
    monkeypatch.setattr(offline, "_buffers", {})
    # The background thread would make it a matter of time who writes.
    monkeypatch.setattr(offline._writer, "wake", lambda full: None)
    return Lake(FakeContext(tmp_path))
