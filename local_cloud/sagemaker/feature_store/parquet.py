"""Rows of the offline store as the bytes of a Parquet file, in the layout of Feature Store."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_cloud.sagemaker.feature_store.schema import FeatureGroup, Values


@dataclass(frozen=True)
class OfflineRow:
    """A record, or its deletion, as the offline store keeps it."""

    event_s: float
    values: Values
    api_invocation_time: datetime
    is_deleted: bool


def dumps(group: FeatureGroup, rows: Sequence[OfflineRow], written: datetime) -> bytes:
    """The bytes of a file; `written` is its write_time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
    parse = {"Integral": int, "Fractional": float, "String": str}
    columns: dict[str, Any] = {}
    for name, feature_type in group.types.items():
        cast = parse[feature_type]
        kind = arrow[feature_type]
        if name in group.collections:
            cells = [_each(cast, row.values.get(name)) for row in rows]
            columns[name] = pa.array(cells, pa.list_(kind))
        else:
            cells = [cast(row.values[name]) if name in row.values else None for row in rows]
            columns[name] = pa.array(cells, kind)
    moment = pa.timestamp("ms", tz="UTC")
    columns["write_time"] = pa.array([written] * len(rows), moment)
    columns["api_invocation_time"] = pa.array([row.api_invocation_time for row in rows], moment)
    columns["is_deleted"] = pa.array([row.is_deleted for row in rows], pa.bool_())
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target, compression="snappy")
    return target.getvalue()


def _each(cast: Any, values: Any) -> list[Any] | None:
    return None if values is None else [cast(value) for value in values]
