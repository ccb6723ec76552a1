"""The offline store: buffered rows become Parquet files, one an hour of event time, in the background."""

from __future__ import annotations

import io
import logging
import secrets
import string
import threading
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.feature_store.schema import FeatureGroup, Row, Values
from local_cloud.sagemaker.jobs.transfer import split_uri

EVERY_S = 3.0
FULL_ROWS = 5_000
_PARALLEL_FILES = 8
_SUFFIX = string.ascii_letters + string.digits
_log = logging.getLogger("local_cloud.sagemaker.feature_store")


@dataclass(frozen=True)
class OfflineRow:
    """A record, or its deletion, as the offline store keeps it."""

    event_s: float
    values: Values
    api_invocation_time: datetime
    is_deleted: bool


@dataclass(frozen=True)
class Flushed:
    """How much was written."""

    rows: int = 0
    files: int = 0


@dataclass(frozen=True)
class _Written:
    """What came of an attempt to write: files, rows of the others, and why there are any."""

    files: int
    refused: list[OfflineRow]
    error: Exception | None


class Buffer:
    """The rows of one feature group that are still to be written."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._rows: list[OfflineRow] = []
        self._group: FeatureGroup | None = None
        self._closed = False

    def append(self, group: FeatureGroup, rows: Sequence[OfflineRow]) -> None:
        """Take rows; `group` is the schema they were checked against. A closed buffer writes them at once."""
        with self._lock:
            self._group = group
            self._rows += rows
            full, closed = len(self._rows) >= FULL_ROWS, self._closed
        if closed:
            self.flush()
        else:
            _writer.wake(full)

    def close(self) -> None:
        """Write what is left: nothing stays in the buffer from now on.

        Raises
        ------
        BotoCoreError, ClientError
            As S3 answers.
        """
        with self._lock:
            self._closed = True
        self.flush()

    def flush(self) -> Flushed:
        """Write all rows to S3. Those that S3 refuses, and no others, stay in the buffer.

        Raises
        ------
        BotoCoreError, ClientError
            As S3 answers.
        """
        with self._writing:
            with self._lock:
                rows, group, self._rows = self._rows, self._group, []
            if not rows or group is None:
                return Flushed()
            written = _write(self._ctx, group, rows)
            with self._lock:
                self._rows = written.refused + self._rows
            if written.error is not None:
                raise written.error
            return Flushed(len(rows), written.files)


class Writer:
    """The thread that empties buffers: every few seconds, and at once when one is full."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._full = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self, full: bool) -> None:
        """Make sure the thread runs; `full` makes it write at once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="offline-store", daemon=True)
                self._thread.start()
        if full:
            self._full.set()

    def _run(self) -> None:
        while True:
            self._full.wait(EVERY_S)
            self._full.clear()
            for buffer in _all_buffers():
                try:
                    buffer.flush()
                except (BotoCoreError, ClientError) as error:
                    _log.error("offline store not written, will be tried again: %s", error)
                except Exception:  # noqa: BLE001 - the thread has to go on
                    _log.exception("offline store not written, will be tried again")


_writer = Writer()
_buffers: dict[tuple[str, str, str], Buffer] = {}
_buffers_lock = threading.Lock()


def append(ctx: Context, group: FeatureGroup, rows: Sequence[Row], *, deleted: bool = False) -> None:
    """Queue records, or deletions, for the offline store."""
    at = now()
    of(ctx, group).append(group, [OfflineRow(row.event_s, row.values, at, deleted) for row in rows])


def of(ctx: Context, group: FeatureGroup) -> Buffer:
    """Return the buffer of a feature group."""
    with _buffers_lock:
        return _buffers.setdefault(_key(ctx, group), Buffer(ctx))


def forget(ctx: Context, group: FeatureGroup) -> None:
    """Write what is left of a feature group and drop its buffer, unless S3 refuses the rows.

    Raises
    ------
    BotoCoreError, ClientError
        As S3 answers.
    """
    key = _key(ctx, group)
    with _buffers_lock:
        buffer = _buffers.get(key)
    if buffer is None:
        return
    buffer.close()
    with _buffers_lock:
        _buffers.pop(key, None)


def flush_all() -> Flushed:
    """Write every row that is still in memory."""
    done = [buffer.flush() for buffer in _all_buffers()]
    return Flushed(sum(one.rows for one in done), sum(one.files for one in done))


def shutdown() -> None:
    """Write what is left while S3 still answers; rows that S3 refuses are lost, and the log says so."""
    for buffer in _all_buffers():
        try:
            buffer.flush()
        except (BotoCoreError, ClientError) as error:
            _log.error("rows of the offline store are lost: %s", error)


def _all_buffers() -> list[Buffer]:
    with _buffers_lock:
        return list(_buffers.values())


def _key(ctx: Context, group: FeatureGroup) -> tuple[str, str, str]:
    return ctx.endpoint_url, group.arn, group.created.isoformat()


def _write(ctx: Context, group: FeatureGroup, rows: list[OfflineRow]) -> _Written:
    """Write rows, one file for each hour of event time; an hour that fails does not stop the others."""
    hours: dict[str, list[OfflineRow]] = defaultdict(list)
    for row in rows:
        at = datetime.fromtimestamp(row.event_s, UTC)
        hours[f"year={at:%Y}/month={at:%m}/day={at:%d}/hour={at:%H}"].append(row)
    try:
        client = ctx.client("s3", group.role)
        bucket, prefix = split_uri(group.output)
    except Exception as error:  # noqa: BLE001 - raised by the caller, once the rows are safe
        return _Written(0, rows, error)
    written = now()

    def put(item: tuple[str, list[OfflineRow]]) -> Exception | None:
        folder, some = item
        latest = datetime.fromtimestamp(max(row.event_s for row in some), UTC)
        suffix = "".join(secrets.choice(_SUFFIX) for _ in range(16))
        key = f"{prefix}/{folder}/{latest:%Y%m%dT%H%M%SZ}_{suffix}.parquet"
        try:
            client.put_object(Bucket=bucket, Key=key, Body=_parquet(group, some, written))
        except Exception as error:  # noqa: BLE001 - raised by the caller, once the rows are safe
            return error
        return None

    with ThreadPoolExecutor(_PARALLEL_FILES, thread_name_prefix="offline") as pool:
        errors = list(pool.map(put, hours.items()))
    failed = [error for error in errors if error is not None]
    refused = [row for error, some in zip(errors, hours.values(), strict=True) if error for row in some]
    return _Written(len(hours) - len(failed), refused, failed[0] if failed else None)


def _parquet(group: FeatureGroup, rows: list[OfflineRow], written: datetime) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
    parse = {"Integral": int, "Fractional": float, "String": str}
    columns: dict[str, Any] = {}
    for name, feature_type in group.types.items():
        cast = parse[feature_type]
        kind = arrow[feature_type]
        if name in group.collections:
            cells = [_each(cast, row.values.get(name)) for row in rows]
            columns[name] = pa.array(cells, pa.list_(kind))
        else:
            cells = [cast(row.values[name]) if name in row.values else None for row in rows]
            columns[name] = pa.array(cells, kind)
    moment = pa.timestamp("ms", tz="UTC")
    columns["write_time"] = pa.array([written] * len(rows), moment)
    columns["api_invocation_time"] = pa.array([row.api_invocation_time for row in rows], moment)
    columns["is_deleted"] = pa.array([row.is_deleted for row in rows], pa.bool_())
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target, compression="snappy")
    return target.getvalue()


def _each(cast: Any, values: Any) -> list[Any] | None:
    return None if values is None else [cast(value) for value in values]
