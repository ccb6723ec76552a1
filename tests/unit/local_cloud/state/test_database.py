"""A transaction is there whole or not at all; a state of another version is not read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from local_cloud.state.database import Changes, Database
from local_cloud.state.folder import StateError

A, B, C = ("s", "k", "a"), ("s", "k", "b"), ("s", "k", "c")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_changes_are_read_back_in_the_order_of_their_making(path: Path) -> None:
    database = Database(path, "1")
    database.commit(Changes({B: "1", A: "2", C: "3"}, {B: b"1", A: b"2"}))
    database.commit(Changes({B: "4", C: None}, {A: None}))
    database.close()
    again = Database(path, "1")
    assert list(again.records()) == [(*B, "4"), (*A, "2")]
    assert list(again.rows()) == [(*B, b"1")]
    assert again.damage() == []
    assert path.stat().st_mode & 0o077 == 0


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    database = Database(path, "1")
    with pytest.raises(sqlite3.Error):
        database.commit(Changes({A: "1"}, {B: object()}))  # type: ignore[dict-item]
    assert list(database.records()) == []
    database.commit(Changes({A: "2"}))
    assert list(database.records()) == [(*A, "2")]


def test_the_state_of_another_emulator_is_refused(path: Path) -> None:
    Database(path, "1.5.33").close()
    with pytest.raises(StateError, match=r"another version \(ministack 1\.5\.33, this is 2\.0\)"):
        Database(path, "2.0")


def test_the_state_of_another_format_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Database(path, "1").close()
    monkeypatch.setattr("local_cloud.state.database.FORMAT", "2")
    with pytest.raises(StateError, match="format 1, this is 2"):
        Database(path, "1")


def test_a_damaged_file_is_refused(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StateError, match=r"state\.db is damaged"):
        Database(path, "1")
