"""Finds what has changed in the emulator's tables, and fills them again after a restart."""

from __future__ import annotations

import ast
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from local_cloud import hooks_state as hooks
from local_cloud.state import codec, parts
from local_cloud.state.bodies import Bodies, Reference
from local_cloud.state.database import Key

_log = logging.getLogger("local_cloud.state")
_TRIES = 5


@dataclass(frozen=True)
class Focus:
    """The part of the emulator that a request may have changed.

    Parameters
    ----------
    modules
        Those to look at.
    places
        Buckets and keys of S3 to look at closely: a changed object elsewhere shows itself by being a new one.
    narrow
        Whether nothing else of S3 is looked at.
    deep
        Whether every object is looked at closely.
    """

    modules: frozenset[str]
    places: frozenset[tuple[str, str]] = frozenset()
    narrow: bool = False
    deep: bool = False


@dataclass
class Found:
    """Rows that have changed (None: gone), bodies to write before them, and those no longer used."""

    rows: dict[Key, bytes | None] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)


@dataclass
class _Known:
    """A row as it was last seen."""

    same: tuple[Any, ...] | None
    digest: int
    bodies: tuple[str, ...]


class Scanner:
    """Remembers a digest of every row. Used on one thread: the server's loop, where the tables change."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._known: dict[tuple[str, str], dict[Any, dict[parts.Part, _Known]]] = {}
        self._names: dict[int, tuple[bytes, Reference]] = {}
        self._ids: dict[str, int] = {}
        self._uses: Counter[str] = Counter()
        self._strange: set[tuple[str, str, Any, parts.Part]] = set()

    def restore(self, rows: Iterable[tuple[str, str, str, bytes]]) -> list[str]:
        """Fill the tables with kept rows; return the modules that have some."""
        entries: dict[tuple[str, str], dict[Any, dict[parts.Part, Any]]] = defaultdict(dict)
        known_modules = hooks.known_modules()
        for module, table, name, body in rows:
            if module not in known_modules:
                raise codec.CodecError(f"ministack has no service module {module}")
            key, part = ast.literal_eval(name)
            used: list[str] = []
            value = codec.loads(body, partial(self._read, used))
            entries[module, table].setdefault(key, {})[part] = value
            self._remember(module, table, key, part, _Known(None, hash(body), tuple(used)))
        for (module, table), found in entries.items():
            live = hooks.tables(module)[table]
            live.update(
                {key: parts.join(module, table, pieces) for key, pieces in found.items() if () in pieces}
            )
        return sorted({module for module, _ in entries})

    def bodies_in_use(self) -> set[str]:
        """The bodies that rows refer to."""
        return {name for name, uses in self._uses.items() if uses > 0}

    def release(self, found: Found) -> list[str]:
        """Forget the bodies that no row refers to any more, and return them."""
        unused = [name for name in dict.fromkeys(found.dropped) if self._uses[name] <= 0]
        for name in unused:
            del self._uses[name]
            self._names.pop(self._ids.pop(name, 0), None)
        return unused

    def scan(self, focus: Focus) -> Found:
        """Everything that is not as it was when it was last seen."""
        found = Found()
        for module in focus.modules:
            for table, live in hooks.tables(module).items():
                if live or (module, table) in self._known:
                    self._scan_table(module, table, live, focus, found)
        return found

    def forget(self, found: Found) -> None:
        """Look anew at rows that could not be written."""
        for (module, table, name), body in found.rows.items():
            key, part = ast.literal_eval(name)
            self._drop(module, table, key, part)
            if body is None:  # it is still on disk, and has to be missed again
                self._remember(module, table, key, part, _Known(None, 0, ()))

    def _scan_table(self, module: str, table: str, live: hooks.Table, focus: Focus, found: Found) -> None:
        narrow = module == "s3" and focus.narrow
        known = self._known.get((module, table), {})
        for key, value in _items(live):
            places = _places(table, key, focus) if module == "s3" else None
            if narrow and not places:
                continue
            only = {part[1] for part in places} if narrow and table == "_buckets" and places else None
            seen = set()
            for part, piece, same in parts.split(module, table, _shown(value, only)):
                seen.add(part)
                deep = focus.deep or bool(places and part in places)
                self._look((module, table, key, part), piece, None if deep else same, found)
            before = known.get(key, {})
            expected = list(before) if only is None else [("object", name) for name in only]
            for part in expected:
                if part in before and part not in seen:
                    self._gone((module, table, key, part), found)
        for key in [one for one in known if one not in live]:
            for part in list(known[key]):
                self._gone((module, table, key, part), found)

    def _look(
        self, where: tuple[str, str, Any, parts.Part], piece: Any, same: tuple[Any, ...] | None, found: Found
    ) -> None:
        module, table, key, part = where
        before = self._known.get((module, table), {}).get(key, {}).get(part)
        if before and same is not None and before.same is not None and _identical(before.same, same):
            return
        used: dict[str, bytes] = {}
        try:
            body = self._dumps(piece, used)
        except codec.CodecError as error:
            if where not in self._strange:
                self._strange.add(where)
                _log.error("%s %s %s is not kept: %s", module, table, key, error)
            return
        digest = hash(body)
        if before and before.digest == digest:
            before.same = same
            return
        found.dropped += self._drop(module, table, key, part)
        self._remember(module, table, key, part, _Known(same, digest, tuple(used)))
        found.rows[module, table, repr((key, part))] = body
        found.bodies.update(used)

    def _dumps(self, piece: Any, used: dict[str, bytes]) -> bytes:
        def refer(body: bytes) -> Reference:
            reference = self._name(body)
            used[reference[0]] = body
            return reference

        for _ in range(_TRIES - 1):
            try:
                return codec.dumps(piece, refer)
            except RuntimeError:  # a worker thread has changed it at this very moment
                used.clear()
        return codec.dumps(piece, refer)

    def _name(self, body: bytes) -> Reference:
        kept = self._names.get(id(body))
        if kept is None:
            kept = self._hold(body, (self._bodies.name(), len(body)))
        return kept[1]

    def _hold(self, body: bytes, reference: Reference) -> tuple[bytes, Reference]:
        """Keep a body, so that no other object can have its identity."""
        self._ids[reference[0]] = id(body)
        self._names[id(body)] = body, reference
        return body, reference

    def _read(self, used: list[str], reference: Reference) -> bytes:
        used.append(reference[0])
        if reference[0] not in self._ids:
            self._hold(self._bodies.read(reference), reference)
        return self._names[self._ids[reference[0]]][0]

    def _gone(self, where: tuple[str, str, Any, parts.Part], found: Found) -> None:
        module, table, key, part = where
        found.dropped += self._drop(module, table, key, part)
        found.rows[module, table, repr((key, part))] = None

    def _remember(self, module: str, table: str, key: Any, part: parts.Part, known: _Known) -> None:
        self._known.setdefault((module, table), {}).setdefault(key, {})[part] = known
        self._uses.update(known.bodies)

    def _drop(self, module: str, table: str, key: Any, part: parts.Part) -> tuple[str, ...]:
        entry = self._known.get((module, table), {}).get(key, {})
        known = entry.pop(part, None)
        if not entry:
            self._known.get((module, table), {}).pop(key, None)
        if known is None:
            return ()
        self._uses.subtract(known.bodies)
        return known.bodies


def _items(live: hooks.Table) -> list[tuple[Any, Any]]:
    for _ in range(_TRIES - 1):
        try:
            return list(live.items())
        except RuntimeError:  # a worker thread has changed it at this very moment
            continue
    return list(live.items())


def _identical(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    return len(before) == len(now) and all(
        one is other or (type(one) is int and one == other) for one, other in zip(before, now, strict=True)
    )


def _places(table: str, key: Any, focus: Focus) -> set[parts.Part]:
    """The parts of an entry of S3 that are to be looked at closely; none when it is none of the places."""
    if table.endswith("multipart_uploads"):
        return {()}
    name = key[-1]  # of a bucket, or a bucket, an object and perhaps a version
    if isinstance(name, tuple):
        return {()} if name[:2] in focus.places else set()
    return {("object", place) for bucket, place in focus.places if bucket == name}


def _shown(value: Any, only: set[Any] | None) -> Any:
    """An entry, or a bucket with some of its objects only."""
    if only is None:
        return value
    return {**value, "objects": {key: value["objects"][key] for key in only if key in value["objects"]}}
