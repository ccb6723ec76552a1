"""Uploads while a job runs, of folders in which the job goes on writing and removing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_cloud.sagemaker.jobs.mirror import Mirror

from ..conftest import MemoryS3


class Watched(MemoryS3):
    """Tells of each upload."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = threading.Event()
        self.before: Callable[[str], None] = lambda name: None

    def upload_file(self, name: str, *members: Any, **named: Any) -> None:
        self.before(name)
        super().upload_file(name, *members, **named)
        self.sent.set()


@pytest.fixture
def s3() -> Watched:
    return Watched()


def _mirror(s3: Watched, folder: Path) -> Mirror:
    return Mirror(s3, [(folder, "s3://b/points")], "job")


def test_a_folder_that_goes_while_it_is_looked_at_costs_no_later_upload(
    s3: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    scan, looked = os.scandir, threading.Event()

    def gone(path: Any) -> Any:
        if Path(path).name == "old" and not looked.is_set():
            looked.set()
            raise FileNotFoundError(path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", gone)
    mirror = _mirror(s3, tmp_path)
    assert looked.wait(10)
    (tmp_path / "new").write_text("1")
    assert s3.sent.wait(10)
    mirror.finish()
    assert s3.objects == {("b", "points/new"): b"1"}


def test_a_file_that_goes_before_it_is_sent_does_not_keep_the_others(s3: Watched, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    s3.before = lambda name: (tmp_path / "a").unlink(missing_ok=True)
    _mirror(s3, tmp_path).finish()
    assert s3.objects == {("b", "points/b"): b"b"}
