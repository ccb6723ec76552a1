"""Experiments, trials, components and their metrics."""

import json
from typing import Any

import pytest

from local_cloud.sagemaker import experiments, operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError


def _call(ctx: Context, name: str, **params: Any) -> dict[str, Any]:
    return operations.call(ctx, name, params)


@pytest.fixture
def trial(ctx: Context) -> str:
    _call(ctx, "CreateExperiment", ExperimentName="Shop", Description="all of it")
    _call(ctx, "CreateTrial", TrialName="first", ExperimentName="shop")
    _call(ctx, "CreateTrialComponent", TrialComponentName="part", Parameters={"a": {"NumberValue": 1.0}})
    _call(ctx, "AssociateTrialComponent", TrialName="first", TrialComponentName="part")
    return "first"


def test_arns_are_those_of_the_service(ctx: Context, trial: str) -> None:
    lead = "arn:aws:sagemaker:us-east-1:123456789012:"
    assert (
        _call(ctx, "DescribeExperiment", ExperimentName="Shop")["ExperimentArn"] == f"{lead}experiment/shop"
    )
    assert _call(ctx, "DescribeTrial", TrialName=trial)["TrialArn"] == f"{lead}experiment-trial/first"
    part = _call(ctx, "DescribeTrialComponent", TrialComponentName="part")["TrialComponentArn"]
    assert part == f"{lead}experiment-trial-component/part"
    assert _call(ctx, "DescribeTrialComponent", TrialComponentName=part)["TrialComponentName"] == "part"


def test_components_are_found_by_trial_and_experiment(ctx: Context, trial: str) -> None:
    _call(ctx, "CreateTrialComponent", TrialComponentName="alone")
    for asked in ({"TrialName": trial}, {"ExperimentName": "Shop"}):
        found = _call(ctx, "ListTrialComponents", **asked)["TrialComponentSummaries"]
        assert [one["TrialComponentName"] for one in found] == ["part"]
    assert len(_call(ctx, "ListTrialComponents")["TrialComponentSummaries"]) == 2
    with pytest.raises(ServiceError, match="not ExperimentName and TrialName"):
        _call(ctx, "ListTrialComponents", TrialName=trial, ExperimentName="Shop")
    found = _call(ctx, "ListTrials", TrialComponentName="part")["TrialSummaries"]
    assert [one["TrialName"] for one in found] == ["first"]


def test_what_holds_others_is_not_deleted(ctx: Context, trial: str) -> None:
    for operation, params in (
        ("DeleteExperiment", {"ExperimentName": "Shop"}),
        ("DeleteTrial", {"TrialName": trial}),
        ("DeleteTrialComponent", {"TrialComponentName": "part"}),
    ):
        with pytest.raises(ServiceError) as caught:
            _call(ctx, operation, **params)
        assert caught.value.code == "ValidationException"
    _call(ctx, "DisassociateTrialComponent", TrialName=trial, TrialComponentName="part")
    _call(ctx, "DeleteTrialComponent", TrialComponentName="part")
    _call(ctx, "DeleteTrial", TrialName=trial)
    _call(ctx, "DeleteExperiment", ExperimentName="Shop")
    assert _call(ctx, "ListExperiments")["ExperimentSummaries"] == []


def test_maps_of_a_component_are_changed_by_key(ctx: Context, trial: str) -> None:
    change = {"Parameters": {"b": {"StringValue": "x"}}, "ParametersToRemove": ["a"]}
    made = {"OutputArtifacts": {"model": {"Value": "s3://b/m"}}, "Status": {"PrimaryStatus": "Completed"}}
    _call(ctx, "UpdateTrialComponent", TrialComponentName="part", **change, **made)
    told = _call(ctx, "DescribeTrialComponent", TrialComponentName="part")
    assert told["Parameters"] == {"b": {"StringValue": "x"}}
    assert told["OutputArtifacts"] == {"model": {"Value": "s3://b/m"}}
    assert told["Status"] == {"PrimaryStatus": "Completed"}


def test_updates_change_what_is_shown(ctx: Context, trial: str) -> None:
    _call(ctx, "UpdateExperiment", ExperimentName="shop", DisplayName="The-shop")
    _call(ctx, "UpdateTrial", TrialName=trial, DisplayName="The-first")
    assert _call(ctx, "DescribeExperiment", ExperimentName="Shop")["DisplayName"] == "The-shop"
    assert _call(ctx, "DescribeTrial", TrialName=trial)["DisplayName"] == "The-first"


def _rest(ctx: Context, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    found = operations.find_route(method, path)
    assert found is not None
    answer = found[0](ctx, operations.Request(method, path, {}, json.dumps(body).encode(), {}))
    return dict(json.loads(answer.body))


def test_metrics_are_put_summed_up_and_read_by_step(ctx: Context, trial: str) -> None:
    data = [
        {"MetricName": "loss", "Timestamp": 1_700_000_000 + step, "Step": step, "Value": value}
        for step, value in enumerate((4.0, 2.0, 3.0))
    ]
    assert _rest(ctx, "PUT", "/BatchPutMetrics", {"TrialComponentName": "part", "MetricData": data}) == {}
    told = _call(ctx, "DescribeTrialComponent", TrialComponentName="part")
    (summary,) = told["Metrics"]
    assert {key: summary[key] for key in ("MetricName", "Min", "Max", "Last", "Count", "Avg")} == {
        "MetricName": "loss",
        "Min": 2.0,
        "Max": 4.0,
        "Last": 3.0,
        "Count": 3,
        "Avg": 3.0,
    }
    query = {"MetricName": "loss", "ResourceArn": told["TrialComponentArn"], "MetricStat": "Avg"}
    steps = {**query, "Period": "IterationNumber", "XAxisType": "IterationNumber", "Start": 1}
    hours = {**query, "Period": "OneHour", "XAxisType": "Timestamp"}
    lost = {**steps, "ResourceArn": told["TrialComponentArn"] + "x"}
    answer = _rest(ctx, "POST", "/BatchGetMetrics", {"MetricQueries": [steps, hours, lost]})
    by_step, by_hour, missing = answer["MetricQueryResults"]
    assert (by_step["XAxisValues"], by_step["MetricValues"]) == ([1, 2], [2.0, 3.0])
    assert by_hour["MetricValues"] == [3.0]
    assert missing["Status"] == "ValidationError"


def test_many_values_of_a_metric_are_kept_in_order_and_go_with_their_component(
    ctx: Context, trial: str
) -> None:
    def put(first: int, count: int) -> None:
        data = [
            {"MetricName": name, "Timestamp": 1_700_000_000, "Step": step, "Value": sign * step}
            for step in range(first, first + count)
            for name, sign in (("loss", 1.0), ("loss/0", -1.0))
        ]
        _rest(ctx, "PUT", "/BatchPutMetrics", {"TrialComponentName": "part", "MetricData": data})

    for first in range(0, 700, 5):
        put(first, 5)
    told = _call(ctx, "DescribeTrialComponent", TrialComponentName="part")
    found = {one["MetricName"]: (one["Count"], one["Min"], one["Last"]) for one in told["Metrics"]}
    assert found == {"loss": (700, 0.0, 699.0), "loss/0": (700, -699.0, -699.0)}
    query = {"MetricName": "loss", "ResourceArn": told["TrialComponentArn"], "MetricStat": "Last"}
    query |= {"Period": "IterationNumber", "XAxisType": "IterationNumber"}
    (result,) = _rest(ctx, "POST", "/BatchGetMetrics", {"MetricQueries": [query]})["MetricQueryResults"]
    assert result["MetricValues"] == [float(step) for step in range(700)]
    largest = max(len(str(one)) for kind in ctx.store.kinds() for one in ctx.store.list(kind))
    assert largest < len(str(result["MetricValues"])) * 10, "one record must not hold all values"
    _call(ctx, "DisassociateTrialComponent", TrialName=trial, TrialComponentName="part")
    _call(ctx, "DeleteTrialComponent", TrialComponentName="part")
    assert [kind for kind in ctx.store.kinds() if "Metric" in kind and ctx.store.list(kind)] == []


def test_metrics_need_a_component(ctx: Context) -> None:
    item = {"MetricName": "loss", "Timestamp": 1, "Value": 1.0}
    with pytest.raises(ServiceError, match="none"):
        _rest(ctx, "PUT", "/BatchPutMetrics", {"TrialComponentName": "none", "MetricData": [item]})
    with pytest.raises(ServiceError, match="value"):
        _rest(ctx, "PUT", "/BatchPutMetrics", {"TrialComponentName": "part", "MetricData": [{}]})


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"ExperimentName": "none"}, "ResourceNotFound"),
        ({"ExperimentName": "Shop", "TrialName": "none"}, "ResourceNotFound"),
        ({"ExperimentName": "other", "TrialName": "first"}, "ValidationException"),
    ],
)
def test_a_job_names_what_exists(ctx: Context, trial: str, config: dict[str, str], code: str) -> None:
    _call(ctx, "CreateExperiment", ExperimentName="other")
    with pytest.raises(ServiceError) as caught:
        experiments.check_config(ctx, config)
    assert caught.value.code == code
    experiments.check_config(ctx, {"ExperimentName": "shop", "TrialName": "first"})
    experiments.check_config(ctx, None)
