"""The offline store: buffered rows become Parquet files, one an hour of event time, in the background."""

from __future__ import annotations

import logging
import secrets
import string
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.feature_store import parquet, schema
from local_cloud.sagemaker.feature_store.parquet import OfflineRow
from local_cloud.sagemaker.feature_store.schema import KIND, OFFLINE, FeatureGroup, Row
from local_cloud.sagemaker.jobs.transfer import split_uri
from local_cloud.sagemaker.store import OWN_TABLE

EVERY_S = 3.0
FULL_ROWS = 5_000
_PARALLEL_FILES = 8
_SUFFIX = string.ascii_letters + string.digits
_log = logging.getLogger("local_cloud.sagemaker.feature_store")


@dataclass(frozen=True)
class Flushed:
    """How much was written."""

    rows: int = 0
    files: int = 0


@dataclass(frozen=True)
class _Waiting:
    """A row that is still to be written, and the file that it goes to once that is known."""

    row: OfflineRow
    file: str | None = None


@dataclass(frozen=True)
class _Written:
    """What came of an attempt to write: files, the rows in them, and why there are others."""

    files: int
    rows: list[str]
    error: Exception | None


class Buffer:
    """The rows of one feature group that are still to be written.

    A row stays in it, and in the journal, until its file is in S3. The name of the file is noted before: what
    an earlier server was about to write, or has just written, is written again under that name.
    """

    def __init__(self, ctx: Context, kind: str = "") -> None:
        self.lock = threading.Lock()
        self._ctx, self._kind = ctx, kind
        self._writing = threading.Lock()
        self._rows: dict[str, _Waiting] = {}
        self._group: FeatureGroup | None = None
        self._closed = False

    def append(self, group: FeatureGroup, rows: Sequence[OfflineRow]) -> None:
        """Take rows; `group` is the schema they were checked against. A closed buffer writes them at once."""
        added = {secrets.token_hex(8): _Waiting(row) for row in rows}
        with self.lock:
            self._group = group
            self._rows |= added
            full, closed = len(self._rows) >= FULL_ROWS, self._closed
        self._note(added)
        if closed:
            self.flush()
        else:
            _writer.wake(full)

    def restore(self, group: FeatureGroup) -> None:
        """Take the rows that an earlier server has left."""
        kept = self._ctx.journal.loaded(self._kind) if self._ctx.journal else {}
        with self.lock:
            self._group = group
            self._rows = {name: _Waiting(OfflineRow(*row), file) for name, (*row, file) in kept.items()}
        if kept:
            _writer.wake(full=True)

    def close(self) -> None:
        """Write what is left: nothing stays in the buffer from now on.

        Raises
        ------
        BotoCoreError, ClientError
            As S3 answers.
        """
        with self.lock:
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
            with self.lock:
                rows, group = dict(self._rows), self._group
            if not rows or group is None:
                return Flushed()
            written = _write(self._ctx, group, rows, self._plan)
            with self.lock:
                for name in written.rows:
                    del self._rows[name]
            self._note(written.rows)
            if written.error is not None:
                raise written.error
            return Flushed(len(written.rows), written.files)

    def find(self, _kind: str, name: str) -> Any:
        """A row as the journal keeps it, or None; called under `lock`."""
        waiting = self._rows.get(name)
        if waiting is None:
            return None
        row = waiting.row
        return [row.event_s, row.values, row.api_invocation_time, row.is_deleted, waiting.file]

    def _plan(self, file: str, names: Sequence[str]) -> None:
        """Note where rows go; the journal has that on disk before S3 says that the file is."""
        with self.lock:
            for name in names:
                self._rows[name] = _Waiting(self._rows[name].row, file)
        self._note(names)

    def _note(self, names: Iterable[str]) -> None:
        if self._ctx.journal is not None:
            for name in names:
                self._ctx.journal.note(self, self._kind, name)


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
    key = _key(ctx, group)
    with _buffers_lock:
        return _buffers.setdefault(key, Buffer(ctx, f"{OWN_TABLE}offline {group.arn} {key[2]}"))


def resume(ctx: Context) -> None:
    """Go on with the rows that an earlier server has not written."""
    for record in ctx.store.list(KIND):
        group = schema.of(record)
        if OFFLINE in group.stores:
            of(ctx, group).restore(group)


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


def _write(
    ctx: Context, group: FeatureGroup, rows: dict[str, _Waiting], plan: Callable[[str, Sequence[str]], None]
) -> _Written:
    """Write rows, one file for each hour of event time; one that fails does not stop the others."""
    try:
        client = ctx.client("s3", group.role)
        bucket, prefix = split_uri(group.output)
    except Exception as error:  # noqa: BLE001 - raised by the caller, once the rows are safe
        return _Written(0, [], error)
    files = _files(prefix, rows)
    for file, names in files.items():
        plan(file, names)
    written = now()

    def put(item: tuple[str, list[str]]) -> Exception | None:
        file, names = item
        try:
            body = parquet.dumps(group, [rows[name].row for name in names], written)
            # With this ACL Feature Store hands the objects to the owner of the bucket, whoever wrote them.
            client.put_object(Bucket=bucket, Key=file, Body=body, ACL="bucket-owner-full-control")
        except Exception as error:  # noqa: BLE001 - raised by the caller, once the rows are safe
            return error
        return None

    with ThreadPoolExecutor(_PARALLEL_FILES, thread_name_prefix="offline") as pool:
        errors = list(pool.map(put, files.items()))
    good = [names for error, names in zip(errors, files.values(), strict=True) if error is None]
    failed = [error for error in errors if error is not None]
    return _Written(len(good), [name for names in good for name in names], failed[0] if failed else None)


def _files(prefix: str, rows: dict[str, _Waiting]) -> dict[str, list[str]]:
    """The rows of each file: those it is planned for already, and one new file an hour for all others."""
    files: dict[str, list[str]] = defaultdict(list)
    hours: dict[str, list[str]] = defaultdict(list)
    for name, waiting in rows.items():
        if waiting.file:
            files[waiting.file].append(name)
        else:
            at = datetime.fromtimestamp(waiting.row.event_s, UTC)
            hours[f"year={at:%Y}/month={at:%m}/day={at:%d}/hour={at:%H}"].append(name)
    for folder, names in hours.items():
        latest = datetime.fromtimestamp(max(rows[name].row.event_s for name in names), UTC)
        suffix = "".join(secrets.choice(_SUFFIX) for _ in range(16))
        files[f"{prefix}/{folder}/{latest:%Y%m%dT%H%M%SZ}_{suffix}.parquet"] = names
    return files
