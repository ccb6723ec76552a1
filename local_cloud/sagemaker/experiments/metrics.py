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

POINTS = "TrialMetric"
_JSON = {"content-type": "application/json"}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Min": min,
    "Max": max,
    "Avg": statistics.fmean,
    "Count": len,
    "StdDev": statistics.pstdev,
    "Last": lambda values: values[-1],
}
_SECONDS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3600}


@route("PUT", "/BatchPutMetrics")
def put_metrics(ctx: Context, request: Request) -> Response:
    """Take in values of a component's metrics."""
    given = _parsed("BatchPutMetrics", request)
    name = str(resources.get(ctx, COMPONENT, given["TrialComponentName"])["TrialComponentName"])
    points: dict[str, list[list[Any]]] = {}
    for item in given["MetricData"]:
        point = [item["Timestamp"].timestamp(), item.get("Step"), float(item["Value"])]
        points.setdefault(item["MetricName"], []).append(point)
    for metric, added in points.items():
        _add(ctx, name, metric, added)
    return Response(200, _JSON, b"{}")


@route("POST", "/BatchGetMetrics")
def get_metrics(ctx: Context, request: Request) -> Response:
    """Give values back, one for each step or stretch of time."""
    results = [_result(ctx, query) for query in _parsed("BatchGetMetrics", request)["MetricQueries"]]
    return Response(200, _JSON, json.dumps({"MetricQueryResults": results}).encode())


def summaries(ctx: Context, component: Record, points: list[Record] | None = None) -> list[Record]:
    """What the values of each metric come to: put by the API, else the final values of a training job.

    `points` saves reading the values of all metrics for each of several components.
    """
    everything = ctx.store.list(POINTS) if points is None else points
    own = [one for one in everything if one["Component"] == component["TrialComponentName"]]
    final = component.get("FinalMetricDataList", [])
    read: Iterable[tuple[str, list[float], float]] = (
        [(one["MetricName"], [point[2] for point in one["Points"]], one["Points"][-1][0]) for one in own]
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
    for one in ctx.store.list(POINTS):
        if one["Component"] == component:
            ctx.store.delete(POINTS, f"{component}/{one['MetricName']}")


def _add(ctx: Context, component: str, metric: str, added: list[list[Any]]) -> None:
    key = f"{component}/{metric}"
    with ctx.store.lock:
        ctx.store.add(POINTS, key, {"Component": component, "MetricName": metric, "Points": []})
        ctx.store.modify(POINTS, key, lambda record: record["Points"].extend(added))


def _result(ctx: Context, query: dict[str, Any]) -> dict[str, Any]:
    component = resources.find(ctx, COMPONENT, query["ResourceArn"])
    if component is None:
        return {
            "Status": "ValidationError",
            "Message": f"{query['ResourceArn']} is not a trial component",
            "XAxisValues": [],
            "MetricValues": [],
        }
    found = ctx.store.find(POINTS, f"{component['TrialComponentName']}/{query['MetricName']}")
    groups: dict[int, list[float]] = {}
    for at, step, value in (found or {}).get("Points", []):
        place = step if query["XAxisType"] == "IterationNumber" else int(at)
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
