"""Log groups and streams of CloudWatch Logs, made when the first line is to be sent."""

from __future__ import annotations

from typing import Any

MOST_EVENTS = 1000
_LONGEST_LINE = 32_000


def create(client: Any, group: str, stream: str) -> None:
    """Make a log stream, and its group only when there is none: a role need not be granted that."""
    names = {"logGroupName": group, "logStreamName": stream}
    try:
        client.create_log_stream(**names)
    except client.exceptions.ResourceAlreadyExistsException:
        return
    except client.exceptions.ResourceNotFoundException:
        _create_group(client, group)
        client.create_log_stream(**names)


def _create_group(client: Any, group: str) -> None:
    """Make a log group; several streams may want it at once."""
    try:
        client.create_log_group(logGroupName=group)
    except client.exceptions.ResourceAlreadyExistsException:
        return


def event(at_ms: int, line: str) -> dict[str, Any]:
    """A line as PutLogEvents takes it: not empty and not too long."""
    return {"timestamp": at_ms, "message": line[:_LONGEST_LINE] or " "}
