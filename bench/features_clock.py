"""What a process cost since a moment; standard library alone, for it runs in the peers' environment too."""

import os
import resource
import sys
import time
from collections.abc import Iterable
from pathlib import Path


class Clock:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _cpu()

    def cost(self, files: Iterable[Path]) -> dict[str, float]:
        """Seconds of wall clock and of CPU, the highest MiB since the process began, bytes of the files."""
        return {
            "wall": time.perf_counter() - self._wall,
            "cpu": _cpu() - self._cpu,
            "peak": _peak(),
            "bytes": sum(path.stat().st_size for path in files),
        }


def _cpu() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _peak() -> float:
    """Linux: of this program alone; ru_maxrss would start with what its parent held."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
