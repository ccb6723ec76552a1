"""The records of the SageMaker service that have changed and are still to be written."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from local_cloud.state.database import Key

_TIME = "$time"


class Source(Protocol):
    """A table of records in memory."""

    lock: AbstractContextManager[Any]

    def find(self, kind: str, name: str) -> Any:
        """The record now, or None when there is none. Called under `lock`."""


class Scope:
    """The part of a journal that belongs to one account and region."""

    def __init__(self, journal: Journal, name: str) -> None:
        self._journal, self.name = journal, name

    def note(self, source: Source, kind: str, name: str) -> None:
        """Say that a record has changed; its value is read when it is written."""
        self._journal.note(source, (self.name, kind, name))

    def loaded(self, kind: str) -> dict[str, Any]:
        """The records of a kind that were kept, by name, oldest first."""
        return self._journal.loaded.get((self.name, kind), {})

    def kinds(self) -> list[str]:
        """The kinds that were kept."""
        return [kind for scope, kind in self._journal.loaded if scope == self.name]


class Journal:
    """What has changed since it was last taken; a record that changes often is written once.

    Parameters
    ----------
    kept
        Scope, kind, name and JSON of every record that was kept.
    """

    def __init__(self, kept: Iterable[tuple[str, str, str, str]] = ()) -> None:
        self.loaded: dict[tuple[str, str], dict[str, Any]] = {}
        for scope, kind, name, body in kept:
            self.loaded.setdefault((scope, kind), {})[name] = loads(body)
        self.awake: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._changed: dict[Key, Source] = {}

    def scope(self, account: str, region: str) -> Scope:
        """The part of an account and region."""
        return Scope(self, f"{account}/{region}")

    def scopes(self) -> list[tuple[str, str]]:
        """The accounts and regions with kept records."""
        names = dict.fromkeys(scope for scope, _ in self.loaded)
        return [(account, region) for account, _, region in (name.partition("/") for name in names)]

    def note(self, source: Source, key: Key) -> None:
        """Remember that a record has changed. Called from any thread, under the lock of the source or not."""
        with self._lock:
            self._changed[key] = source
        self.awake()

    def take(self) -> dict[Key, tuple[Source, str | None]]:
        """Every changed record as JSON, None for one that is gone; records of one source as of one moment."""
        with self._lock:
            changed, self._changed = self._changed, {}
        groups: dict[int, list[Key]] = defaultdict(list)
        for key, source in changed.items():
            groups[id(source)].append(key)
        taken: dict[Key, tuple[Source, str | None]] = {}
        for keys in groups.values():
            source = changed[keys[0]]
            with source.lock:
                for key in (*keys, *self._late(source, keys)):
                    value = source.find(key[1], key[2])
                    taken[key] = source, None if value is None else dumps(value)
        return taken

    def _late(self, source: Source, keys: Iterable[Key]) -> list[Key]:
        """What has changed while the lock was waited for: a change of several records is taken whole."""
        with self._lock:
            noted = [key for key, one in self._changed.items() if one is source]
            for key in noted:
                del self._changed[key]
        known = set(keys)
        return [key for key in noted if key not in known]

    def put_back(self, taken: dict[Key, tuple[Source, str | None]]) -> None:
        """Remember changes that could not be written."""
        with self._lock:
            self._changed = {key: source for key, (source, _) in taken.items()} | self._changed

    def __bool__(self) -> bool:
        return bool(self._changed)


def dumps(value: Any) -> str:
    """A record as JSON; times are written as such."""
    return json.dumps(value, default=_time, separators=(",", ":"))


def loads(text: str) -> Any:
    """The record of a JSON text."""
    return json.loads(text, object_hook=_from_time)


def _time(value: object) -> dict[str, list[str]]:
    """A time in a list: a map of somebody's own texts that has this key is no time."""
    if isinstance(value, datetime):
        return {_TIME: [value.isoformat()]}
    raise TypeError(f"{type(value).__name__} is no plain data")


def _from_time(found: dict[str, Any]) -> Any:
    if found.keys() != {_TIME}:
        return found
    written = found[_TIME]
    try:
        return datetime.fromisoformat(written[0] if isinstance(written, list) else written)
    except (ValueError, TypeError, IndexError):
        return found
