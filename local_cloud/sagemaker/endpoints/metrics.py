"""Counts invocations and their latency, and puts them into CloudWatch in batches."""

from __future__ import annotations

import logging
import math
import threading
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context

NAMESPACE = "AWS/SageMaker"
# Values are sent this often: in seconds of the cloud's clock, so that they fill the alarms' periods, within
# bounds of real ones.
_EVERY_S, _EVERY_REAL_S = 5.0, (0.1, 1.0)
_MOST_VALUES = 150
_MOST_DATA = 500
_DIGITS = 3
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
            "ModelLatency": rounded(model_s * 1e6),
            "OverheadLatency": rounded(overhead_s * 1e6),
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
                for dimensions in (plain, (*plain, ("EndpointConfigName", subject.config))):
                    data += _data(name, dimensions, counts)
        client = self._ctx.client("cloudwatch")
        for at in range(0, len(data), _MOST_DATA):
            client.put_metric_data(Namespace=NAMESPACE, MetricData=data[at : at + _MOST_DATA])


def rounded(value: float) -> float:
    """A value to three significant digits: so many latencies are the same, and are sent as one."""
    if value < 1:
        return 0.0
    return float(round(value, _DIGITS - 1 - math.floor(math.log10(value))))


def _data(name: str, dimensions: Dimensions, counts: Counter[float]) -> list[dict[str, Any]]:
    items = list(counts.items())
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            "Values": [value for value, _ in items[at : at + _MOST_VALUES]],
            "Counts": [float(count) for _, count in items[at : at + _MOST_VALUES]],
            "Unit": _UNITS.get(name, "Count"),
        }
        for at in range(0, len(items), _MOST_VALUES)
    ]


_of: dict[tuple[str, str, str], InvocationMetrics] = {}
_of_lock = threading.Lock()


def of(ctx: Context) -> InvocationMetrics:
    """Return the metrics of an account and region."""
    key = (ctx.endpoint_url, ctx.account, ctx.region)
    with _of_lock:
        if key not in _of:
            _of[key] = InvocationMetrics(ctx)
        return _of[key]
