"""Follows what an instance prints, line by line, while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable

from local_cloud.sagemaker.jobs.container import Container

LineSink = Callable[[int, str], None]
_POLL_SECONDS = 0.1
_LONGEST_LINE = 2**20  # bytes; a progress bar may never end its line


class Follower:
    """Reads the growing log file of an instance line by line; the job itself only ever writes to a file."""

    def __init__(self, container: Container, on_line: LineSink) -> None:
        self._container, self._on_line = container, on_line
        self._ended = threading.Event()
        self._tail: list[str] = []
        self._thread = threading.Thread(target=self._run, name=f"follow-{container.host}", daemon=True)
        self._thread.start()

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines that are not empty, the newest last."""
        return tuple(self._tail)

    def finish(self) -> None:
        """Read what is left and end."""
        self._ended.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        rest = b""
        with self._container.log.open("rb") as file:
            while True:
                ended = self._ended.is_set()
                *lines, rest = (rest + file.read()).split(b"\n")
                for line in lines:
                    self._line(line)
                if len(rest) > _LONGEST_LINE:
                    self._line(rest)
                    rest = b""
                if ended:
                    break
                self._ended.wait(_POLL_SECONDS)
        if rest:
            self._line(rest)

    def _line(self, raw: bytes) -> None:
        text = raw.decode("utf-8", errors="replace").rstrip("\r").rpartition("\r")[2]
        if text.strip():
            self._tail = [*self._tail[-19:], text]
        self._on_line(self._container.number, text)
