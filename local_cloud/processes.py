"""The processes of this machine: who runs, whose child, with which command line; and how to end a tree."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
ORPHAN_WAIT_S = 1.0
KILL_WAIT_S = 3.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Process:
    """One running process; a zombie does not count as running."""

    pid: int
    parent: int
    command: str


def table() -> dict[int, Process]:
    """Return all running processes by id, from /proc or, without one (macOS), from `ps`."""
    found = _from_proc() if (_PROC / "self" / "stat").exists() else _from_ps()
    return {process.pid: process for process in found}


def find(pid: int) -> Process | None:
    """Return the process of that id, or None when it does not run."""
    return table().get(pid)


def descendants(pid: int) -> list[Process]:
    """Return the children of a process, their children and so on, nearest first."""
    running = table()
    found: list[Process] = []
    parents = {pid}
    while parents:
        level = [process for process in running.values() if process.parent in parents]
        found += level
        parents = {process.pid for process in level}
    return found


def still_running(processes: list[Process]) -> list[Process]:
    """Return those that still run; an id that another command has taken over does not count."""
    running = table()
    return [
        process
        for process in processes
        if process.pid in running and running[process.pid].command == process.command
    ]


def resident(pids: Iterable[int]) -> int:
    """The bytes of memory that processes hold together; those that have ended hold none."""
    wanted = ",".join(map(str, pids))
    listing = subprocess.run(["ps", "-o", "rss=", "-p", wanted], capture_output=True, text=True, check=False)
    return sum(int(line) for line in listing.stdout.split()) * 1024


def end_tree(pid: int, grace: float) -> list[Process]:
    """End a process and all its descendants; return those that cannot be ended.

    The process itself gets SIGTERM and `grace` seconds to end its children, then SIGKILL.
    """
    top = find(pid)
    if top is None:
        return []
    family = [top, *descendants(pid)]
    _signal([top], signal.SIGTERM)
    if not _gone([top], grace):
        _signal([top], signal.SIGKILL)
        _gone([top], KILL_WAIT_S)
    if not _gone(family, ORPHAN_WAIT_S):
        _signal(still_running(family), signal.SIGKILL)
        _gone(family, KILL_WAIT_S)
    return still_running(family)


def _signal(processes: list[Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _gone(processes: list[Process], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while still_running(processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _from_proc() -> list[Process]:
    found = []
    for directory in _PROC.glob("[0-9]*"):
        try:
            # The name in parentheses may hold anything, so count the fields from its end.
            state, parent = (directory / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (OSError, ValueError):
            continue  # the process ended while we were looking
        if state not in ("Z", "X"):
            found.append(Process(int(directory.name), int(parent), command.strip()))
    return found


def _from_ps() -> list[Process]:
    listing = subprocess.run(
        ["ps", "-axww", "-o", "pid=,ppid=,stat=,command="], capture_output=True, text=True, check=True
    )
    found = []
    for line in listing.stdout.splitlines():
        pid, parent, state, *command = line.split(None, 3)
        if not state.startswith("Z"):
            found.append(Process(int(pid), int(parent), "".join(command).strip()))
    return found
