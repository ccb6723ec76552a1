"""Sends what a job prints, and its metrics, to CloudWatch while it runs, off the job's path."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker import log_streams
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.jobs.metrics import Metric

_log = logging.getLogger("local_cloud.sagemaker.jobs")
_EVERY_SECONDS = 0.5
_MOST_METRICS = 100


class LogShipper:
    """A queue and a thread between a job and CloudWatch: a slow or failing service never holds the job up."""

    def __init__(self, ctx: Context, group: str, job: str, *, namespace: str, dimension: str) -> None:
        self._ctx, self._group, self._job = ctx, group, job
        self._namespace, self._dimension = namespace, dimension
        self._started = int(time.time())
        self._lines: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self._metrics: queue.SimpleQueue[Metric] = queue.SimpleQueue()
        self._streams: set[str] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"logs-{job}", daemon=True)
        self._thread.start()

    def line(self, number: int, text: str) -> None:
        """Queue a line of instance `number`."""
        stream = f"{self._job}/algo-{number}-{self._started}"
        self._lines.put((stream, log_streams.event(int(time.time() * 1000), text)))

    def metric(self, metric: Metric) -> None:
        """Queue a metric."""
        self._metrics.put(metric)

    def close(self) -> None:
        """Send what is left and end."""
        self._closed.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while True:
            last = self._closed.wait(_EVERY_SECONDS)
            try:
                self._send_lines()
                self._send_metrics()
            except (BotoCoreError, ClientError) as error:
                _log.warning("Logs of job %s not sent: %s", self._job, error)
            if last and self._lines.empty() and self._metrics.empty():
                return

    def _send_lines(self) -> None:
        batches: dict[str, list[dict[str, Any]]] = {}
        for _ in range(log_streams.MOST_EVENTS):
            try:
                stream, event = self._lines.get_nowait()
            except queue.Empty:
                break
            batches.setdefault(stream, []).append(event)
        client = self._ctx.client("logs")
        for stream, events in batches.items():
            if stream not in self._streams:
                log_streams.create(client, self._group, stream)
                self._streams.add(stream)
            client.put_log_events(logGroupName=self._group, logStreamName=stream, logEvents=events)

    def _send_metrics(self) -> None:
        data: list[dict[str, Any]] = []
        while len(data) < _MOST_METRICS:
            try:
                metric = self._metrics.get_nowait()
            except queue.Empty:
                break
            dimensions = [{"Name": self._dimension, "Value": self._job}]
            data.append({**metric, "Dimensions": dimensions})
        if data:
            self._ctx.client("cloudwatch").put_metric_data(Namespace=self._namespace, MetricData=data)
