"""Counts invocations and their latency, and puts them into CloudWatch in batches."""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context

NAMESPACE = "AWS/SageMaker"
_EVERY_S = 1.0
_MOST_VALUES = 150
_UNITS = {"ModelLatency": "Microseconds", "OverheadLatency": "Microseconds"}
_log = logging.getLogger("local_cloud.sagemaker.endpoints")

Dimensions = tuple[tuple[str, str], ...]


class InvocationMetrics:
    """Collects the metrics of one account and region; a thread sends them while there are any."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lock = threading.Lock()
        self._values: dict[tuple[Dimensions, str], Counter[float]] = defaultdict(Counter)
        self._sending = False

    def record(
        self, endpoint: str, variant: str, config: str, *, status: int, model_s: float, overhead_s: float
    ) -> None:
        """Note one invocation, under the dimensions of the variant with and without the configuration."""
        values = {
            "Invocations": 1.0,
            "Invocation4XXErrors": float(400 <= status < 500),
            "Invocation5XXErrors": float(status >= 500),
            "InvocationModelErrors": float(status >= 400),
            "ModelLatency": round(model_s * 1e6),
            "OverheadLatency": round(overhead_s * 1e6),
        }
        plain = (("EndpointName", endpoint), ("VariantName", variant))
        with self._lock:
            for dimensions in (plain, (*plain, ("EndpointConfigName", config))):
                for name, value in values.items():
                    self._values[dimensions, name][value] += 1
            start, self._sending = not self._sending, True
        if start:
            threading.Thread(target=self._send_while_busy, name="endpoint-metrics", daemon=True).start()

    def _send_while_busy(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(_EVERY_S)
            with self._lock:
                taken, self._values = self._values, defaultdict(Counter)
                self._sending = bool(taken)
            if not taken:
                return
            try:
                self._put(taken)
            except (BotoCoreError, ClientError) as error:
                _log.warning("endpoint metrics not sent: %s", error)

    def _put(self, taken: dict[tuple[Dimensions, str], Counter[float]]) -> None:
        data: list[dict[str, Any]] = []
        for (dimensions, name), counts in taken.items():
            items = list(counts.items())
            for at in range(0, len(items), _MOST_VALUES):
                some = items[at : at + _MOST_VALUES]
                data.append(
                    {
                        "MetricName": name,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
                        "Values": [value for value, _ in some],
                        "Counts": [float(count) for _, count in some],
                        "Unit": _UNITS.get(name, "Count"),
                    }
                )
        client = self._ctx.client("cloudwatch")
        for at in range(0, len(data), 100):
            client.put_metric_data(Namespace=NAMESPACE, MetricData=data[at : at + 100])


_of: dict[tuple[str, str, str], InvocationMetrics] = {}
_of_lock = threading.Lock()


def of(ctx: Context) -> InvocationMetrics:
    """Return the metrics of an account and region."""
    key = (ctx.endpoint_url, ctx.account, ctx.region)
    with _of_lock:
        if key not in _of:
            _of[key] = InvocationMetrics(ctx)
        return _of[key]
