"""Starting the pipeline: parameters are checked by name before anything starts."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bertline import runs
from bertline.errors import BadParameter
from bertline.platform import Platform

PARAMETERS = [
    {"Name": "Epochs", "DefaultValue": 3},
    {"Name": "InputData"},
    {"Name": "ContractUri", "DefaultValue": "s3://assets/1.toml"},
]
DEFINITION = json.dumps({"Parameters": PARAMETERS, "Steps": []})
DATA = {"InputData": "s3://raw/reviews/1/"}
Fake = Callable[..., Any]


@pytest.fixture
def sagemaker() -> dict[str, Any]:
    return {
        "describe_pipeline": {"PipelineDefinition": DEFINITION},
        "start_pipeline_execution": {"PipelineExecutionArn": "arn:1"},
    }


def test_values_reach_the_service(fake: Fake, place: Platform, sagemaker: dict[str, Any]) -> None:
    target = fake(sagemaker=sagemaker)
    assert runs.start(target, place, {"Epochs": "2", **DATA}, "why") == "arn:1"
    started = dict(target.clients["sagemaker"].calls)["start_pipeline_execution"]
    assert started["PipelineParameters"] == [
        {"Name": "Epochs", "Value": "2"},
        {"Name": "InputData", "Value": "s3://raw/reviews/1/"},
    ]


def test_a_misspelt_parameter_is_refused_with_the_likely_name(
    fake: Fake, place: Platform, sagemaker: dict[str, Any]
) -> None:
    target = fake(sagemaker=sagemaker)
    with pytest.raises(BadParameter, match="no parameter 'Epoch'; did you mean Epochs"):
        runs.start(target, place, {"Epoch": "2"}, "why")
    assert "start_pipeline_execution" not in dict(target.clients["sagemaker"].calls)


def test_an_unlike_name_gets_the_whole_list(fake: Fake, place: Platform, sagemaker: dict[str, Any]) -> None:
    with pytest.raises(BadParameter, match="it has: Epochs, InputData, ContractUri"):
        runs.start(fake(sagemaker=sagemaker), place, {"zzz": "2"}, "why")


def test_values_may_hold_equals_signs() -> None:
    assert runs.parse(["InputData=s3://b/k=v/"]) == {"InputData": "s3://b/k=v/"}


@pytest.mark.parametrize("wrong", ["Epochs", "=3", ""])
def test_an_assignment_without_name_or_equals_is_refused(wrong: str) -> None:
    with pytest.raises(BadParameter, match="Name=value"):
        runs.parse([wrong])


def test_presets_are_parameter_values_as_the_service_takes_them() -> None:
    assert runs.preset("demo")["Epochs"].isdecimal()
    assert runs.preset("course")["TrainSplitPercentage"] == "0.9"
    with pytest.raises(BadParameter, match="known: course, demo, full"):
        runs.preset("nosuch")


def test_a_parameter_without_a_default_must_be_given(
    fake: Fake, place: Platform, sagemaker: dict[str, Any]
) -> None:
    with pytest.raises(BadParameter, match="InputData has no value: `bertline upload`"):
        runs.start(fake(sagemaker=sagemaker), place, {"Epochs": "2"}, "why")


@pytest.mark.parametrize(
    ("contract", "carried"),
    [("s3://assets/1.toml", {}), ("s3://raw/contracts/2/", {"ContractUri": "s3://raw/contracts/2/"})],
)
def test_a_run_takes_over_the_inputs_that_the_newest_execution_was_given(
    fake: Fake, place: Platform, contract: str, carried: dict[str, str]
) -> None:
    values = {**DATA, "Epochs": "9", "ContractUri": contract}
    listed = [{"Name": name, "Value": value} for name, value in values.items()]
    target = fake(
        sagemaker={
            "list_pipeline_executions": {"PipelineExecutionSummaries": [{"PipelineExecutionArn": "arn:1"}]},
            "list_pipeline_parameters_for_execution": {"PipelineParameters": listed},
            "describe_pipeline_definition_for_execution": {"PipelineDefinition": DEFINITION},
        }
    )
    assert runs.last_inputs(target, place) == {**DATA, **carried}


def test_the_first_run_has_no_inputs_to_take_over(fake: Fake, place: Platform) -> None:
    target = fake(sagemaker={"list_pipeline_executions": {"PipelineExecutionSummaries": []}})
    assert runs.last_inputs(target, place) == {}


def executions(*arns: str) -> Callable[..., Any]:
    """The service's list; only where the newest are asked for first do they come first."""

    def listed(*, SortBy: str, SortOrder: str, MaxResults: int, **_: Any) -> dict[str, Any]:
        assert (SortBy, SortOrder) == ("CreationTime", "Descending")
        return {"PipelineExecutionSummaries": [{"PipelineExecutionArn": arn} for arn in arns[:MaxResults]]}

    return listed


def test_the_newest_execution_is_asked_for_by_its_time(fake: Fake, place: Platform) -> None:
    target = fake(
        sagemaker={"list_pipeline_executions": executions("arn:p/execution/b", "arn:p/execution/a")}
    )
    assert runs.latest(target, place) == "arn:p/execution/b"
    assert len(runs.newest(target, place, 2)) == 2


def test_an_execution_is_named_by_its_arn_or_the_end_of_it(fake: Fake, place: Platform) -> None:
    target = fake(sagemaker={"list_pipeline_executions": executions("arn:p/execution/b")})
    assert runs.named(target, place, None) == "arn:p/execution/b"
    assert runs.named(target, place, "a") == "arn:p/execution/a"
    assert runs.named(target, place, "arn:other/execution/c") == "arn:other/execution/c"
