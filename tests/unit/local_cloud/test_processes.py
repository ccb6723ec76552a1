"""The process table, read from /proc or from ps, names parents and commands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from local_cloud import processes


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "601"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("read", [processes._from_ps, processes.table])
def test_table_names_parent_and_command(read: object, sleeper: subprocess.Popen[bytes]) -> None:
    found = read()  # type: ignore[operator]
    listed = found.values() if isinstance(found, dict) else found
    assert processes.Process(sleeper.pid, os.getpid(), "sleep 601") in listed


def test_zombie_does_not_run(sleeper: subprocess.Popen[bytes]) -> None:
    process = processes.find(sleeper.pid)
    assert process is not None
    assert process in processes.descendants(os.getpid())
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert processes.find(sleeper.pid) is None
    assert processes.still_running([process]) == []


def test_reused_id_is_another_process(sleeper: subprocess.Popen[bytes]) -> None:
    before = processes.Process(sleeper.pid, 1, "something else")
    assert processes.still_running([before]) == []
