"""What the stores have acknowledged is there after a restart, in the offline store once and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_cloud.sagemaker import feature_store
from local_cloud.sagemaker.feature_store import offline, online
from local_cloud.sagemaker.store import Store
from local_cloud.state.journal import Journal

from .conftest import NAME, FakeContext, Lake, review

Rows = dict[tuple[str, str, str], str]


class Disk:
    """Keeps what a journal has taken."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.journal = Journal()

    def write(self) -> None:
        for key, (_, body) in self.journal.take().items():
            if body is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = body

    def read(self) -> Journal:
        self.journal = Journal((*key, body) for key, body in self.rows.items())
        return self.journal


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def kept(lake: Lake, disk: Disk) -> Lake:
    with_journal(lake.ctx, disk.journal)
    return lake


def with_journal(ctx: FakeContext, journal: Journal) -> None:
    ctx.journal = journal.scope(ctx.account, ctx.region)
    ctx.store = Store(ctx.journal)


def restart(before: Lake, disk: Disk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A server that finds what the other has written; S3 and Glue are as they were."""
    monkeypatch.setattr(offline, "_buffers", {})
    monkeypatch.setattr(online, "_stores", {})
    after = Lake(FakeContext(folder))
    after.ctx.aws, after.ctx.glue = before.ctx.aws, before.ctx.glue
    with_journal(after.ctx, disk.read())
    feature_store.resume(after.ctx)
    return after


def test_online_records_and_tombstones_are_kept(
    kept: Lake, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.create()
    kept.put(review("a", at=200.0, tokens=["1"]))
    kept.put(review("b", at=200.0))
    path = f"/FeatureGroup/{NAME}"
    kept.send("DELETE", path, RecordIdentifierValueAsString="b", EventTime="300")
    kept.put(review("c", at=200.0))
    kept.send("DELETE", path, RecordIdentifierValueAsString="c", EventTime="300", DeletionMode="HardDelete")
    before = kept.get("a")
    disk.write()
    after = restart(kept, disk, tmp_path, monkeypatch)
    assert after.get("a") == before
    after.put(review("b", at=250.0))
    after.put(review("c", at=250.0))
    assert after.get("b") is None, "the later deletion is remembered"
    assert after.get("c") is not None, "a hard delete is not"


def test_records_of_a_deleted_group_are_not_kept(kept: Lake, disk: Disk) -> None:
    kept.create()
    kept.put(review())
    disk.write()
    assert len(disk.rows) > 1
    kept.call("DeleteFeatureGroup")
    disk.write()
    assert [kind for _, kind, _ in disk.rows if kind.startswith("$") or kind == "FeatureGroup"] == []


def test_rows_that_were_not_written_are_written_after_a_restart(
    kept: Lake, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.create()
    for identifier in "ab":
        kept.put(review(identifier, tokens=["1", "2"]))
    disk.write()
    after = restart(kept, disk, tmp_path, monkeypatch)
    assert after.flush() == {"rows": 2, "files": 1}
    rows = after.table().to_pylist()
    assert sorted(row["review_id"] for row in rows) == ["a", "b"]
    assert rows[0]["tokens"] == [1, 2]
    disk.write()
    assert restart(after, disk, tmp_path, monkeypatch).flush() == {"rows": 0, "files": 0}


def test_rows_whose_file_was_just_written_are_not_there_twice(
    kept: Lake, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.create()
    kept.put(review("a"))
    put = kept.ctx.aws.put_object

    def put_and_die(**given: Any) -> None:
        put(**given)
        disk.write()  # the file and the plan of it are on disk; that the row is done never gets there

    monkeypatch.setattr(kept.ctx.aws, "put_object", put_and_die)
    kept.flush()
    monkeypatch.setattr(kept.ctx.aws, "put_object", put)
    after = restart(kept, disk, tmp_path, monkeypatch)
    after.put(review("b"))
    assert after.flush() == {"rows": 2, "files": 2}
    assert sorted(row["review_id"] for row in after.table().to_pylist()) == ["a", "b"]
