"""The records of one account and region: kind -> name -> record; in memory, and in a journal if kept."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any, Protocol

Record = dict[str, Any]
Records = list[Record]
# Kinds of this beginning are in the journal on behalf of a table elsewhere, and none of the store's.
OWN_TABLE = "$"


class Journal(Protocol):
    """What keeps the records of an account and region between starts."""

    def note(self, source: Any, kind: str, name: str) -> None:
        """Hear that a record has changed; `source.find(kind, name)` gives it under `source.lock`."""

    def loaded(self, kind: str) -> dict[str, Any]:
        """The records of a kind that were kept, by name, oldest first."""

    def kinds(self) -> list[str]:
        """The kinds that were kept."""


class Store:
    """A locked table of plain records. Every read is a copy; changes go through `put` and `update`.

    Keep only plain data in it (strings, numbers, datetimes, lists, dicts), never a process or a thread.

    Parameters
    ----------
    journal
        Gives the records that were kept and hears of every change; None keeps nothing.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self.lock = threading.RLock()
        self._journal = journal
        self._kinds: dict[str, dict[str, Record]] = {}
        if journal is not None:
            kinds = [kind for kind in journal.kinds() if not kind.startswith(OWN_TABLE)]
            self._kinds = {kind: dict(journal.loaded(kind)) for kind in kinds}

    def put(self, kind: str, name: str, record: Record) -> Record:
        """Add or replace a record and return a copy of it."""
        with self.lock:
            self._kinds.setdefault(kind, {})[name] = copy.deepcopy(record)
            self._note(kind, name)
        return copy.deepcopy(record)

    def add(self, kind: str, name: str, record: Record) -> bool:
        """Add a record; false, and nothing changes, when the name is taken."""
        with self.lock:
            if name in self._kinds.get(kind, {}):
                return False
            self.put(kind, name, record)
            return True

    def find(self, kind: str, name: str) -> Record | None:
        """A copy of the record, or None."""
        with self.lock:
            return copy.deepcopy(self._kinds.get(kind, {}).get(name))

    def get(self, kind: str, name: str) -> Record:
        """A copy of the record.

        Raises
        ------
        KeyError
            When there is none.
        """
        record = self.find(kind, name)
        if record is None:
            raise KeyError(f"{kind} {name}")
        return record

    def update(self, kind: str, name: str, **changes: Any) -> Record:
        """Set members of a record in one step and return a copy of it. KeyError when there is none."""
        return self.modify(kind, name, lambda record: record.update(copy.deepcopy(changes)))

    def modify(self, kind: str, name: str, change: Callable[[Record], object]) -> Record:
        """Run `change` on the live record under the lock and return a copy of the result."""
        with self.lock:
            records = self._kinds.get(kind, {})
            if name not in records:
                raise KeyError(f"{kind} {name}")
            try:
                change(records[name])
            finally:
                self._note(kind, name)
            return copy.deepcopy(records[name])

    def delete(self, kind: str, name: str) -> Record | None:
        """Remove a record and return it; None when there was none."""
        with self.lock:
            removed = self._kinds.get(kind, {}).pop(name, None)
            if removed is not None:
                self._note(kind, name)
            return removed

    def list(self, kind: str) -> Records:
        """Copies of all records of a kind, oldest first."""
        with self.lock:
            return [copy.deepcopy(record) for record in self._kinds.get(kind, {}).values()]

    def count(self, kind: str, test: Callable[[Record], bool]) -> int:
        """How many records of a kind pass a test, which sees the live ones and must not change them."""
        with self.lock:
            return sum(1 for record in self._kinds.get(kind, {}).values() if test(record))

    def kinds(self) -> tuple[str, ...]:
        """Every kind that has held a record."""
        with self.lock:
            return (*self._kinds,)

    def _note(self, kind: str, name: str) -> None:
        if self._journal is not None:
            self._journal.note(self, kind, name)
