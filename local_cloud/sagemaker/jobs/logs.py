"""Sends what a job prints, and its metrics, to CloudWatch while it runs: as its role, off the job's path."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import Any

from local_cloud.sagemaker import log_streams
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.jobs.errors import AWS_ERRORS
from local_cloud.sagemaker.jobs.metrics import Metric

_log = logging.getLogger("local_cloud.sagemaker.jobs")
_EVERY_SECONDS = 0.5
_MOST_METRICS = 100


class LogShipper:
    """A queue and a thread between a job and CloudWatch: a slow or refusing service never holds the job up.

    Parameters
    ----------
    role : str, optional
        Whose grants count: a job whose role may not write logs runs without any, as on AWS.
    group : str
        Log group of the job; its metrics go to the namespace of that name.
    job : str
        Name of the job.
    dimension : str
        Dimension of its metrics, whose value is the name of the job.
    """

    def __init__(self, ctx: Context, role: str | None, group: str, job: str, *, dimension: str = "") -> None:
        self._ctx, self._role, self._group, self._job = ctx, role, group, job
        self._dimension = dimension
        self.started = int(time.time())
        self._lines: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self._metrics: queue.SimpleQueue[Metric] = queue.SimpleQueue()
        self._streams: set[str] = set()
        self._clients: dict[str, Any] = {}
        self._refused: set[str] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"logs-{job}", daemon=True)
        self._thread.start()

    def line(self, number: int, text: str) -> None:
        """Queue a line of instance `number`."""
        self.say(f"{self._job}/algo-{number}-{self.started}", text)

    def say(self, stream: str, text: str) -> None:
        """Queue a line for a stream."""
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
            more = self._lines.qsize() >= log_streams.MOST_EVENTS  # else a chatty job fills the memory
            last = self._closed.wait(0 if more else _EVERY_SECONDS)
            for service, send in (("logs", self._send_lines), ("cloudwatch", self._send_metrics)):
                try:
                    send()
                except AWS_ERRORS as error:
                    self._note(service, error)
            if last and self._lines.empty() and self._metrics.empty():
                return

    def _note(self, service: str, error: Exception) -> None:
        """Say once what is refused: every further line would be, too."""
        if service not in self._refused:
            self._refused.add(service)
            _log.warning("Job %s runs without some of its %s: %s", self._job, service, error)

    def _send_lines(self) -> None:
        batches: dict[str, list[dict[str, Any]]] = {}
        for _ in range(log_streams.MOST_EVENTS):
            try:
                stream, event = self._lines.get_nowait()
            except queue.Empty:
                break
            batches.setdefault(stream, []).append(event)
        for stream, events in batches.items():
            client = self._client("logs")
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
            self._client("cloudwatch").put_metric_data(Namespace=self._group, MetricData=data)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._ctx.client(service, self._role)
        return self._clients[service]
