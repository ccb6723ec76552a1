"""The database of a state folder: every change of it is one transaction, whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from local_cloud.state.folder import StateError

FORMAT = "1"
# Of a record of the SageMaker service: scope ("account/region"), kind and name; of a row of the emulator:
# module, table and name.
Key = tuple[str, str, str]
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS records (
    scope TEXT, kind TEXT, name TEXT, body TEXT NOT NULL, UNIQUE (scope, kind, name));
CREATE TABLE IF NOT EXISTS emulator (
    module TEXT, part TEXT, name TEXT, body BLOB NOT NULL, UNIQUE (module, part, name));
"""
_COLUMNS = {"records": ("scope", "kind", "name"), "emulator": ("module", "part", "name")}


@dataclass
class Changes:
    """What one transaction writes; None deletes."""

    records: dict[Key, str | None] = field(default_factory=dict)
    rows: dict[Key, bytes | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.records or self.rows)


class Database:
    """The open database of a state folder.

    Parameters
    ----------
    path
        Its file; made when missing.
    emulator
        Version of the emulator, whose own data it keeps: a state of another version cannot be read.

    Raises
    ------
    StateError
        The file is damaged, or of another format or emulator.
    """

    def __init__(self, path: Path, emulator: str) -> None:
        self._path = path
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            # FULL: a commit is on disk before anybody hears of it, even if the power fails. It is one fsync.
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
            self._connection.executescript(_TABLES)
            self._check({"format": FORMAT, "ministack": emulator})
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise StateError(f"{path} is damaged ({error}): restore a copy, or empty the state") from error
        except BaseException:
            self._connection.close()
            raise

    def records(self) -> Iterator[tuple[str, str, str, str]]:
        """Every record: scope, kind, name and body, oldest first."""
        yield from self._connection.execute("SELECT scope, kind, name, body FROM records ORDER BY rowid")

    def rows(self) -> Iterator[tuple[str, str, str, bytes]]:
        """Every row of the emulator: module, table, key and body, oldest first."""
        yield from self._connection.execute("SELECT module, part, name, body FROM emulator ORDER BY rowid")

    def commit(self, changes: Changes) -> None:
        """Write changes in one transaction.

        Raises
        ------
        sqlite3.Error
            Nothing of them is written.
        """
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                _write(cursor, "records", changes.records.items())
                _write(cursor, "emulator", changes.rows.items())
                cursor.execute("COMMIT")
            except BaseException:
                cursor.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file; all of it is in one piece then."""
        self._connection.close()

    def damage(self) -> list[str]:
        """What SQLite's own check of the whole file finds wrong; nothing when all is well."""
        found = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found

    def _check(self, wanted: dict[str, str]) -> None:
        found = dict(self._connection.execute("SELECT name, value FROM about"))
        if not found:
            with self._connection:
                self._connection.executemany("INSERT INTO about VALUES (?, ?)", wanted.items())
            return
        for name, value in wanted.items():
            if found.get(name) != value:
                raise StateError(
                    f"{self._path.parent} keeps the state of another version ({name} {found.get(name)}, "
                    f"this is {value}): start that version, give another --state, or empty this one with "
                    f"`python -m local_cloud reset --state {self._path.parent}`"
                )


def _write(cursor: sqlite3.Cursor, table: str, items: Iterable[tuple[Key, str | bytes | None]]) -> None:
    changes = list(items)
    columns = _COLUMNS[table]
    where = " AND ".join(f"{column} = ?" for column in columns)
    cursor.executemany(
        f"DELETE FROM {table} WHERE {where}",  # noqa: S608 - names of this module, no values
        [key for key, body in changes if body is None],
    )
    cursor.executemany(
        f"INSERT INTO {table} VALUES (?, ?, ?, ?) "  # noqa: S608 - as above
        f"ON CONFLICT ({', '.join(columns)}) DO UPDATE SET body = excluded.body",
        [(*key, body) for key, body in changes if body is not None],
    )
