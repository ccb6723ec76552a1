"""Starts, finds and stops the server of a local cloud; one home directory holds at most one running cloud."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from local_cloud import children, processes
from local_cloud.cloud import Cloud as Cloud
from local_cloud.defaults import HOST, PORT
from local_cloud.home import HomeError, claim, is_claimed
from local_cloud.options import Options

SERVER = "local_cloud.server"
STATE_FILE = "cloud.json"
LOG_FILE = "server.log"
START_TIMEOUT_S = 60.0
STOP_GRACE_S = 20.0
RELEASE_S = 2.0
DEFAULT = Options()
_ROOT = Path(__file__).resolve().parents[1]
_POLL_S = 0.05
# Servers that this process has started, kept so that they can be reaped.
_started: dict[int, subprocess.Popen[bytes]] = {}


class LaunchError(Exception):
    """The server cannot be started or stopped; the message says why and what to do."""


def start(home: Path, port: int = PORT, options: Options = DEFAULT) -> Cloud:
    """Start a detached server, or return the one that already runs for `home`.

    Parameters
    ----------
    home
        Directory for state, logs and job files; created when missing.
    port
        Port to listen on; any free one is taken when this one is in use.
    options
        Of a cloud that is started; one that runs already keeps its own.

    Raises
    ------
    LaunchError
        `home` holds somebody else's files, or the server ended, or did not answer, before it was ready.
    """
    home = _prepared(home)
    with locked(home):
        running = find(home)
        if running is not None:
            return running
        cloud = _start(home, _port(home, port), options)
        _write_state(home, cloud)
        return cloud


def run(home: Path, port: int = PORT, options: Options = DEFAULT) -> int:
    """Run the server in the foreground until it ends or Ctrl-C; return its exit code.

    Raises
    ------
    LaunchError
        A cloud already runs for `home`, or the server does not become ready.
    """
    home = _prepared(home)
    with ExitStack() as starting:
        starting.enter_context(locked(home))
        running = find(home)
        if running is not None:
            raise LaunchError(
                f"a local cloud already runs for {home} at {running.endpoint_url}; stop it first"
            )
        port = _port(home, port)
        command = _command(home, port, options)
        server = children.spawn(command, env=os.environ, cwd=_ROOT, stdout=sys.stdout.fileno())
        with _ending(server):
            cloud = _cloud(server.pid, port, options)
            _wait_until_ready(cloud, server, None)
            _write_state(home, cloud)
            starting.close()
            server.wait()
    (home / STATE_FILE).unlink(missing_ok=True)
    return 0 if server.returncode in (0, -signal.SIGTERM) else 1


def started(pid: int) -> subprocess.Popen[bytes] | None:
    """The server of that id, if this process has started it."""
    return _started.get(pid)


def find(home: Path) -> Cloud | None:
    """Return the cloud that runs for `home`, or None; a state file whose pid is another process is stale."""
    home = home.resolve()
    cloud = last(home)
    process = processes.find(cloud.pid) if cloud is not None else None
    if cloud is None or process is None or SERVER not in process.command or str(home) not in process.command:
        return None
    return cloud


def _start(home: Path, port: int, options: Options, tries: int = 3) -> Cloud:
    """Start a server; on another port when somebody has taken this one at the same moment."""
    with (home / LOG_FILE).open("ab") as log:
        server = subprocess.Popen(
            _command(home, port, options),
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started[server.pid] = server
    cloud = _cloud(server.pid, port, options)
    try:
        _wait_until_ready(cloud, server, home / LOG_FILE)
    except BaseException as error:
        _end(cloud.pid, grace=2.0)
        another = free_port(port)
        if isinstance(error, LaunchError) and another != port and tries > 1:
            return _start(home, another, options, tries - 1)
        raise
    return cloud


def _port(home: Path, wished: int) -> int:
    """The wished port, or a free one; that of the home's dead server is free in a moment."""
    before = last(home)
    deadline = time.monotonic() + (RELEASE_S if before and before.port == wished else 0.0)
    while (port := free_port(wished)) != wished and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return port


def last(home: Path) -> Cloud | None:
    """The cloud that was started last, whether it runs or not."""
    try:
        return Cloud(**json.loads((home / STATE_FILE).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def stop(home: Path, grace: float = STOP_GRACE_S) -> bool:
    """Stop the cloud of `home` and everything it has started; return whether one was running.

    Raises
    ------
    LaunchError
        Something of it cannot be ended.
    """
    home = home.resolve()
    if not is_claimed(home):
        return False
    with locked(home):
        cloud = find(home)
        if cloud is not None:
            _end(cloud.pid, grace)
        (home / STATE_FILE).unlink(missing_ok=True)
        return cloud is not None


def health(cloud: Cloud, timeout: float = 2.0) -> dict[str, Any] | None:
    """Return what the server says of its health, or None when it does not answer or still starts."""
    return ask(cloud, "health", timeout)


def ask(cloud: Cloud, name: str, timeout: float = 2.0) -> dict[str, Any] | None:
    """Return what the server says on a path of its own, or None when it does not answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{cloud.page}{name}", timeout=timeout) as answer:
            body = json.load(answer)
    except (OSError, ValueError):
        return None
    return body if isinstance(body, dict) else None


def free_port(wished: int) -> int:
    """Return the wished port of 127.0.0.1 when it is free, else any free one."""
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, port))
                return int(probe.getsockname()[1])
    raise LaunchError(f"no free port on {HOST}")


def _prepared(home: Path) -> Path:
    try:
        return claim(home)
    except HomeError as error:
        raise LaunchError(str(error)) from error


def _command(home: Path, port: int, options: Options) -> list[str]:
    where = ["--home", str(home), "--port", str(port)]
    return [sys.executable, "-m", SERVER, *where, *options.arguments()]


def _cloud(pid: int, port: int, options: Options) -> Cloud:
    return Cloud(
        pid=pid,
        port=port,
        endpoint_url=f"http://{HOST}:{port}",
        account=options.account,
        region=options.region,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        auth=options.auth,
        state=str(options.state) if options.state else None,
        speed=options.speed,
    )


def _wait_until_ready(
    cloud: Cloud, server: subprocess.Popen[bytes] | children.Child, log: Path | None
) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    # Who answers may be another server, which has taken the port at the same moment.
    while (health(cloud) or {"pid": None}).get("pid", cloud.pid) != cloud.pid:
        code = server.poll()
        if code is not None:
            raise LaunchError(f"the server ended with code {code} before it was ready{_tail(log)}")
        if time.monotonic() > deadline:
            raise LaunchError(f"the server did not answer within {START_TIMEOUT_S:.0f} s{_tail(log)}")
        time.sleep(_POLL_S)


def _tail(log: Path | None, lines: int = 15) -> str:
    if log is None:
        return ""
    last = log.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join([f"; the end of {log}:", *last])


def _write_state(home: Path, cloud: Cloud) -> None:
    draft = home / f"{STATE_FILE}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(cloud), indent=2) + "\n")
    draft.replace(home / STATE_FILE)


def _end(pid: int, grace: float) -> None:
    left = processes.end_tree(pid, grace)
    server = _started.pop(pid, None)
    if server is not None:
        server.poll()
    if left:
        named = ", ".join(f"{process.pid} ({process.command[:80]})" for process in left)
        raise LaunchError(f"these processes of the local cloud cannot be ended: {named}")


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the lock of a home; the system lets go of it when the holder dies."""
    with (home / "launcher.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _ending(server: children.Child) -> Iterator[None]:
    """End the server cleanly on Ctrl-C, SIGTERM or an error; only the errors go on."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        server.terminate(STOP_GRACE_S)
    except BaseException:
        server.terminate(2.0)
        raise
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
