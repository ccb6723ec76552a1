"""The properties of a record as expressions name them: paths with dots, through maps, lists and tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local_cloud.sagemaker.store import Record

# Properties that expressions may name beside the members of the model.
DERIVED = ("Metrics", "Tags", "HyperParameters", "Parameters", "Parents")


def view(record: Record) -> Record:
    """A record as expressions see it: tags, metrics and parameters by their names."""
    seen = dict(record)
    if "Tags" in record:
        seen["Tags"] = {one["Key"]: one["Value"] for one in record["Tags"]}
    if "Metrics" in record:
        seen["Metrics"] = {one["MetricName"]: _statistics(one) for one in record["Metrics"]}
    elif "FinalMetricDataList" in record:
        seen["Metrics"] = {one["MetricName"]: one["Value"] for one in record["FinalMetricDataList"]}
    if "Parameters" in record and isinstance(record["Parameters"], dict):
        seen["Parameters"] = {key: _plain(value) for key, value in record["Parameters"].items()}
    return seen


def values(value: Any, path: str) -> Iterator[Any]:
    """Every value that a path leads to; a list stands for each of its items."""
    if isinstance(value, list):
        for item in value:
            yield from values(item, path)
    elif isinstance(value, dict):
        # Keys of maps may hold dots themselves: SageMaker.InstanceCount.
        for key, inner in value.items():
            if key == path:
                yield from _leaves(inner)
            elif path.startswith(f"{key}."):
                yield from values(inner, path[len(key) + 1 :])


def paths(record: Any, lead: str = "") -> Iterator[str]:
    """Every path that leads to a value."""
    if isinstance(record, dict):
        for key, value in record.items():
            yield from paths(value, f"{lead}.{key}" if lead else str(key))
    elif isinstance(record, list):
        for item in record:
            yield from paths(item, lead)
    elif record is not None:
        yield lead


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield value


def _statistics(metric: Record) -> Record:
    """What a metric comes to, under the names that filters use (``Metrics.accuracy.max``)."""
    named = {key.lower(): value for key, value in metric.items() if isinstance(value, int | float)}
    return {**metric, **named}


def _plain(value: Any) -> Any:
    return next(iter(value.values()), None) if isinstance(value, dict) else value
