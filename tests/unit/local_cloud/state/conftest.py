"""An emulator that is two dictionaries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_cloud import hooks_stacks
from local_cloud import hooks_state as hooks
from local_cloud.state.bodies import Bodies
from local_cloud.state.database import Database
from local_cloud.state.journal import Journal
from local_cloud.state.saver import Saver
from local_cloud.state.scan import Scanner

Tables = dict[str, dict[str, dict[Any, Any]]]


class World:
    """The tables, and all that keeps them in a folder."""

    def __init__(self, folder: Path) -> None:
        self.tables: Tables = {
            "iam": {"_roles": {}},
            "s3": {"_buckets": {}, "_object_tags": {}, "_bucket_notifications": {}},
        }
        self.folder = folder
        self.open()

    def open(self) -> None:
        """Read the folder, as a server does when it starts."""
        self.database = Database(self.folder / "state.db", "1")
        self.bodies = Bodies(self.folder / "bodies")
        self.scanner = Scanner(self.bodies)
        self.scanner.restore(self.database.rows())
        self.journal = Journal(self.database.records())
        self.saver = Saver(self.database, self.bodies, self.scanner, self.journal)

    def die(self) -> None:
        """Lose all memory, and start again."""
        self.database.close()
        for tables in self.tables.values():
            for table in tables.values():
                table.clear()
        self.open()

    def files(self) -> set[str]:
        """The names of the bodies on disk."""
        return {path.name for path in (self.folder / "bodies").glob("*/*")}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made: list[World] = []
    monkeypatch.setattr(hooks, "tables", lambda module: made[0].tables[module] if made else {})
    monkeypatch.setattr(hooks, "known_modules", lambda: frozenset({"iam", "s3"}))
    monkeypatch.setattr(hooks, "loaded_modules", lambda: frozenset({"iam", "s3"}))
    monkeypatch.setattr(hooks_stacks, "stacks_in_motion", lambda: False)
    world = World(tmp_path)
    made.append(world)
    return world
