"""The online store: for each record identifier the values of its latest event."""

from __future__ import annotations

import threading

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.feature_store.schema import FeatureGroup, Row, Values


class OnlineStore:
    """The online records of one feature group. A deleted record stays as a tombstone with its event time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[str, tuple[float, Values | None]] = {}

    def put(self, row: Row) -> None:
        """Keep a record unless a later event of the same identifier is there."""
        self._keep(row.identifier, row.event_s, row.values)

    def delete(self, identifier: str, event_s: float, *, hard: bool) -> None:
        """Delete a record unless a later event is there; a hard delete forgets the event time as well."""
        self._keep(identifier, event_s, None)
        if hard:
            with self._lock:
                if self._records.get(identifier) == (event_s, None):
                    del self._records[identifier]

    def get(self, identifier: str) -> Values | None:
        """Return the values of a record, or None when there is none."""
        with self._lock:
            return self._records.get(identifier, (0.0, None))[1]

    def _keep(self, identifier: str, event_s: float, values: Values | None) -> None:
        with self._lock:
            found = self._records.get(identifier)
            if found is None or found[0] <= event_s:
                self._records[identifier] = (event_s, values)


_stores: dict[tuple[str, str, str], OnlineStore] = {}
_stores_lock = threading.Lock()


def of(ctx: Context, group: FeatureGroup) -> OnlineStore:
    """Return the online store of a feature group."""
    with _stores_lock:
        return _stores.setdefault(_key(ctx, group), OnlineStore())


def forget(ctx: Context, group: FeatureGroup) -> None:
    """Drop all online records of a feature group."""
    with _stores_lock:
        _stores.pop(_key(ctx, group), None)


def _key(ctx: Context, group: FeatureGroup) -> tuple[str, str, str]:
    return ctx.endpoint_url, group.arn, group.created.isoformat()
