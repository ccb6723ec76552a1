"""A state folder is ours, private and held by one server; only what we made is deleted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud.state import folder
from local_cloud.state.folder import StateError

HOLD = "import sys, pathlib; from local_cloud.state import folder; folder.hold(pathlib.Path(sys.argv[1]))"


def test_a_new_folder_is_private_and_marked(tmp_path: Path) -> None:
    held = folder.hold(tmp_path / "deep" / "state")
    assert held.path.stat().st_mode & 0o077 == 0
    assert folder.is_state(held.path)


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StateError, match="was not made by the local cloud"):
        folder.hold(tmp_path)
    with pytest.raises(StateError, match="nothing was deleted"):
        folder.empty(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_second_server_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    held = folder.hold(tmp_path)
    with pytest.raises(StateError, match=rf"in use by another local cloud \(process {os.getpid()}\)"):
        folder.hold(tmp_path)
    with pytest.raises(StateError, match="in use"):
        folder.empty(tmp_path)
    held.release()
    folder.hold(tmp_path).release()


def test_the_lock_of_a_dead_server_is_taken_over(tmp_path: Path) -> None:
    holder = subprocess.run([sys.executable, "-c", HOLD, str(tmp_path)], check=True)
    assert holder.returncode == 0
    held = folder.hold(tmp_path)
    assert (tmp_path / folder.LOCK).read_text() == f"{os.getpid()}\n"
    held.release()


def test_only_what_is_ours_is_deleted(tmp_path: Path) -> None:
    assert not folder.empty(tmp_path / "none")
    held = folder.hold(tmp_path)
    held.database.write_bytes(b"records")
    (held.bodies / "ab").mkdir(parents=True)
    (held.bodies / "ab" / "ab12").write_bytes(b"body")
    (tmp_path / "notes.txt").write_text("mine")
    held.release()
    assert folder.size(tmp_path) == len(b"records") + len(b"body")
    assert folder.empty(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {folder.MARKER, folder.LOCK, "notes.txt"}
    assert not folder.empty(tmp_path)
    assert folder.size(tmp_path) == 0
