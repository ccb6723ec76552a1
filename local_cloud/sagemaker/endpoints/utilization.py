"""How busy an endpoint's instances are: CPU and memory of their model servers, in CloudWatch every minute."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import live as lives
from local_cloud.sagemaker.endpoints.live import Live
from local_cloud.sagemaker.endpoints.worker import Worker
from local_cloud.sagemaker.per_context import PerContext

NAMESPACE = "/aws/sagemaker/Endpoints"
_EVERY_S, _EVERY_REAL_S = 60.0, (1.0, 60.0)
_log = logging.getLogger("local_cloud.sagemaker.endpoints")


@dataclass(frozen=True)
class Usage:
    """Seconds of CPU that a process has used, and bytes of memory that it holds."""

    cpu_s: float
    memory: int


def usage(pid: int) -> Usage | None:
    """The usage of a process; None when it is gone, or where the system has no /proc."""
    if sys.platform != "linux":
        return None
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        resident = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, IndexError):
        return None
    ticks = int(stat[11]) + int(stat[12])
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), resident * os.sysconf("SC_PAGE_SIZE"))


class Gauge:
    """Measures the instances of one account and region; a thread does so while there are endpoints."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lock = threading.Lock()
        self._before: dict[int, tuple[float, float]] = {}
        self._seen: dict[int, tuple[float, float]] = {}
        self._running = False
        shortest, longest = _EVERY_REAL_S
        self._every_s = min(longest, max(shortest, ctx.clock.real(_EVERY_S)))

    def start(self) -> None:
        """Measure from now on, while there are endpoints."""
        with self._lock:
            begin, self._running = not self._running, True
        if begin:
            threading.Thread(target=self._measure_while_live, name="utilization", daemon=True).start()

    def _measure_while_live(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(self._every_s)
            with self._lock:
                endpoints = lives.of_context(self._ctx)
                self._running = bool(endpoints)
                if not endpoints:
                    return
            self._seen = {}
            data = [datum for live in endpoints for datum in self._data(live)]
            self._before = self._seen  # and not what is known of processes that are gone
            try:
                if data:
                    self._ctx.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)
            except (BotoCoreError, ClientError) as error:
                _log.warning("utilization of endpoints not sent: %s", error)

    def _data(self, live: Live) -> list[dict[str, Any]]:
        data = []
        for fleet in live.fleets:
            enhanced = fleet.record.get("MetricsConfig", {}).get("EnableEnhancedMetrics")
            for name, variant in fleet.variants.items():
                plain = {"EndpointName": live.name, "VariantName": name}
                found = {worker.container.host: self._measured(worker) for worker in variant.workers}
                present = {host: measured for host, measured in found.items() if measured is not None}
                for at, metric in enumerate(("CPUUtilization", "MemoryUtilization")):
                    values = [measured[at] for measured in present.values()]
                    if values:
                        data.append(_datum(metric, plain, values))
                    if enhanced:
                        for host, measured in present.items():
                            data.append(_datum(metric, {**plain, "InstanceId": host}, [measured[at]]))
        return data

    def _measured(self, worker: Worker) -> tuple[float, float] | None:
        """Percent of a core since the last look, and percent of the memory; None at the first look."""
        pid = worker.pid
        now, found = time.monotonic(), usage(pid) if pid is not None else None
        if pid is None or found is None:
            return None
        before = self._before.get(pid)
        self._seen[pid] = (now, found.cpu_s)
        if before is None or now <= before[0]:
            return None
        cpu = 100 * (found.cpu_s - before[1]) / (now - before[0])
        return max(0.0, cpu), 100 * found.memory / _memory()


def _datum(metric: str, dimensions: dict[str, str], values: list[float]) -> dict[str, Any]:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {
        "MetricName": metric,
        "Dimensions": named,
        "Values": [round(value, 3) for value in values],
        "Unit": "Percent",
    }


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


of = PerContext(Gauge)
