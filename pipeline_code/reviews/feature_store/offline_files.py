"""The Parquet files of an offline store: listed by hour of event time, fetched ahead, read as one schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline_code.reviews.feature_store.errors import OfflineStoreError
from pipeline_code.reviews.feature_store.group import Group
from pipeline_code.reviews.feature_store.parallel import ahead

_MOMENT = pa.timestamp("us", tz="UTC")
# The columns that are read: features, then those that Feature Store adds.
SCHEMA = pa.schema(
    [
        ("review_id", pa.string()),
        ("group_id", pa.string()),
        ("split_key", pa.string()),
        ("review_body", pa.string()),
        ("source", pa.string()),
        ("label", pa.string()),
        ("label_id", pa.int64()),
        ("event_time", pa.float64()),
        ("attributes", pa.string()),
        ("input_ids", pa.string()),
        ("features_version", pa.string()),
        ("record_hash", pa.string()),
        ("write_time", _MOMENT),
        ("api_invocation_time", _MOMENT),
        ("is_deleted", pa.bool_()),
    ]
)
_HOUR = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/hour=(\d{2})/[^/]+\.parquet$")
_THREADS, _AHEAD = 8, 16
_CHUNK = 1 << 20
_BATCH_ROWS = 8192


@dataclass(frozen=True)
class OfflineFile:
    """One file; `hour` is the start of the hour of event time that it holds, in UNIX seconds."""

    key: str
    size: int
    hour: float


class OfflineFiles:
    """The files of one group's offline store.

    Parameters
    ----------
    client
        S3.
    group
        Whose files.
    scratch
        An existing directory that has room for a few files.
    """

    def __init__(self, client: Any, group: Group, scratch: Path) -> None:
        self._client, self._group, self._scratch = client, group, scratch

    def list(self, as_of: float) -> list[OfflineFile]:
        """Return the files that can hold events up to `as_of` (UNIX seconds), by key.

        Raises
        ------
        OfflineStoreError
            S3 refuses.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._group.bucket, Prefix=self._group.prefix
        )
        found = []
        try:
            for page in pages:
                for item in page.get("Contents", []):
                    hour = _hour(item["Key"])
                    if hour is not None and hour <= as_of:
                        found.append(OfflineFile(item["Key"], item["Size"], hour))
        except (BotoCoreError, ClientError) as error:
            raise self._unreadable("", error) from None
        return sorted(found, key=lambda file: file.key)

    def batches(self, files: Iterable[OfflineFile], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of `files`, in their order, in batches with the given columns of `SCHEMA`.

        Raises
        ------
        OfflineStoreError
            A file cannot be fetched or is not Parquet of this feature group.
        """
        schema = pa.schema([SCHEMA.field(name) for name in columns])
        for file, path in ahead(self._fetch, enumerate(files), threads=_THREADS, in_flight=_AHEAD):
            try:
                with pq.ParquetFile(path) as parquet:
                    there = [name for name in columns if name in parquet.schema_arrow.names]
                    for batch in parquet.iter_batches(_BATCH_ROWS, columns=there):
                        yield _normal(batch, schema)
            except pa.ArrowException as error:
                raise self._unreadable(file.key, error) from None
            finally:
                path.unlink()

    def _fetch(self, numbered: tuple[int, OfflineFile]) -> tuple[OfflineFile, Path]:
        from botocore.exceptions import BotoCoreError, ClientError

        number, file = numbered
        path = self._scratch / f"fetched-{number}.parquet"
        try:
            body = self._client.get_object(Bucket=self._group.bucket, Key=file.key)["Body"]
            with path.open("wb") as stream:
                for chunk in body.iter_chunks(_CHUNK):
                    stream.write(chunk)
        except (BotoCoreError, ClientError) as error:
            raise self._unreadable(file.key, error) from None
        return file, path

    def _unreadable(self, key: str, error: Exception) -> OfflineStoreError:
        where = f"s3://{self._group.bucket}/{key or self._group.prefix}"
        return OfflineStoreError(f"feature group {self._group.name}: {where} cannot be read: {error}")


def _hour(key: str) -> float | None:
    found = _HOUR.search(key)
    if not found:
        return None
    year, month, day, hour = map(int, found.groups())
    return datetime(year, month, day, hour, tzinfo=UTC).timestamp()


def _normal(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in the given schema; a column that an older file lacks is null."""
    columns = []
    for field in schema:
        if field.name not in batch.schema.names:
            columns.append(pa.nulls(batch.num_rows, field.type))
            continue
        column = batch.column(field.name)
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            column = pc.assume_timezone(column, "UTC")
        columns.append(pc.cast(column, field.type, safe=False))
    return pa.record_batch(columns, schema=schema)
