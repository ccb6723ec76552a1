"""An account without an emulator: records in memory, S3 as a dictionary, events in a list."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.sagemaker import control, coverage, experiments, jobs, lineage, pipelines, registry, search
from local_cloud.sagemaker.context import Context

__all__ = ["control", "coverage", "experiments", "jobs", "lineage", "pipelines", "registry", "search"]
ACCOUNT, REGION = "123456789012", "us-east-1"


class MemoryS3:
    """As much of an S3 client as jobs and pipelines use."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.keys: dict[tuple[str, str], str | None] = {}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": Key}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}

    def upload_file(
        self,
        name: str,
        bucket: str,
        key: str,
        Config: object = None,
        ExtraArgs: dict[str, str] | None = None,
    ) -> None:
        self.objects[bucket, key] = Path(name).read_bytes()
        self.keys[bucket, key] = (ExtraArgs or {}).get("SSEKMSKeyId")

    def get_paginator(self, name: str) -> MemoryS3:
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        keys = sorted(key for bucket, key in self.objects if bucket == Bucket and key.startswith(Prefix))
        return [
            {"Contents": [{"Key": key} for key in keys[:2]]},
            {"Contents": [{"Key": key} for key in keys[2:]]},
        ]


class AccountContext(Context):
    """A context whose clients are stubs."""

    def __init__(self, *members: Any, **named: Any) -> None:
        super().__init__(*members, **named)
        self.stub = MemoryS3()

    def client(self, service: str, role_arn: str | None = None) -> Any:
        if service == "s3":
            return self.stub
        raise AssertionError(f"a unit test needs no {service}")


@pytest.fixture
def events() -> list[tuple[str, Mapping[str, Any]]]:
    """What was emitted: (detail type, detail)."""
    return []


@pytest.fixture
def ctx(tmp_path: Path, events: list[tuple[str, Mapping[str, Any]]]) -> AccountContext:
    def sink(
        account: str, region: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
    ) -> None:
        events.append((detail_type, detail))

    return AccountContext(ACCOUNT, REGION, "http://127.0.0.1:1", tmp_path, event_sink=sink)
