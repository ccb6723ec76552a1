"""The mean rating of every text, kept on disk so that memory does not grow with the texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Ratings:
    """What a line of ratings comes to: a mean, or (reason, detail) why there is none. `row` is its line.

    `attributes` is a JSON object: what each person said and, where it is known, who.
    """

    file: str
    file_index: int
    row: int
    mean: float | None
    reason: str = ""
    detail: str = ""
    attributes: str = "{}"


class RatingsTable:
    """Ratings by id in a temporary SQLite database: it has no name and vanishes when it is closed."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA cache_size = -8192")  # KiB
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE ratings (id TEXT PRIMARY KEY, file TEXT, file_index INTEGER, row INTEGER, "
            "mean REAL, reason TEXT, detail TEXT, attributes TEXT, used INTEGER DEFAULT 0) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, name: str, ratings: Ratings) -> bool:
        """Keep the ratings of an id; False if it has some already."""
        values = (
            ratings.file,
            ratings.file_index,
            ratings.row,
            ratings.mean,
            ratings.reason,
            ratings.detail,
            ratings.attributes,
        )
        sql = (
            "INSERT OR IGNORE INTO ratings (id, file, file_index, row, mean, reason, detail, attributes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        return self._database.execute(sql, (name, *values)).rowcount == 1

    def take(self, name: str) -> Ratings | None:
        """The ratings of an id, which count as used from now on; None without any."""
        sql = (
            "UPDATE ratings SET used = 1 WHERE id = ? "
            "RETURNING file, file_index, row, mean, reason, detail, attributes"
        )
        found = self._database.execute(sql, (name,)).fetchone()
        return None if found is None else Ratings(*found)

    def unused(self) -> Iterator[tuple[str, Ratings]]:
        """Ids that nobody took, in the order of files and lines."""
        sql = (
            "SELECT id, file, file_index, row, mean, reason, detail, attributes FROM ratings WHERE NOT used "
            "ORDER BY file_index, row"
        )
        for name, *values in self._database.execute(sql):
            yield name, Ratings(*values)
