"""Counts invocations and their latency, and puts them into CloudWatch in batches."""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.per_context import PerContext

NAMESPACE = "AWS/SageMaker"
# Values are sent this often: in seconds of the cloud's clock, so that they fill the alarms' periods, within
# bounds of real ones.
_EVERY_S, _EVERY_REAL_S = 5.0, (0.1, 1.0)
_MOST_DATA = 500
# So many values stand for those of one sending: the emulator keeps every one of them for two weeks.
_MOST_DISTINCT = 24
_UNITS = {"ModelLatency": "Microseconds", "OverheadLatency": "Microseconds", "InvocationsPerInstance": "None"}
_log = logging.getLogger("local_cloud.sagemaker.endpoints")

Dimensions = tuple[tuple[str, str], ...]


class Subject(NamedTuple):
    """What an invocation is counted for: names of the endpoint, the variant and the configuration."""

    endpoint: str
    variant: str
    config: str


class InvocationMetrics:
    """Collects the metrics of one account and region; a thread sends them while there are any."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lock = threading.Lock()
        self._values: dict[Subject, dict[str, Counter[float]]] = {}
        self._sending = False
        shortest, longest = _EVERY_REAL_S
        self._every_s = min(longest, max(shortest, ctx.clock.real(_EVERY_S)))

    def record(
        self,
        subject: Subject,
        *,
        status: int,
        model_s: float,
        overhead_s: float,
        instances: int = 1,
        concurrent: int = 1,
    ) -> None:
        """Note one invocation.

        Parameters
        ----------
        status
            What the model answered; 500 when it did not answer.
        instances
            How many instances share the variant's requests.
        concurrent
            How many requests the variant was answering, this one included.
        """
        values = {
            "Invocations": 1.0,
            "InvocationsPerInstance": round(1 / max(1, instances), 6),
            "Invocation4XXErrors": float(400 <= status < 500),
            "Invocation5XXErrors": float(status >= 500),
            "InvocationModelErrors": float(not 200 <= status < 300),
            "ModelLatency": float(round(model_s * 1e6)),
            "OverheadLatency": float(round(overhead_s * 1e6)),
            "ConcurrentRequestsPerModel": float(concurrent),
        }
        with self._lock:
            counters = self._values.get(subject)
            if counters is None:
                counters = self._values[subject] = defaultdict(Counter)
            for name, value in values.items():
                counters[name][value] += 1
            start, self._sending = not self._sending, True
        if start:
            threading.Thread(target=self._send_while_busy, name="endpoint-metrics", daemon=True).start()

    def _send_while_busy(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(self._every_s)
            with self._lock:
                taken, self._values = self._values, {}
                self._sending = bool(taken)
            if not taken:
                return
            try:
                self._put(taken)
            except (BotoCoreError, ClientError) as error:
                _log.warning("endpoint metrics not sent: %s", error)

    def _put(self, taken: dict[Subject, dict[str, Counter[float]]]) -> None:
        data: list[dict[str, Any]] = []
        for subject, counters in taken.items():
            plain = (("EndpointName", subject.endpoint), ("VariantName", subject.variant))
            for name, counts in counters.items():
                items = condensed(counts)
                for dimensions in (plain, (*plain, ("EndpointConfigName", subject.config))):
                    data.append(_datum(name, dimensions, items))
        client = self._ctx.client("cloudwatch")
        for at in range(0, len(data), _MOST_DATA):
            client.put_metric_data(Namespace=NAMESPACE, MetricData=data[at : at + _MOST_DATA])


def condensed(counts: Counter[float], most: int = _MOST_DISTINCT) -> list[tuple[float, int]]:
    """Values and how often each was seen, `most` at most: neighbours share their mean.

    Number, sum, least and greatest stay what they are; a percentile moves within its group.
    """
    items = sorted(counts.items())
    if len(items) <= most:
        return items
    (first, *inner, last), groups = items, most - 2
    total = sum(count for _, count in inner)
    merged: list[list[tuple[float, int]]] = [[] for _ in range(groups)]
    seen = 0
    for value, count in inner:
        merged[min(groups - 1, seen * groups // total)].append((value, count))
        seen += count
    means = [
        (sum(value * count for value, count in group) / size, size)
        for group in merged
        if (size := sum(count for _, count in group))
    ]
    return [first, *means, last]


def _datum(name: str, dimensions: Dimensions, items: list[tuple[float, int]]) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
        "Values": [value for value, _ in items],
        "Counts": [float(count) for _, count in items],
        "Unit": _UNITS.get(name, "Count"),
    }


of = PerContext(InvocationMetrics)
