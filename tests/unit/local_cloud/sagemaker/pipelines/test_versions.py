"""Versions of pipelines, changes of executions, request tokens and pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.errors import ServiceError

from . import api
from .api import Jobs
from .conftest import PipelineContext
from .documents import document, fail, parameter, processing

FIRST, SECOND = document(fail("Stop", "first")), document(fail("Stop", "second"))
Json = dict[str, Any]


def _update(ctx: PipelineContext, **changes: Any) -> Json:
    return operations.call(ctx, "UpdatePipeline", {"PipelineName": "Reviews", **changes})


def test_each_new_definition_is_a_version(ctx: PipelineContext) -> None:
    arn = api.create(ctx, FIRST)
    assert _update(ctx, PipelineDefinition=SECOND)["PipelineVersionId"] == 2
    assert _update(ctx, PipelineDefinition=SECOND)["PipelineVersionId"] == 2
    assert _update(ctx, PipelineDescription="words")["PipelineVersionId"] == 2
    listed = operations.call(ctx, "ListPipelineVersions", {"PipelineName": arn})["PipelineVersionSummaries"]
    assert [one["PipelineVersionId"] for one in listed] == [2, 1]


def test_a_version_is_described_and_started_by_its_number(ctx: PipelineContext) -> None:
    arn = api.create(ctx, FIRST)
    _update(ctx, PipelineDefinition=SECOND)
    named = {"PipelineVersionDisplayName": "old", "PipelineVersionDescription": "the first one"}
    operations.call(ctx, "UpdatePipelineVersion", {"PipelineArn": arn, "PipelineVersionId": 1, **named})
    found = operations.call(ctx, "DescribePipeline", {"PipelineName": "Reviews", "PipelineVersionId": 1})
    assert (found["PipelineDefinition"], found["PipelineVersionDisplayName"]) == (FIRST, "old")
    latest = operations.call(ctx, "DescribePipeline", {"PipelineName": "Reviews"})
    assert latest["PipelineDefinition"] == SECOND
    assert "PipelineVersionDisplayName" not in latest
    old, new = api.start(ctx, PipelineVersionId=1), api.start(ctx)
    assert api.ended(ctx, old)["FailureReason"].endswith("Stop: first")
    assert api.ended(ctx, new)["FailureReason"].endswith("Stop: second")
    assert api.ended(ctx, old)["PipelineVersionId"] == 1
    listed = operations.call(
        ctx, "ListPipelineVersions", {"PipelineName": "Reviews", "SortOrder": "Ascending"}
    )
    assert [one["LastExecutionPipelineExecutionArn"] for one in listed["PipelineVersionSummaries"]] == [
        old,
        new,
    ]


@pytest.mark.parametrize("operation", ["DescribePipeline", "StartPipelineExecution", "UpdatePipelineVersion"])
def test_a_version_that_is_not_there_is_named(ctx: PipelineContext, operation: str) -> None:
    arn = api.create(ctx, FIRST)
    params: Json = {"PipelineName": "Reviews", "PipelineVersionId": 7}
    if operation == "StartPipelineExecution":
        params["ClientRequestToken"] = api.token()
    if operation == "UpdatePipelineVersion":
        params = {"PipelineArn": arn, "PipelineVersionId": 7}
    with pytest.raises(ServiceError, match="Reviews, version 7") as caught:
        operations.call(ctx, operation, params)
    assert caught.value.code == "ResourceNotFound"


def test_a_taken_name_is_refused_but_the_same_request_may_come_again(ctx: PipelineContext) -> None:
    params = {"PipelineName": "p", "PipelineDefinition": FIRST, "RoleArn": api.ROLE}
    first = operations.call(ctx, "CreatePipeline", {**params, "ClientRequestToken": "a" * 32})
    assert operations.call(ctx, "CreatePipeline", {**params, "ClientRequestToken": "a" * 32}) == first
    with pytest.raises(ServiceError, match=r"Pipeline names must be unique .*\(p\) already exists") as caught:
        operations.call(ctx, "CreatePipeline", {**params, "ClientRequestToken": "b" * 32})
    assert caught.value.code == "ValidationException"


def test_an_execution_is_renamed_and_gets_more_room_while_it_runs(ctx: PipelineContext) -> None:
    jobs = Jobs(ctx)
    api.create(ctx, document(processing("A"), processing("B")))
    first, second = jobs.hold("A"), jobs.hold("B")
    arn = api.start(ctx, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    assert first.wait(10)
    assert jobs.ran == ["A"]
    changes = {
        "PipelineExecutionDisplayName": "mine",
        "PipelineExecutionDescription": "words",
        "ParallelismConfiguration": {"MaxParallelExecutionSteps": 2},
    }
    operations.call(ctx, "UpdatePipelineExecution", {"PipelineExecutionArn": arn, **changes})
    assert second.wait(10)
    for gate in jobs.gates.values():
        gate.set()
    found = api.ended(ctx, arn)
    assert {name: found[name] for name in changes} == changes


@pytest.mark.parametrize("most", [0, -1, "many"])
def test_a_parallelism_that_makes_no_sense_is_refused(ctx: PipelineContext, most: Any) -> None:
    api.create(ctx, FIRST)
    with pytest.raises(ServiceError, match="(?i)maxParallelExecutionSteps"):
        api.start(ctx, ParallelismConfiguration={"MaxParallelExecutionSteps": most})


def test_the_parallelism_of_the_pipeline_counts_unless_an_execution_has_its_own(ctx: PipelineContext) -> None:
    Jobs(ctx)
    api.create(ctx, document(processing("A")))
    _update(ctx, ParallelismConfiguration={"MaxParallelExecutionSteps": 3})
    own = {"MaxParallelExecutionSteps": 1}
    shown = [
        api.ended(ctx, api.start(ctx, **more))["ParallelismConfiguration"]["MaxParallelExecutionSteps"]
        for more in ({}, {"ParallelismConfiguration": own})
    ]
    assert shown == [3, 1]


def test_steps_are_listed_in_pages_and_either_order(ctx: PipelineContext) -> None:
    Jobs(ctx)
    chain = [processing("S0"), *(processing(f"S{at}", DependsOn=[f"S{at - 1}"]) for at in range(1, 5))]
    api.create(ctx, document(*chain))
    arn = api.start(ctx)
    api.ended(ctx, arn)
    asked: Json = {"PipelineExecutionArn": arn, "MaxResults": 2, "SortOrder": "Ascending"}
    pages: list[list[str]] = []
    while True:
        page = operations.call(ctx, "ListPipelineExecutionSteps", asked)
        pages.append([one["StepName"] for one in page["PipelineExecutionSteps"]])
        if "NextToken" not in page:
            break
        asked["NextToken"] = page["NextToken"]
    assert pages == [["S0", "S1"], ["S2", "S3"], ["S4"]]
    assert list(api.steps(ctx, arn)) == ["S4", "S3", "S2", "S1", "S0"]
    with pytest.raises(ServiceError, match="Give PipelineExecutionArn"):
        operations.call(ctx, "ListPipelineExecutionSteps", {})


def test_an_execution_says_to_which_experiment_and_trial_it_belongs(ctx: PipelineContext) -> None:
    body = json.loads(document(fail("Stop", ""), parameters=(parameter("Team", default="red"),)))
    body["PipelineExperimentConfig"] = {
        "ExperimentName": {"Std:Join": {"On": "-", "Values": ["team", {"Get": "Parameters.Team"}]}},
        "TrialName": {"Get": "Execution.PipelineExecutionId"},
    }
    api.create(ctx, json.dumps(body))
    arn = api.start(ctx)
    wanted = {"ExperimentName": "team-red", "TrialName": arn.rpartition("/")[2]}
    assert api.ended(ctx, arn)["PipelineExperimentConfig"] == wanted


def test_what_writes_mlflow_runs_is_refused(ctx: PipelineContext) -> None:
    api.create(ctx, FIRST)
    with pytest.raises(ServiceError, match="MlflowExperimentName is not supported"):
        api.start(ctx, MlflowExperimentName="runs")
