"""Child processes that never outlive the server: each runs in a process group of its own below a guard."""

from __future__ import annotations

import errno as errno_codes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

# Several children share the cores with each other and with whatever else runs here. Waiting OpenMP threads
# spin for milliseconds by default, and so hold up the very threads they wait for; a short spin costs nothing.
SHARED_CORES = {"GOMP_SPINCOUNT": "10000"}
GUARD = Path(__file__).resolve().with_name("guard.py")

_running: set[Child] = set()
_lock = threading.Lock()


class Child:
    """A running command and everything it has started.

    Parameters
    ----------
    guard
        The guard process above the command.
    pid
        Process id of the command itself, which is also the id of its process group.
    server_fd
        Write end of the pipe that the guard watches; closed once the child has ended.
    folder
        Where the command works.
    """

    def __init__(self, guard: subprocess.Popen[bytes], pid: int, server_fd: int, folder: Path) -> None:
        self._guard = guard
        self._server_fd: int | None = server_fd
        self._ending = threading.Lock()
        self.pid = pid
        self.folder = folder

    @property
    def stdout(self) -> IO[bytes] | None:
        """The output, when the child was started with `stdout=subprocess.PIPE`."""
        return self._guard.stdout

    @property
    def returncode(self) -> int | None:
        """Exit code, or minus the number of the signal that ended the command; None while it runs."""
        return self._guard.returncode

    def poll(self) -> int | None:
        """Return the exit code if the command has ended, else None. Never blocks."""
        if self._guard.poll() is not None:
            self._forget()
        return self._guard.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end and return the exit code, or None when `timeout` (seconds) passes first."""
        try:
            self._guard.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self._forget()
        return self._guard.returncode

    def terminate(self, grace: float = 5.0) -> None:
        """End the whole process group: SIGTERM, then SIGKILL for what is left after `grace` seconds."""
        terminate([self], grace)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _forget(self) -> None:
        with self._ending:
            if self._server_fd is None:
                return
            os.close(self._server_fd)
            self._server_fd = None
            if self._guard.returncode == -signal.SIGKILL:
                # Somebody killed the guard: what the command has started is still there.
                self._signal(signal.SIGKILL)
        with _lock:
            _running.discard(self)


def spawn(
    cmd: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: int | IO[bytes] = subprocess.DEVNULL
) -> Child:
    """Start a command that dies with this process, even when this process is killed with SIGKILL.

    Parameters
    ----------
    cmd
        Program and arguments; the program is looked up on the PATH of `env`.
    env
        The whole environment of the command: nothing is inherited.
    cwd
        Working directory of the command; must exist.
    stdout
        Where standard output and standard error go together: an open binary file, a descriptor,
        `subprocess.PIPE` or `subprocess.DEVNULL`.

    Raises
    ------
    OSError
        The command cannot be started: `filename` names the program or the directory.
    """
    watched_fd, server_fd = os.pipe()
    status_read, status_write = os.pipe()
    try:
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), str(watched_fd), str(status_write), "--", *cmd],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            pass_fds=(watched_fd, status_write),
            start_new_session=True,
        )
    except OSError:
        os.close(server_fd)
        os.close(status_read)
        raise
    finally:
        os.close(watched_fd)
        os.close(status_write)
    with os.fdopen(status_read, "rb") as stream:
        status = dict(line.split() for line in stream.read().decode().splitlines())
    failure = _failure(status, cmd[0])
    if failure is not None:
        os.close(server_fd)
        guard.wait()
        raise failure
    child = Child(guard, int(status["pid"]), server_fd, cwd)
    with _lock:
        _running.add(child)
    return child


def terminate(children: Iterable[Child], grace: float = 5.0) -> None:
    """End several children at once; all of them share the `grace` seconds between SIGTERM and SIGKILL."""
    targets = [child for child in children if child.poll() is None]
    for child in targets:
        child._signal(signal.SIGTERM)
    deadline = time.monotonic() + grace
    for child in targets:
        if child.wait(max(0.0, deadline - time.monotonic())) is None:
            child._signal(signal.SIGKILL)
    for child in targets:
        child.wait()


def terminate_all(grace: float = 5.0) -> None:
    """End every child that is still running; for the shutdown of the server."""
    terminate(running(), grace)


def running() -> list[Child]:
    """Return the children that have not been seen to end."""
    with _lock:
        return list(_running)


def _failure(status: Mapping[str, str], program: str) -> OSError | None:
    if "errno" in status:
        number = int(status["errno"])
        return OSError(number, os.strerror(number), program)
    if "pid" not in status:
        return OSError(errno_codes.EIO, "the guard process ended before it started the command", program)
    return None
