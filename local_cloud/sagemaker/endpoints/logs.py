"""Copies what model servers print to CloudWatch Logs while they run."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker import log_streams
from local_cloud.sagemaker.context import Context

_log = logging.getLogger("local_cloud.sagemaker.endpoints")
_EVERY_S = 1.0
_FRESH_S = 11 * 3600  # a session lasts twelve hours


def group_of(endpoint_name: str) -> str:
    """Return the log group of an endpoint."""
    return f"/aws/sagemaker/Endpoints/{endpoint_name}"


class LogTail:
    """Follows one log file, from its start to `close`, into one log stream.

    Parameters
    ----------
    role
        The model's role, which writes the log; without one it is the account itself.
    """

    def __init__(self, ctx: Context, group: str, stream: str, file: Path, role: str | None = None) -> None:
        self._ctx, self._group, self._stream, self._file = ctx, group, stream, file
        self._role = role
        self._client: Any = None
        self._client_made = 0.0
        self._offset = 0
        self._open = False
        self._told = ""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tail-{stream}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send the rest and end."""
        self._closed.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            last = self._closed.wait(_EVERY_S)
            try:
                while self._send(last):
                    pass
            except (BotoCoreError, ClientError) as error:
                self._tell(str(error))
            if last:
                return

    def _send(self, last: bool) -> bool:
        """Send the next lines; false when there was nothing to send."""
        lines = self._next_lines(last)
        if not lines:
            return False
        client = self._logs()
        if not self._open:
            log_streams.create(client, self._group, self._stream)
            self._open = True
        at = int(time.time() * 1000)
        events = [log_streams.event(at, line) for line in lines]
        client.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=events)
        return True

    def _logs(self) -> Any:
        """The client, made anew before the session of the role ends."""
        if self._client is None or time.monotonic() - self._client_made > _FRESH_S:
            self._client, self._client_made = self._ctx.client("logs", self._role), time.monotonic()
        return self._client

    def _tell(self, why: str) -> None:
        """Say once what is refused: every further line would be, too."""
        if why != self._told:
            self._told = why
            _log.warning("log of %s not sent: %s", self._stream, why)

    def _next_lines(self, last: bool) -> list[str]:
        if not self._file.exists():
            return []
        with self._file.open("rb") as file:
            file.seek(self._offset)
            raw = file.readlines(2**18)[: log_streams.MOST_EVENTS]
        if raw and not last and not raw[-1].endswith(b"\n"):
            raw.pop()  # the rest of this line is still to come
        self._offset += sum(map(len, raw))
        return [line.decode(errors="replace").rstrip("\r\n") for line in raw]
