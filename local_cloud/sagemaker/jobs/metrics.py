"""Reads metrics out of the lines a training job prints, by its MetricDefinitions."""

from __future__ import annotations

import math
import re
import threading
from datetime import datetime
from typing import Any

from local_cloud.sagemaker.context import now
from local_cloud.sagemaker.errors import validation

Metric = dict[str, Any]


class MetricReader:
    """Finds ``Name`` by ``Regex`` (its first group is the number) and keeps the last value of each."""

    def __init__(self, definitions: list[dict[str, str]]) -> None:
        self._patterns = [(item["Name"], compile_definition(item)) for item in definitions]
        self._last: dict[str, Metric] = {}
        self._lock = threading.Lock()

    def feed(self, line: str) -> list[Metric]:
        """The metrics of a line, in the order of the definitions."""
        found = [
            metric
            for name, pattern in self._patterns
            for match in pattern.finditer(line)
            if (metric := _metric(name, match, now())) is not None
        ]
        with self._lock:
            self._last.update({metric["MetricName"]: metric for metric in found})
        return found

    def final(self) -> list[Metric]:
        """The last value of each metric seen so far: FinalMetricDataList."""
        with self._lock:
            return list(self._last.values())


def compile_definition(item: dict[str, str]) -> re.Pattern[str]:
    """The compiled Regex of a metric definition; ServiceError when it is not one."""
    try:
        return re.compile(item["Regex"])
    except re.error as error:
        raise validation(f"Regex of metric definition '{item['Name']}' is invalid: {error}") from None


def _metric(name: str, match: re.Match[str], at: datetime) -> Metric | None:
    text = match[1] if match.re.groups else match[0]
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    # CloudWatch takes neither NaN nor infinity, and no training job is the best with either.
    return {"MetricName": name, "Value": value, "Timestamp": at} if math.isfinite(value) else None
