"""What an instance prints is followed without keeping all of it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from local_cloud.sagemaker.jobs import follow
from local_cloud.sagemaker.jobs.container import Container


def test_a_progress_bar_that_never_ends_its_line_is_not_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "_LONGEST_LINE", 100)
    container = Container(tmp_path, "algo-1", 1)
    container.log.write_bytes(b"".join(b"\r%d%%" % at for at in range(100)))
    lines: list[str] = []
    seen = threading.Event()

    def note(_: int, text: str) -> None:
        lines.append(text)
        seen.set()

    follower = follow.Follower(container, note)
    assert seen.wait(10)
    with container.log.open("ab") as log:
        log.write(b"\rdone\n")
    follower.finish()
    assert lines == ["99%", "done"]
