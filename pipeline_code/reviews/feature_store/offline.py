"""What the offline store held at a time: for each review its latest event, deletions honoured."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline_code.reviews.feature_store.errors import OfflineStoreError
from pipeline_code.reviews.feature_store.group import Group
from pipeline_code.reviews.feature_store.offline_files import SCHEMA, OfflineFile, OfflineFiles

_PART_BYTES = 8 << 20  # of compressed Parquet
_MOST_BITS = 8
_BATCH_ROWS = 4096
_DIGEST = "digest"
_STORED = SCHEMA.append(pa.field(_DIGEST, pa.uint64()))
# The order of events, as in the SQL that AWS documents; hash and label make it total.
_LATEST = ("event_time", "api_invocation_time", "write_time", "is_deleted", "record_hash", "label_id")
_COLUMNS = tuple(
    name
    for name in SCHEMA.names
    if name not in ("record_hash", "write_time", "api_invocation_time", "is_deleted")
)


@dataclass(frozen=True)
class Snapshot:
    """The live reviews of a feature group as of a time, on disk.

    Parameters
    ----------
    group
        Name of the feature group.
    as_of
        UNIX seconds.
    rows
        How many reviews.
    """

    group: str
    as_of: float
    rows: int
    _parts: tuple[Path, ...]

    def batches(self, index: int = 0, count: int = 1) -> Iterator[list[dict[str, Any]]]:
        """Yield the reviews of share `index` of `count`, always in the same order.

        Each is a dict of review_id, group_id, split_key, review_body, source, label, label_id, event_time,
        attributes, input_ids (list of int) and features_version. Shares are disjoint and hold all reviews.

        Raises
        ------
        OfflineStoreError
            A review's latest event lacks a feature, or has token ids that are none.
        """
        for path in self._parts:
            with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
                for number in range(file.num_record_batches):
                    batch = file.get_batch(number)
                    if count > 1:
                        batch = batch.filter(pa.array(_digests(batch) % np.uint64(count) == index))
                    if batch.num_rows:
                        yield [self._row(row) for row in batch.select(list(_COLUMNS)).to_pylist()]

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        empty = next((name for name in _COLUMNS if row[name] is None), None)
        if empty:
            raise OfflineStoreError(
                f"feature group {self.group}: the latest event of review_id {row['review_id']} has no "
                f"{empty}: an event, a correction too, must carry every feature. Write it again"
            )
        try:
            ids = json.loads(row["input_ids"])
        except ValueError:
            ids = None
        if not isinstance(ids, list) or not all(type(one) is int for one in ids):
            raise OfflineStoreError(
                f"feature group {self.group}: the input_ids of review_id {row['review_id']} are not a JSON "
                "list of integers. Write it again"
            )
        return row | {"input_ids": ids}


def snapshot(client: Any, group: Group, as_of: float, scratch: Path) -> Snapshot:
    """Return what the offline store of `group` held at `as_of`, as it was known at `as_of`.

    An event counts when it happened and was written by then, so the answer does not change with later
    corrections, late arrivals or deletions. Memory does not grow with the store: rows go to files below
    `scratch` by the hash of their id, and each file is reduced to its latest events.

    Parameters
    ----------
    client
        S3.
    group
        The feature group.
    as_of
        UNIX seconds.
    scratch
        Directory for the snapshot's files; the snapshot is readable as long as they are there.

    Raises
    ------
    OfflineStoreError
        The store cannot be read.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    files = OfflineFiles(client, group, scratch)
    listed = files.list(as_of)
    raw = _spread(files, listed, as_of, scratch)
    parts, rows = [], 0
    for number, path in enumerate(raw):
        latest = _latest(path)
        path.unlink()
        if latest.num_rows:
            parts.append(scratch / f"snapshot-{number:03d}.arrow")
            _write(parts[-1], latest)
            rows += latest.num_rows
    return Snapshot(group.name, as_of, rows, tuple(parts))


def digest(review_id: str) -> int:
    """64 bits that decide a review's place and share; another hash than that of the splits."""
    return int.from_bytes(hashlib.sha256(f"snapshot\0{review_id}".encode()).digest()[:8], "big")


def _spread(files: OfflineFiles, listed: list[OfflineFile], as_of: float, scratch: Path) -> list[Path]:
    """Write the rows known at `as_of` to files by the top bits of their digest; return the files in order."""
    bits = min(_MOST_BITS, (sum(file.size for file in listed) // _PART_BYTES).bit_length())
    paths = [scratch / f"raw-{number:03d}.arrow" for number in range(1 << bits)]
    until = pa.scalar(round(as_of * 1e6), pa.timestamp("us", tz="UTC"))
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_file(str(path), _STORED)) for path in paths]
        for batch in files.batches(listed, SCHEMA.names):
            known = pc.and_(
                pc.less_equal(batch["event_time"], as_of), pc.less_equal(batch["api_invocation_time"], until)
            )
            kept = batch.filter(known)
            digests = np.array([digest(name) for name in kept["review_id"].to_pylist()], np.uint64)
            kept = kept.append_column(_DIGEST, pa.array(digests, pa.uint64()))
            places = digests >> np.uint64(64 - bits) if bits else np.zeros(len(digests), np.uint64)
            for place in np.unique(places):
                writers[int(place)].write_batch(kept.filter(pa.array(places == place)))
    return paths


def _latest(path: Path) -> pa.Table:
    """The live latest events of one file, by digest and id."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        table = file.read_all()
    if not table.num_rows:
        return table
    keys = [(name, "ascending") for name in (_DIGEST, "review_id", *_LATEST)]
    order = pc.sort_indices(table, sort_keys=keys)
    ids = table["review_id"].take(order).to_numpy(zero_copy_only=False)
    last = np.append(ids[1:] != ids[:-1], True)
    table = table.take(order.filter(pa.array(last)))
    return table.filter(pc.invert(pc.fill_null(table["is_deleted"], False)))


def _write(path: Path, table: pa.Table) -> None:
    with pa.ipc.new_file(str(path), _STORED) as writer:
        writer.write_table(table, max_chunksize=_BATCH_ROWS)


def _digests(batch: pa.RecordBatch) -> Any:
    return batch[_DIGEST].to_numpy()
