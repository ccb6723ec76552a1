"""A page in headless Chromium, driven over the DevTools protocol through a pair of pipes."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.unit.pipeline_code.reviews.report.browser import FLAGS, PATIENCE, chromium

LOOPBACK = [flag for flag in FLAGS if not flag.startswith("--host-resolver-rules")]
LOOPBACK.append("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")


class Page:
    """One tab. A message is JSON with a zero byte at its end, on descriptors 3 and 4 of the browser."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._out, self._in = to_browser, from_browser
        self._rest, self._number, self._session = b"", 0, ""
        self._loaded = False
        self.problems: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def open(self, url: str, width: int = 1200) -> None:
        """Go to an address in a window of `width` CSS pixels."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **metrics)
        self._loaded = False
        loads = "loaderId" in self.send("Page.navigate", url=url)  # a new fragment alone loads nothing
        while loads and not self._loaded:
            self._note(self._receive())

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, script: str, seconds: float = 30) -> Any:
        """The value of an expression as soon as it is true."""
        deadline = time.monotonic() + seconds
        while not (found := self.run(script)):
            shown = self.run("document.body.innerText")
            assert time.monotonic() < deadline, f"never true: {script}\n{shown}\n{self.problems[-3:]}"
            time.sleep(0.05)
        return found

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its answer; errors of the page are noted on the way."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            received = self._receive()
            if received.get("id") == self._number:
                assert "error" not in received, (method, received["error"])
                return dict(received["result"])
            self._note(received)

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Page.loadEventFired":
            self._loaded = True
        if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.problems.append(json.dumps(event["params"]))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], PATIENCE)
            assert ready, f"the browser has said nothing for {PATIENCE} seconds"
            read = os.read(self._in, 1 << 16)
            assert read, "the browser has ended"
            self._rest += read
        one, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(one))


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A browser with one tab, that reaches 127.0.0.1 and nothing else."""
    program = chromium()
    assert program
    read_commands, write_commands = os.pipe()
    read_answers, write_answers = os.pipe()
    # The shell puts the pipes where the browser looks for them.
    script = f'exec "$@" 3<&{read_commands} 4>&{write_answers}'
    words = [program, *LOOPBACK, f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank"]
    with (folder.parent / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", script, "bash", *words],
            pass_fds=(read_commands, write_answers),
            stdout=log,
            stderr=log,
        )
    for descriptor in (read_commands, write_answers):
        os.close(descriptor)
    try:
        yield Page(write_commands, read_answers)
    finally:
        os.close(write_commands)
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(read_answers)
