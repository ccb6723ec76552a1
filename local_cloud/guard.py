"""The small process above every child: it kills the child and all that came of it when the server is gone.

Run by file path, `python -I -S guard.py <server_fd> <status_fd> -- command...`, never imported by the server:
it needs the standard library only and starts in some 15 ms.

* `server_fd` is the read end of a pipe whose write end only the server holds. Its end of file means that the
  server has died, however it died, and the child is killed with everything it has started.
* `status_fd` takes one line to the server: `pid <n>`, followed by `errno <n>` when the command cannot start.

The guard ends as its child ends: with the same exit code, or by the same signal. Nothing that the child
has started is left then. On Linux the guard is a subreaper: a process whose parent has ended becomes its own
child, so that one in a session of its own is found as well. Elsewhere only the process group is ended.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
KILL_SECONDS = 5.0
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> None:
    """Start the command in a process group of its own, watch it, and end as it ended."""
    server_fd, status_fd, command = int(arguments[0]), int(arguments[1]), arguments[3:]
    for descriptor in (server_fd, status_fd):
        os.set_inheritable(descriptor, False)
    wake_fd = _wake_on_child_exit()
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
    if prctl is not None:
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        _become(command, guard, status_fd, prctl)
    # Both sides set the group, so that it exists before anybody signals it.
    _set_group(child)
    os.write(status_fd, f"pid {child}\n".encode())
    os.close(status_fd)
    _forward_signals(child)
    status = _watch(child, server_fd, wake_fd)
    _kill_group(child)
    _kill_descendants()
    _end_as(status)


def _become(command: list[str], guard: int, status_fd: int, prctl: Callable[..., int] | None) -> None:
    """Turn the forked process into the command; only an error returns, as `errno <n>` on the status pipe."""
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for name in (signal.SIGCHLD, signal.SIGPIPE, *FORWARDED):
        signal.signal(name, signal.SIG_DFL)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != guard:
            os._exit(127)
    try:
        os.execvp(command[0], command)  # noqa: S606 - running the given command is its purpose
    except OSError as error:
        os.write(status_fd, f"errno {error.errno}\n".encode())
        os._exit(127)


def _wake_on_child_exit() -> int:
    """Return a descriptor that turns readable on SIGCHLD."""
    wake_fd, signal_fd = os.pipe()
    os.set_blocking(signal_fd, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(signal_fd, warn_on_full_buffer=False)
    return wake_fd


def _forward_signals(child: int) -> None:
    def forward(number: int, _frame: FrameType | None) -> None:
        _signal(os.killpg, child, number)

    for name in FORWARDED:
        signal.signal(name, forward)


def _watch(child: int, server_fd: int, wake_fd: int) -> int:
    """Wait for the child and return its wait status; kill its group once the server is gone."""
    watched = select.poll()  # a busy server's descriptors are above what select takes
    for descriptor in (server_fd, wake_fd):
        watched.register(descriptor, select.POLLIN)
    while True:
        status = _reap(child)
        if status is not None:
            return status
        ready = [descriptor for descriptor, _ in watched.poll()]
        if wake_fd in ready:
            os.read(wake_fd, 512)
        if server_fd in ready:
            watched.unregister(server_fd)
            _kill_group(child)


def _reap(child: int) -> int | None:
    """Collect all that has ended, adopted processes too; return the child's wait status once it has ended."""
    status = None
    while True:
        try:
            pid, ending = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == 0:
            return status
        if pid == child:
            status = ending


def _kill_descendants() -> None:
    """Kill what the child has left, level by level: the children of a killed process become the guard's."""
    deadline = time.monotonic() + KILL_SECONDS
    while time.monotonic() < deadline:
        for pid in _children_of(os.getpid()):
            _signal(os.kill, pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except ChildProcessError:
            return  # none is left


def _children_of(parent: int) -> list[int]:
    """Return the ids of a process's children, ended ones too; only Linux has a table to read them from."""
    found = []
    names = os.listdir("/proc") if sys.platform == "linux" else []  # noqa: PTH208 - pathlib starts slowly
    for name in filter(str.isdigit, names):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue  # it ended while we were looking
        if int(fields[1]) == parent:
            found.append(int(name))
    return found


def _set_group(child: int) -> None:
    try:
        os.setpgid(child, child)
    except OSError:
        # The child has already set its own group and run the command, or has already ended.
        return


def _kill_group(child: int) -> None:
    _signal(os.killpg, child, signal.SIGKILL)


def _signal(send: Callable[[int, int], None], target: int, number: int) -> None:
    try:
        send(target, number)
    except (ProcessLookupError, PermissionError):
        # Nobody is left. macOS says "not permitted" for a group of zombies.
        return


def _end_as(status: int) -> None:
    """Exit with the code, or die by the signal, that a wait status tells of."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main(sys.argv[1:])
