"""Following an execution: all steps in order, with state, elapsed time and metric."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from bertline import watch
from bertline.errors import BadParameter
from bertline.watch import look
from tests.unit.bertline.conftest import client_error

START = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = [
    {"Name": "Train", "Type": "Training"},
    {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {"IfSteps": [{"Name": "Register"}], "ElseSteps": [{"Name": "Refuse"}]},
    },
]
TRAIN = {
    "StepName": "Train",
    "StepStatus": "Succeeded",
    "StartTime": START,
    "EndTime": START + timedelta(seconds=75),
    "Metadata": {"TrainingJob": {"Arn": "arn:aws:sagemaker:r:a:training-job/t-1"}},
}
REFUSED = {
    "StepName": "Refuse",
    "StepStatus": "Failed",
    "StartTime": START,
    "EndTime": START,
    "FailureReason": "too low",
}


def sagemaker(status: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {
        "describe_pipeline_execution": {"PipelineExecutionStatus": status},
        "describe_pipeline_definition_for_execution": {"PipelineDefinition": json.dumps({"Steps": STEPS})},
        "list_pipeline_execution_steps": {"PipelineExecutionSteps": list(steps)},
        "describe_training_job": {
            "FinalMetricDataList": [{"MetricName": "validation:macro_f1", "Value": 0.7512}]
        },
    }


def test_every_step_is_listed_in_the_order_of_the_definition(fake: Callable[..., Any]) -> None:
    found = look(fake(sagemaker=sagemaker("Executing", TRAIN)), "arn:x/1")
    assert [(s.name, s.state) for s in found.steps] == [
        ("Train", "Succeeded"), ("Gate", "Waiting"), ("Register", "Waiting"), ("Refuse", "Waiting"),
    ]  # fmt: skip
    assert not found.done


@pytest.mark.parametrize("code", ["ResourceNotFound", "ValidationException"])
def test_an_execution_that_is_not_there_is_named(fake: Callable[..., Any], code: str) -> None:
    def missing(**_: str) -> Any:
        raise client_error(code, "Pipeline execution does not exist.")

    with pytest.raises(BadParameter, match="there is no execution arn:x/1: give the ARN"):
        look(fake(sagemaker={"describe_pipeline_execution": missing}), "arn:x/1")


def test_a_refusal_of_the_service_is_not_taken_for_a_missing_execution(fake: Callable[..., Any]) -> None:
    def refuse(**_: str) -> Any:
        raise client_error("AccessDeniedException", "not authorized")

    with pytest.raises(ClientError, match="not authorized"):
        look(fake(sagemaker={"describe_pipeline_execution": refuse}), "arn:x/1")


def test_a_training_step_shows_its_time_and_metric(fake: Callable[..., Any]) -> None:
    train = look(fake(sagemaker=sagemaker("Executing", TRAIN)), "arn:x/1").step("Train")
    assert (train.seconds, train.metric) == (75.0, "validation:macro_f1 0.751")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("none", "LiveModelPackage none"),
        (
            "arn:aws:sagemaker:r:a:model-package/bertline-dev/3",
            "LiveModelPackage model-package/bertline-dev/3",
        ),
    ],
)
def test_a_function_shows_what_it_answered(fake: Callable[..., Any], value: str, shown: str) -> None:
    outputs = [{"Name": "LiveModelPackage", "Value": value}, {"Name": "LiveModelUri", "Value": "s3://b/k"}]
    metadata = {"Lambda": {"Arn": "arn:aws:lambda:r:a:function:look", "OutputParameters": outputs}}
    step = look(fake(sagemaker=sagemaker("Executing", {**TRAIN, "Metadata": metadata})), "arn:x/1").step(
        "Train"
    )
    assert (step.metric, step.function, step.job) == (shown, "arn:aws:lambda:r:a:function:look", None)
    assert step.started == START


def test_a_function_that_has_not_answered_shows_nothing(fake: Callable[..., Any]) -> None:
    waiting = {**TRAIN, "StepStatus": "Executing", "Metadata": {"Lambda": {"Arn": "arn:f"}}}
    step = look(fake(sagemaker=sagemaker("Executing", waiting)), "arn:x/1").step("Train")
    assert (step.metric, step.function) == ("", "arn:f")


def test_when_it_is_over_the_other_branch_was_not_run(fake: Callable[..., Any]) -> None:
    found = look(fake(sagemaker=sagemaker("Failed", TRAIN, REFUSED)), "arn:x/1")
    assert found.done
    assert found.step("Register").state == "Not run"
    assert found.step("Refuse").reason == "too low"


def test_without_a_terminal_each_change_is_one_line(
    fake: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([[{**TRAIN, "StepStatus": "Executing"}], [{**TRAIN, "StepStatus": "Executing"}], [TRAIN]])
    states = iter(["Executing", "Executing", "Succeeded"])
    service = sagemaker("Executing")
    service["list_pipeline_execution_steps"] = lambda **_: {"PipelineExecutionSteps": next(answers)}
    service["describe_pipeline_execution"] = lambda **_: {"PipelineExecutionStatus": next(states)}
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    out = io.StringIO()
    watch.follow(fake(sagemaker=service), "arn:x/1", Console(file=out, width=100))
    lines = [line.split()[:2] for line in out.getvalue().splitlines()]
    assert lines == [["Train", "Executing"], ["Train", "Succeeded"]]


def test_a_terminal_gets_a_table_with_cached_steps_marked(fake: Callable[..., Any]) -> None:
    service = sagemaker("Succeeded", {**TRAIN, "CacheHitResult": {"SourcePipelineExecutionArn": "arn:x/0"}})
    out = io.StringIO()
    watch.follow(fake(sagemaker=service), "arn:x/1", Console(file=out, width=100, force_terminal=True))
    assert "Succeeded (cached)" in out.getvalue()
    assert "1:15" in out.getvalue()
