"""One instance of a variant: a model server process that is asked over HTTP and restarted when it dies."""

from __future__ import annotations

import http.client
import logging
import select
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cloud import children
from local_cloud.sagemaker.endpoints.errors import WorkerFailed, WorkerTimeout, WorkerUnavailable
from local_cloud.sagemaker.jobs.container import Container

MODEL_SERVER = Path(__file__).with_name("model_server.py")
INVOCATION_TIMEOUT_S = 60.0
_POLL_S = 0.02
_MOST_STARTS = 3
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 30.0
_log = logging.getLogger("local_cloud.sagemaker.endpoints")


@dataclass(frozen=True)
class Reply:
    """What a model server answered. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Worker:
    """A model server process.

    Parameters
    ----------
    container
        Folder of the instance; its /opt/ml/model holds the model.
    environment
        The whole environment of the process.
    concurrency
        How many requests the handlers see at a time.
    startup_s
        Seconds that loading the model may take.
    """

    def __init__(
        self, container: Container, environment: Mapping[str, str], concurrency: int, startup_s: float
    ) -> None:
        self.container = container
        self._environment = dict(environment)
        self._concurrency = concurrency
        self._startup_s = startup_s
        self._child: children.Child | None = None
        self._port: int | None = None
        self._idle: list[http.client.HTTPConnection] = []
        self._in_flight = 0
        self._changed = threading.Condition()
        self._retired = threading.Event()

    @property
    def ready(self) -> bool:
        """Whether requests can be sent to it."""
        return self._port is not None and not self._retired.is_set()

    @property
    def in_flight(self) -> int:
        """How many requests hold it."""
        return self._in_flight

    @property
    def pid(self) -> int | None:
        """Process id of the model server that runs now."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start the process; `wait_ready` says when it can be used."""
        command = [sys.executable, "-P", str(MODEL_SERVER), "--model-dir", str(self.container.ml / "model")]
        command += ["--port-file", str(self._port_file), "--concurrency", str(self._concurrency)]
        with self._changed, self.container.log.open("ab") as log:
            if self._retired.is_set():
                return
            self._port_file.unlink(missing_ok=True)
            self._child = children.spawn(command, env=self._environment, cwd=self.container.root, stdout=log)

    def wait_ready(self) -> None:
        """Wait until the model is loaded and the health check passes.

        A process that was killed by a signal is started again, as an instance does with its container.

        Raises
        ------
        WorkerFailed
            The process ended first, or the time was up; it is gone then.
        """
        deadline, starts = time.monotonic() + self._startup_s, 1
        while True:
            code = -1 if self._child is None else self._child.poll()
            if code is not None and (code >= 0 or starts >= _MOST_STARTS):
                raise WorkerFailed(self._last_words())
            if code is not None:
                starts += 1
                self.start()
            if self._port_file.exists() and self._healthy(int(self._port_file.read_text())):
                return
            if time.monotonic() > deadline:
                if self._child is not None:
                    self._child.terminate(grace=1.0)
                raise WorkerFailed(f"not ready after {self._startup_s:.0f} s")
            if self._retired.wait(_POLL_S):
                raise WorkerFailed("stopped while it was starting")

    def supervise(self) -> None:
        """From now on, start the process again whenever it dies."""
        threading.Thread(target=self._supervise, name=f"worker-{self.container.host}", daemon=True).start()

    def begin(self) -> bool:
        """Reserve the worker for a request; false when it is not to be used. `end` must follow."""
        with self._changed:
            if not self.ready:
                return False
            self._in_flight += 1
            return True

    def end(self) -> None:
        """Let go of a reservation."""
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def invoke(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        timeout_s: float | None = None,
    ) -> Reply:
        """Send a request over a kept connection and wait `timeout_s` seconds at most, 60 when None.

        Raises
        ------
        WorkerUnavailable
            The process died, or dies on this request.
        WorkerTimeout
            No answer in time.
        """
        connection = self._connection()
        connection.timeout = INVOCATION_TIMEOUT_S if timeout_s is None else timeout_s
        try:
            if connection.sock is None:
                connection.connect()
            else:
                connection.sock.settimeout(connection.timeout)
        except OSError as error:
            raise WorkerUnavailable(self.container.host, sent=False) from error
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError as error:
            connection.close()
            raise WorkerTimeout(self.container.host) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise WorkerUnavailable(self.container.host) from error
        self._idle.append(connection)
        lowered = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, lowered, content)

    def retire(self, drain_s: float) -> None:
        """Take no more requests, give those in flight `drain_s` seconds to finish, and end the process."""
        with self._changed:
            self._retired.set()
            self._changed.wait_for(lambda: self._in_flight == 0, drain_s)
        if self._child is not None:
            self._child.terminate()
        while self._idle:
            self._idle.pop().close()

    @property
    def _port_file(self) -> Path:
        return self.container.root / "port"

    def _healthy(self, port: int) -> bool:
        self._port = port
        try:
            if self.invoke("GET", "/ping", b"", {}).status == http.client.OK:
                return True
        except (WorkerUnavailable, WorkerTimeout) as error:
            _log.info("health check of %s: %r", self.container.host, error)
        self._port = None
        return False

    def _connection(self) -> http.client.HTTPConnection:
        """A kept connection that is still open, or a new one."""
        port = self._port
        if port is None:
            raise WorkerUnavailable(self.container.host, sent=False)
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if connection.port == port and not _closed(connection):
                return connection
            connection.close()
        return http.client.HTTPConnection("127.0.0.1", port)

    def _supervise(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._retired.is_set():
            if self._child is not None:
                code = self._child.wait()
                self._port = None
                if self._retired.is_set():
                    return
                _log.warning("model server %s ended with code %s; restarting", self.container.host, code)
            if self._retired.wait(pause):
                return
            try:
                self.start()
                self.wait_ready()
                pause = _FIRST_PAUSE_S
            except (WorkerFailed, OSError) as error:
                self._port = None
                _log.warning("model server %s did not restart: %s", self.container.host, error)
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _last_words(self) -> str:
        lines = self.container.log.read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")


def _closed(connection: http.client.HTTPConnection) -> bool:
    """Whether the other side has hung up: an idle connection can have nothing to read but its end."""
    if connection.sock is None:
        return True
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
