"""What is cut into rows is the same when it is put together; a small change touches a small row."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.state import parts

EVENTS = [{"timestamp": at, "message": f"{at}"} for at in range(250)]
BUCKET = {"created": "now", "objects": {"a": {"size": 1}, "b/c": {"size": 2}}, "region": None}
GROUP = {
    "arn": "g",
    "streams": {"s": {"events": EVENTS, "token": "1"}, "empty": {"events": [], "token": "0"}},
}


@pytest.mark.parametrize(
    ("where", "value", "rows"),
    [
        (parts.BUCKETS, BUCKET, 3),
        (parts.BUCKETS, {"objects": {}}, 1),
        (parts.LOG_GROUPS, GROUP, 1 + 2 + 3),
        (("cloudwatch", "_metrics"), EVENTS, 1 + 3),
        (("cloudwatch", "_metrics"), [], 1),
        (("iam", "_roles"), {"RoleName": "r"}, 1),
        (("s3", "_object_versions"), [{"version_id": "1"}], 1),
    ],
)
def test_joined_parts_are_the_whole(where: tuple[str, str], value: Any, rows: int) -> None:
    pieces = {part: piece for part, piece, _ in parts.split(*where, value)}
    assert len(pieces) == rows
    assert parts.join(*where, pieces) == value


def test_events_that_are_added_change_the_last_chunk_alone() -> None:
    def signs() -> dict[Any, Any]:
        return {
            part: same for part, _, same in parts.split(*parts.LOG_GROUPS, GROUP) if part[:1] == ("events",)
        }

    before = signs()
    GROUP["streams"]["s"]["events"] = [*EVENTS, {"timestamp": 250, "message": "250"}]  # type: ignore[index]
    after = signs()
    GROUP["streams"]["s"]["events"] = EVENTS  # type: ignore[index]
    assert [part for part in after if before[part] != after[part]] == [("events", "s", 2)]
