"""The online store: for each record identifier the values of its latest event."""

from __future__ import annotations

import threading
from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.feature_store.schema import FeatureGroup, Row, Values
from local_cloud.sagemaker.store import OWN_TABLE, Journal


class OnlineStore:
    """The online records of one feature group. A deleted record stays as a tombstone with its event time.

    Parameters
    ----------
    journal
        Gives the records that were kept and hears of every change; None keeps nothing.
    kind
        What they are called there.
    """

    def __init__(self, journal: Journal | None = None, kind: str = "") -> None:
        self.lock = threading.Lock()
        self._journal, self._kind = journal, kind
        self._records: dict[str, tuple[float, Values | None]] = {}
        if journal is not None:
            self._records = {name: (at, values) for name, (at, values) in journal.loaded(kind).items()}

    def put(self, row: Row) -> None:
        """Keep a record unless a later event of the same identifier is there."""
        self._keep(row.identifier, row.event_s, row.values)

    def delete(self, identifier: str, event_s: float, *, hard: bool) -> None:
        """Delete a record unless a later event is there; a hard delete forgets the event time as well."""
        self._keep(identifier, event_s, None)
        if hard:
            with self.lock:
                if self._records.get(identifier) == (event_s, None):
                    del self._records[identifier]
            self._note(identifier)

    def get(self, identifier: str) -> Values | None:
        """Return the values of a record, or None when there is none."""
        with self.lock:
            return self._records.get(identifier, (0.0, None))[1]

    def identifiers(self, *, deleted: bool) -> list[str]:
        """Return the identifiers of all records, those of tombstones as well if asked for."""
        with self.lock:
            return sorted(
                name for name, (_, values) in self._records.items() if deleted or values is not None
            )

    def change(self, identifier: str, values: Values, event_s: float | None) -> tuple[float, Values]:
        """Set some values of a record; the others stay, and its event time where none is given.

        Returns
        -------
        tuple of float and dict
            Event time in UNIX seconds and all values, as they are now.

        Raises
        ------
        KeyError
            There is no such record, or it has been deleted.
        ValueError
            The record is of a later event; nothing has changed.
        """
        with self.lock:
            at, found = self._records.get(identifier, (0.0, None))
            if found is None:
                raise KeyError(identifier)
            if event_s is not None and event_s < at:
                raise ValueError(identifier)
            changed = (at if event_s is None else event_s, {**found, **values})
            self._records[identifier] = changed
        self._note(identifier)
        return changed

    def find(self, _kind: str, name: str) -> Any:
        """A record as the journal keeps it, or None; called under `lock`."""
        return self._records.get(name)

    def clear(self) -> None:
        """Drop all records."""
        with self.lock:
            names = list(self._records)
            self._records.clear()
        for name in names:
            self._note(name)

    def _keep(self, identifier: str, event_s: float, values: Values | None) -> None:
        with self.lock:
            found = self._records.get(identifier)
            if found is not None and found[0] > event_s:
                return
            self._records[identifier] = (event_s, values)
        self._note(identifier)

    def _note(self, identifier: str) -> None:
        if self._journal is not None:
            self._journal.note(self, self._kind, identifier)


_stores: dict[tuple[str, str, str], OnlineStore] = {}
_stores_lock = threading.Lock()


def of(ctx: Context, group: FeatureGroup) -> OnlineStore:
    """Return the online store of a feature group."""
    with _stores_lock:
        key = _key(ctx, group)
        if key not in _stores:
            _stores[key] = OnlineStore(ctx.journal, f"{OWN_TABLE}online {group.arn} {key[2]}")
        return _stores[key]


def forget(ctx: Context, group: FeatureGroup) -> None:
    """Drop all online records of a feature group."""
    of(ctx, group).clear()
    with _stores_lock:
        _stores.pop(_key(ctx, group), None)


def _key(ctx: Context, group: FeatureGroup) -> tuple[str, str, str]:
    return ctx.endpoint_url, group.arn, group.created.isoformat()
