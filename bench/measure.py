"""What a command costs: wall time, CPU time and the peak memory of it and all that it starts."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and of CPU (user and system), and the highest resident memory in MiB."""

    wall: float
    cpu: float
    peak: float


def cost_of(
    command: Sequence[str], environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Cost:
    """Run a command to its end.

    Raises
    ------
    RuntimeError
        It ended with another status than 0.
    """
    before, begin = os.times(), time.perf_counter()
    with (log or Path(os.devnull)).open("wb") as sink:
        process = subprocess.Popen(
            list(command), cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT
        )
        memory = PeakMemory(process.pid)
        status = process.wait()
    wall, after = time.perf_counter() - begin, os.times()
    if status:
        raise RuntimeError(
            f"{' '.join(command)} ended with status {status}" + (f": see {log}" if log else "")
        )
    cpu = (after.children_user + after.children_system) - (before.children_user + before.children_system)
    return Cost(wall, cpu, memory.stop())


class PeakMemory:
    """Samples the highest resident memory of a process tree and of all that works below the project."""

    def __init__(self, pid: int, also: str = str(ROOT)) -> None:
        self._root = pid
        self._also = also
        self._peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The highest sum seen, in MiB."""
        self._done.set()
        self._thread.join()
        return self._peak / 2**20

    def _sample(self) -> None:
        while not self._done.wait(0.1):
            self._peak = max(self._peak, sum(_resident(process) for process in self._processes()))

    def _processes(self) -> set[psutil.Process]:
        try:
            found = {psutil.Process(self._root), *psutil.Process(self._root).children(recursive=True)}
        except psutil.NoSuchProcess:
            found = set()
        for process in psutil.process_iter(["cmdline", "cwd"]):
            told = [*(process.info["cmdline"] or ()), process.info["cwd"] or ""]
            if any(self._also in part for part in told):
                found.add(process)
        return found - {psutil.Process()}


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
