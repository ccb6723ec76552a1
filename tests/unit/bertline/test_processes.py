"""Programs that a command runs: logged, reported, never left behind."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bertline import processes
from bertline.errors import ToolFailed


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(processes, "LOGS", tmp_path)
    return tmp_path


def test_output_goes_to_the_log_and_to_the_caller(logs: Path) -> None:
    lines: list[str] = []
    processes.run([sys.executable, "-c", "print('one'); print('two')"], log="x.log", on_line=lines.append)
    assert lines == ["one", "two"]
    assert (logs / "x.log").read_text() == "one\ntwo\n"


def test_a_failure_carries_the_status_and_the_last_lines() -> None:
    with pytest.raises(ToolFailed, match=r"status 3[\s\S]*the reason"):
        processes.run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], log="x.log")


def test_an_interruption_ends_the_program_and_its_children() -> None:
    grandchild = (
        "import subprocess,sys; p=subprocess.Popen(['sleep','60']); print(p.pid, flush=True); p.wait()"
    )
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        processes.run([sys.executable, "-c", grandchild], log="x.log", on_line=interrupt)
    assert eventually(lambda: not alive(pids[0]))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").is_dir() else True


def eventually(true: Callable[[], bool]) -> bool:
    stop = threading.Event()
    for _ in range(200):
        if true():
            return True
        stop.wait(0.05)
    return False
