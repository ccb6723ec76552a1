"""Metrics of trial components: the SageMaker Metrics API, and what its values come to."""

from __future__ import annotations

import functools
import json
import math
import statistics
from collections.abc import Callable, Iterable
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.checks import Problems, check
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.experiments.associations import COMPONENT
from local_cloud.sagemaker.operations import Request, Response, route
from local_cloud.sagemaker.store import Record

# The values of a component's metrics: the newest of each in one record, full blocks in records of their own,
# so that one more value does not copy all that came before.
POINTS, _SEALED = "TrialMetrics", "TrialMetricBlock"
_BLOCK = 256
_JSON = {"content-type": "application/json"}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Min": min,
    "Max": max,
    "Avg": statistics.fmean,
    "Count": len,
    "StdDev": statistics.pstdev,
    "Last": lambda values: values[-1],
}
# Time in seconds of the epoch, step or None, value.
Points = list[list[Any]]
_SECONDS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3600}


@route("PUT", "/BatchPutMetrics")
def put_metrics(ctx: Context, request: Request) -> Response:
    """Take in values of a component's metrics."""
    given = _parsed("BatchPutMetrics", request)
    points: dict[str, Points] = {}
    for item in given["MetricData"]:
        point = [item["Timestamp"].timestamp(), item.get("Step"), float(item["Value"])]
        points.setdefault(item["MetricName"], []).append(point)
    with ctx.store.lock:
        name = resources.get(ctx, COMPONENT, given["TrialComponentName"])["TrialComponentName"]
        _add(ctx, str(name), points)
    return Response(200, _JSON, b"{}")


@route("POST", "/BatchGetMetrics")
def get_metrics(ctx: Context, request: Request) -> Response:
    """Give values back, one for each step or stretch of time."""
    results = [_result(ctx, query) for query in _parsed("BatchGetMetrics", request)["MetricQueries"]]
    return Response(200, _JSON, json.dumps({"MetricQueryResults": results}).encode())


def summaries(ctx: Context, component: Record) -> list[Record]:
    """What the values of each metric come to: put by the API, else the final values of a training job."""
    own = _points(ctx, component["TrialComponentName"])
    final = component.get("FinalMetricDataList", [])
    read: Iterable[tuple[str, list[float], float]] = (
        [(name, [value for _, _, value in points], points[-1][0]) for name, points in own.items()]
        if own
        else [(one["MetricName"], [one["Value"]], one["Timestamp"].timestamp()) for one in final]
    )
    source = component.get("Source", {}).get("SourceArn", component["TrialComponentArn"])
    return [
        {
            "MetricName": name,
            "SourceArn": source,
            "TimeStamp": at,
            **{stat: compute(values) for stat, compute in _STATISTICS.items()},
        }
        for name, values, at in read
        if not any(math.isnan(value) for value in values)
    ]


def forget(ctx: Context, component: str) -> None:
    """Drop the values of a component that is gone."""
    with ctx.store.lock:
        for one in _newest(ctx, component):
            for number in range(one["Sealed"]):
                ctx.store.delete(_SEALED, _block(component, one["MetricName"], number))
        ctx.store.delete(POINTS, component)


def _add(ctx: Context, component: str, added: dict[str, Points]) -> None:
    """Add values of metrics; under the lock of the store."""
    kept = {one["MetricName"]: one for one in _newest(ctx, component)}
    for metric, points in added.items():
        one = kept.setdefault(metric, {"MetricName": metric, "Sealed": 0, "Points": []})
        one["Points"] += points
        if len(one["Points"]) >= _BLOCK:
            ctx.store.put(_SEALED, _block(component, metric, one["Sealed"]), {"Points": one["Points"]})
            one.update(Sealed=one["Sealed"] + 1, Points=[])
    ctx.store.put(POINTS, component, {"Metrics": list(kept.values())})


def _points(ctx: Context, component: str, only: str | None = None) -> dict[str, Points]:
    """The values of a component's metrics, or of one of them, in the order in which they came."""
    found: dict[str, Points] = {}
    with ctx.store.lock:
        for one in _newest(ctx, component):
            metric = one["MetricName"]
            if only in (None, metric):
                blocks = (_block(component, metric, number) for number in range(one["Sealed"]))
                sealed = [point for key in blocks for point in ctx.store.get(_SEALED, key)["Points"]]
                found[metric] = [*sealed, *one["Points"]]
    return found


def _newest(ctx: Context, component: str) -> list[Record]:
    found: list[Record] = (ctx.store.find(POINTS, component) or {}).get("Metrics", [])
    return found


def _block(component: str, metric: str, number: int) -> str:
    return f"{component}/{metric}/{number}"


def _result(ctx: Context, query: dict[str, Any]) -> dict[str, Any]:
    component = resources.find(ctx, COMPONENT, query["ResourceArn"])
    if component is None:
        return {
            "Status": "ValidationError",
            "Message": f"{query['ResourceArn']} is not a trial component",
            "XAxisValues": [],
            "MetricValues": [],
        }
    metric = query["MetricName"]
    groups: dict[int, list[float]] = {}
    for at, step, value in _points(ctx, component["TrialComponentName"], metric).get(metric, []):
        place: Any = step if query["XAxisType"] == "IterationNumber" else int(at)
        if place is not None and query.get("Start", place) <= place <= query.get("End", place):
            width = _SECONDS.get(query["Period"], 1) if query["XAxisType"] == "Timestamp" else 1
            groups.setdefault(place - place % width, []).append(value)
    compute = _STATISTICS[query["MetricStat"]]
    return {
        "Status": "Complete",
        "XAxisValues": sorted(groups),
        "MetricValues": [compute(groups[place]) for place in sorted(groups)],
    }


def _parsed(operation: str, request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise validation(f"The request body is not JSON: {error}") from None
    problems = Problems()
    parsed: dict[str, Any] = check(_model().operation_model(operation).input_shape, body, "", problems)
    if problems.found:
        raise validation(problems.told())
    return parsed


@functools.cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("sagemaker-metrics", "service-2"), "sagemaker-metrics")
