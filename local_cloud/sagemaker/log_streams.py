"""Log groups and streams of CloudWatch Logs, made when the first line is to be sent."""

from __future__ import annotations

from typing import Any

MOST_EVENTS = 1000
_LONGEST_LINE = 32_000


def create(client: Any, group: str, stream: str) -> None:
    """Make a log stream and its group, unless they are there."""
    for make, names in (
        (client.create_log_group, {"logGroupName": group}),
        (client.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
    ):
        try:
            make(**names)
        except client.exceptions.ResourceAlreadyExistsException:
            continue


def event(at_ms: int, line: str) -> dict[str, Any]:
    """A line as PutLogEvents takes it: not empty and not too long."""
    return {"timestamp": at_ms, "message": line[:_LONGEST_LINE] or " "}
