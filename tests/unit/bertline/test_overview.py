"""The overview of an environment."""

from collections.abc import Callable
from typing import Any

from bertline import overview
from bertline.platform import Platform

from .conftest import client_error


def absent(**_: Any) -> Any:
    raise client_error("ValidationException", "Could not find endpoint")


def test_before_the_first_run(fake: Callable[..., Any], place: Platform) -> None:
    empty = {
        "list_pipeline_executions": {"PipelineExecutionSummaries": []},
        "list_model_packages": {"ModelPackageSummaryList": []},
        "describe_endpoint": absent,
    }
    states = {what: state for what, _, state in overview.rows(fake(sagemaker=empty), place)}
    assert states["pipeline"] == "last execution: never started"
    assert states["model packages"] == "0 versions, 0 approved"
    assert states["endpoint"] == "not there yet"


def test_with_a_served_version(fake: Callable[..., Any], place: Platform) -> None:
    arn = "arn:aws:sagemaker:r:a:model-package/bertline-dev/2"
    answers = {
        "list_pipeline_executions": {"PipelineExecutionSummaries": [{"PipelineExecutionStatus": "Failed"}]},
        "list_model_packages": {
            "ModelPackageSummaryList": [
                {"ModelApprovalStatus": "Approved"},
                {"ModelApprovalStatus": "PendingManualApproval"},
            ]
        },
        "describe_endpoint": {"EndpointStatus": "InService", "EndpointConfigName": "c"},
        "describe_endpoint_config": {"ProductionVariants": [{"ModelName": "m"}]},
        "describe_model": {"PrimaryContainer": {"ModelPackageName": arn}},
    }
    states = {what: state for what, _, state in overview.rows(fake(sagemaker=answers), place)}
    assert states["pipeline"] == "last execution: Failed"
    assert states["model packages"] == "2 versions, 1 approved"
    assert states["endpoint"] == "InService, serves 2"
