"""Metrics of asynchronous endpoints: those of each request, and every minute those of the queues."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints import configs
from local_cloud.sagemaker.endpoints.metrics import NAMESPACE
from local_cloud.sagemaker.per_context import PerContext

_PERIOD_S = 60.0
_SHORTEST_S = 1.0
_UNITS = {
    "RequestDownloadLatency": "Microseconds",
    "ResponseUploadLatency": "Microseconds",
    "TimeInBacklog": "Milliseconds",
    "TotalProcessingTime": "Milliseconds",
    "ApproximateAgeOfOldestRequest": "Seconds",
}
_log = logging.getLogger("local_cloud.sagemaker.endpoints")


@dataclass(frozen=True)
class Queue:
    """How many requests have no answer yet, how many instances there are, and since when the oldest waits."""

    size: int
    instances: int
    oldest: datetime | None


class AsyncMetrics:
    """Collects the metrics of one account and region; a thread sends them while there are any."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lock = threading.Lock()
        self._data: list[dict[str, Any]] = []
        self._running = False
        self._measure: Callable[[str], Queue] = lambda endpoint: Queue(0, 0, None)

    def record(self, endpoint: str, variant: str, name: str, value: float) -> None:
        """Note one value of a metric of a variant."""
        dimensions = {"EndpointName": endpoint, "VariantName": variant}
        with self._lock:
            self._data.append(_datum(name, value, dimensions))

    def watch(self, measure: Callable[[str], Queue]) -> None:
        """Have the queues measured from now on; `measure` does it for the endpoint of a name."""
        with self._lock:
            self._measure = measure
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="async-metrics", daemon=True).start()

    def send(self) -> bool:
        """Send what was noted and how long the queues are now; false when no endpoint is asynchronous."""
        endpoints = asynchronous_endpoints(self._ctx)
        queues = [datum for endpoint in endpoints for datum in _of_queue(endpoint, self._measure(endpoint))]
        with self._lock:
            taken, self._data = self._data, []
        data = [*taken, *queues]
        client = self._ctx.client("cloudwatch")
        for at in range(0, len(data), 500):
            client.put_metric_data(Namespace=NAMESPACE, MetricData=data[at : at + 500])
        return bool(endpoints)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(max(_SHORTEST_S, self._ctx.clock.real(_PERIOD_S)))
            try:
                going_on = self.send()
            except Exception as error:  # noqa: BLE001 - the thread has to go on
                _log.warning("metrics of asynchronous endpoints not sent: %s", error)
                continue
            with self._lock:
                if not going_on and not self._data:
                    self._running = False
                    return


def asynchronous_endpoints(ctx: Context) -> list[str]:
    """The endpoints whose configuration is asynchronous."""
    found = []
    for endpoint in ctx.store.list("Endpoint"):
        config = configs.of_endpoint(ctx, endpoint) or {}
        if "AsyncInferenceConfig" in config:
            found.append(str(endpoint["EndpointName"]))
    return found


def _of_queue(endpoint: str, queue: Queue) -> list[dict[str, Any]]:
    """What is said of a queue; without instances it counts as one's, so that tracking scales from zero."""
    values = {
        "ApproximateBacklogSize": float(queue.size),
        "ApproximateBacklogSizePerInstance": queue.size / max(1, queue.instances),
        "HasBacklogWithoutCapacity": float(queue.size > 0 and queue.instances == 0),
    }
    if queue.oldest is not None:
        values["ApproximateAgeOfOldestRequest"] = (now() - queue.oldest).total_seconds()
    return [_datum(name, value, {"EndpointName": endpoint}) for name, value in values.items()]


def _datum(name: str, value: float, dimensions: dict[str, str]) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Value": value,
        "Unit": _UNITS.get(name, "Count"),
        "Timestamp": now(),
    }


of = PerContext(AsyncMetrics)
