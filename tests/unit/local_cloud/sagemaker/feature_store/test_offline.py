"""Rows reach S3 as Parquet below the hour of their event, with the columns Feature Store adds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.feature_store import offline, schema

from .conftest import NAME, Lake, review


def test_rows_have_the_types_of_their_features(lake: Lake) -> None:
    lake.create()
    lake.put(review("a", at=100.5, tokens=["7", "8"]))
    lake.put({"review_id": "b", "event_time": "200"})
    before = datetime.now(UTC)
    assert lake.flush() == {"rows": 2, "files": 1}
    table = lake.table()
    moment = pa.timestamp("ms", tz="UTC")
    assert {field.name: field.type for field in table.schema} == {
        "review_id": pa.string(),
        "event_time": pa.float64(),
        "text": pa.string(),
        "label_id": pa.int64(),
        "tokens": pa.list_(pa.int64()),
        "write_time": moment,
        "api_invocation_time": moment,
        "is_deleted": pa.bool_(),
    }
    first, second = table.to_pylist()
    assert (first["review_id"], first["event_time"], first["label_id"]) == ("a", 100.5, 2)
    assert first["tokens"] == [7, 8]
    assert (second["text"], second["label_id"], second["tokens"]) == (None, None, None)
    assert first["is_deleted"] is False
    assert first["api_invocation_time"] <= first["write_time"]
    assert abs((first["write_time"] - before).total_seconds()) < 60


def test_one_file_for_each_hour_of_event_time(lake: Lake) -> None:
    group = lake.create()
    for identifier, at in (("a", 1_700_000_000), ("b", 1_700_000_001), ("c", 1_700_003_600)):
        lake.put(review(identifier, at=at))
    assert lake.flush() == {"rows": 3, "files": 2}
    base = group["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    names = sorted(uri.removeprefix(base) for uri in lake.ctx.aws.objects)
    patterns = [
        r"/year=2023/month=11/day=14/hour=22/20231114T221321Z_[A-Za-z0-9]{16}\.parquet",
        r"/year=2023/month=11/day=14/hour=23/20231114T231320Z_[A-Za-z0-9]{16}\.parquet",
    ]
    assert all(re.fullmatch(pattern, name) for pattern, name in zip(patterns, names, strict=True))


def test_history_is_kept_and_deletion_is_a_row(lake: Lake) -> None:
    lake.create()
    lake.put(review(at=200.0, text="new"))
    lake.put(review(at=100.0, text="old"))
    lake.send("DELETE", f"/FeatureGroup/{NAME}", RecordIdentifierValueAsString="r1", EventTime="300")
    lake.flush()
    rows = lake.table().to_pylist()
    assert [(row["text"], row["is_deleted"]) for row in rows] == [
        ("old", False),
        ("new", False),
        (None, True),
    ]


def test_nothing_is_written_twice(lake: Lake) -> None:
    lake.create()
    lake.put(review())
    assert lake.flush()["rows"] == 1
    assert lake.flush() == {"rows": 0, "files": 0}
    assert lake.table().num_rows == 1


def test_rows_that_s3_refuses_are_kept(lake: Lake) -> None:
    lake.create()
    lake.put(review())
    lake.ctx.aws.broken = True
    with pytest.raises(ClientError):
        offline.flush_all()
    lake.ctx.aws.broken = False
    assert lake.flush()["rows"] == 1


def test_background_thread_writes_when_a_buffer_is_full(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[bool] = []
    monkeypatch.setattr(offline, "FULL_ROWS", 2)
    monkeypatch.setattr(offline._writer, "wake", woken.append)
    lake.create()
    lake.put(review("a"))
    lake.put(review("b"))
    assert woken == [False, True]


def test_an_hour_that_s3_refuses_does_not_write_the_others_twice(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.create()
    for identifier, at in (("a", 1_700_000_000), ("b", 1_700_003_600), ("c", 1_700_007_200)):
        lake.put(review(identifier, at=at))
    put = lake.ctx.aws.put_object

    def refuse_one_hour(Bucket: str, Key: str, Body: bytes, ACL: str) -> None:
        lake.ctx.aws.broken = "hour=23" in Key
        put(Bucket, Key, Body, ACL)

    monkeypatch.setattr(offline, "_PARALLEL_FILES", 1)
    monkeypatch.setattr(lake.ctx.aws, "put_object", refuse_one_hour)
    with pytest.raises(ClientError):
        offline.flush_all()
    assert [row["review_id"] for row in lake.table().to_pylist()] == ["a", "c"]
    monkeypatch.setattr(lake.ctx.aws, "put_object", put)
    lake.ctx.aws.broken = False
    assert lake.flush() == {"rows": 1, "files": 1}
    assert [row["review_id"] for row in lake.table().to_pylist()] == ["a", "b", "c"]


def test_a_row_that_comes_while_its_group_is_deleted_is_written(lake: Lake) -> None:
    lake.create()
    group = schema.find(lake.ctx, NAME)
    lake.put(review("a", at=100))
    buffer = offline.of(lake.ctx, group)
    lake.call("DeleteFeatureGroup")
    row = schema.Row("b", 200.0, {"review_id": "b", "event_time": "200"})
    buffer.append(group, [offline.OfflineRow(row.event_s, row.values, datetime.now(UTC), False)])
    assert [one["review_id"] for one in lake.table().to_pylist()] == ["a", "b"]


def test_rows_stay_when_the_group_cannot_be_deleted(lake: Lake) -> None:
    lake.create()
    lake.put(review())
    lake.ctx.aws.broken = True
    with pytest.raises(ServiceError, match="not written yet"):
        lake.call("DeleteFeatureGroup")
    lake.ctx.aws.broken = False
    assert lake.flush()["rows"] == 1
    assert lake.table().num_rows == 1
