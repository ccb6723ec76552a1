"""Running another program so that its output goes to a log and it never outlives the command."""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bertline.errors import ToolFailed
from bertline.paths import LOGS, ROOT, private_home

TAIL = 15


def run(
    command: Sequence[str],
    *,
    log: str,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = lambda line: None,
) -> None:
    """Run a command in the project's root, its output in .bertline/logs/<log>.

    Raises
    ------
    ToolFailed
        It ended with another status than 0; the message has its last lines.
    """
    private_home()
    LOGS.mkdir(exist_ok=True)
    path = LOGS / log
    tail: deque[str] = deque(maxlen=TAIL)
    process = subprocess.Popen(
        list(command),
        cwd=ROOT,
        env=dict(environment) if environment is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        with path.open("a") as sink:
            for line in process.stdout or ():
                sink.write(line)
                sink.flush()
                tail.append(line.rstrip())
                on_line(line.rstrip())
        status = process.wait()
    finally:
        end(process)
    if status:
        raise ToolFailed(
            f"`{_short(command)}` ended with status {status}; its last lines (all in {path}):\n"
            + "\n".join(tail)
        )


def end(process: "subprocess.Popen[str]") -> None:
    """End a program and all that it started, if it still runs."""
    if process.poll() is not None:
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=10)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


def _short(command: Sequence[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:4]])
