"""How an entry of the emulator's tables is cut into rows, so that a small change writes a small row.

An entry is one row, except where it grows without end: a bucket is a row, and each object of it; a log group
is a row, each stream of it, and each hundred events; a metric is a row for each hundred points.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Part = tuple[Any, ...]  # () is the entry itself
# The part, its value, and what tells cheaply that it is as it was (None: look at all of it).
Piece = tuple[Part, Any, tuple[Any, ...] | None]
CHUNK = 100
BUCKETS = ("s3", "_buckets")
VERSIONS = ("s3", "_object_versions")
LOG_GROUPS = ("cloudwatch_logs", "_log_groups")
SERIES = {("cloudwatch", "_metrics"), ("cloudwatch", "_alarm_history")}


def split(module: str, table: str, value: Any) -> Iterator[Piece]:
    """Cut an entry into its parts."""
    if (module, table) == BUCKETS:
        yield (), {name: item for name, item in value.items() if name != "objects"}, None
        for key, item in list(value["objects"].items()):
            yield ("object", key), item, (item,)
    elif (module, table) == LOG_GROUPS:
        yield (), {name: item for name, item in value.items() if name != "streams"}, None
        for name, stream in list(value["streams"].items()):
            yield from _stream(name, stream)
    elif (module, table) in SERIES and isinstance(value, list):
        yield (), [], None
        for number, piece, same in _chunks(value):
            yield ("chunk", number), piece, same
    elif (module, table) == VERSIONS and value:
        yield (), value, (len(value), value[-1])
    else:
        yield (), value, None


def join(module: str, table: str, parts: dict[Part, Any]) -> Any:
    """Put an entry together again."""
    whole = parts[()]
    rest = {part: value for part, value in parts.items() if part}
    if (module, table) == BUCKETS:
        return {**whole, "objects": {part[1]: value for part, value in rest.items()}}
    if (module, table) == LOG_GROUPS:
        streams = {part[1]: {**value, "events": []} for part, value in rest.items() if part[0] == "stream"}
        for part in sorted(part for part in rest if part[0] == "events"):
            streams[part[1]]["events"] += rest[part]
        return {**whole, "streams": streams}
    if (module, table) in SERIES and rest:
        return [item for part in sorted(rest) for item in rest[part]]
    return whole


def _stream(name: str, stream: dict[str, Any]) -> Iterator[Piece]:
    yield ("stream", name), {key: item for key, item in stream.items() if key != "events"}, None
    for number, piece, same in _chunks(stream["events"]):
        yield ("events", name, number), piece, same


def _chunks(items: list[Any]) -> Iterator[tuple[int, list[Any], tuple[Any, ...]]]:
    """Cut a list; its items never change, so a chunk of the same length and ends is the same chunk."""
    for number, begin in enumerate(range(0, len(items), CHUNK)):
        piece = items[begin : begin + CHUNK]
        yield number, piece, (len(piece), piece[0], piece[-1])
