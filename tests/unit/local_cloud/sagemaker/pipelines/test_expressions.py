"""Get, Std:Join and Std:JsonGet."""

from datetime import UTC, datetime
from typing import Any

import pytest

from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed
from local_cloud.sagemaker.pipelines.expressions import Scope, references

TRAIN = {
    "ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"},
    "FinalMetricDataList": [{"MetricName": "validation:accuracy", "Value": 0.75}],
    "InputDataConfig": [{"ChannelName": "train"}, {"ChannelName": "test", "DataSource": {"Uri": "s3://b/t"}}],
    "ProcessingOutputConfig": {"Outputs": [{"OutputName": "a b", "S3Output": {"S3Uri": "s3://b/out"}}]},
    "HyperParameters": {"learning_rate": "0.1"},
}
REPORT = {"metrics": {"accuracy": {"value": 0.9}}, "list": [{"x": 1}, {"x": 2}], "a.b": 3, "none": None}


@pytest.fixture
def scope() -> Scope:
    return Scope(
        parameters={"Epochs": 3, "Rate": 0.0001, "Flag": True},
        execution={"PipelineExecutionId": "abc"},
        properties={"Train": TRAIN},
        file_uri=lambda step, name: f"s3://b/{step}/{name}.json",
        read_json=lambda uri: {"s3://b/Eval/Report.json": REPORT, "s3://b/3.json": REPORT}[uri],
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Parameters.Epochs", 3),
        ("Execution.PipelineExecutionId", "abc"),
        ("Steps.Train.ModelArtifacts.S3ModelArtifacts", "s3://b/model.tar.gz"),
        ("Steps.Train.FinalMetricDataList['validation:accuracy'].Value", 0.75),
        ('Steps.Train.InputDataConfig["test"].DataSource.Uri', "s3://b/t"),
        ("Steps.Train.InputDataConfig[1].ChannelName", "test"),
        ("Steps.Train.ProcessingOutputConfig.Outputs['a b'].S3Output.S3Uri", "s3://b/out"),
        ("Steps.Train.HyperParameters['learning_rate']", "0.1"),
    ],
)
def test_get_follows_parameters_execution_and_properties(scope: Scope, path: str, value: Any) -> None:
    assert scope.resolve({"deep": [{"Get": path}]}) == {"deep": [value]}


def test_join_writes_every_value_as_text(scope: Scope) -> None:
    values = ["s3:/", {"Get": "Execution.PipelineExecutionId"}, {"Get": "Parameters.Rate"}, 7]
    values.append({"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Flag"}]}})
    assert scope.resolve({"Std:Join": {"On": "/", "Values": values}}) == "s3://abc/0.0001/7/true"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metrics.accuracy.value", 0.9),
        ("list[1].x", 2),
        ("['a.b']", 3),
        ("metrics['accuracy']['value']", 0.9),
        ("none", None),
        ("$.metrics.accuracy.value", 0.9),
        ("$['a.b']", 3),
    ],
)
def test_json_get_reads_a_property_file(scope: Scope, path: str, value: Any) -> None:
    file = {"Get": "Steps.Eval.PropertyFiles.Report"}
    assert scope.resolve({"Std:JsonGet": {"PropertyFile": file, "Path": path}}) == value


def test_json_get_reads_any_object(scope: Scope) -> None:
    uri = {"Std:Join": {"On": "", "Values": ["s3://b/", {"Get": "Parameters.Epochs"}, ".json"]}}
    assert scope.resolve({"Std:JsonGet": {"S3Uri": uri, "Path": "list[0].x"}}) == 1


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"Get": "Steps.Train.FinalMetricDataList['loss'].Value"}, "'loss'"),
        ({"Get": "Steps.Train.InputDataConfig[5]"}, "'5'"),
        ({"Get": "Steps.Later.Name"}, "'Later' has not run"),
        (
            {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"},
                    "Path": "metrics.f1",
                }
            },
            "'f1'",
        ),
    ],
)
def test_what_is_not_there_is_named(scope: Scope, value: Any, named: str) -> None:
    with pytest.raises(StepFailed, match=named):
        scope.resolve(value)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"Std:Upper": ["a"]}, "Std:Upper"),
        ({"Get": "Secrets.Password"}, "Secrets.Password"),
        ({"Get": "Execution.Nothing"}, "Execution.Nothing"),
        ({"Get": "ForEach.NextItem"}, "ForEach.NextItem"),
        ({"Get": "IterationOutput"}, "IterationOutput"),
        ({"Get": "Parameters.A", "Default": 1}, "only member"),
        ({"Std:Join": {"Values": []}}, "On, Values"),
        ({"Std:JsonGet": {"Path": "a"}}, "either PropertyFile or S3Uri"),
        ({"Get": "Steps.Train.A[['"}, "cannot be read"),
    ],
)
def test_unsupported_expressions_are_refused_by_name(value: Any, named: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        list(references({"nested": [value]}))
    assert named in str(caught.value)


def test_times_are_joined_in_iso_form(scope: Scope) -> None:
    scope.properties = {"Train": {"CreationTime": datetime(2026, 1, 1, 12, tzinfo=UTC)}}
    value = {"Std:Join": {"On": "", "Values": [{"Get": "Steps.Train.CreationTime"}]}}
    assert scope.resolve(value) == "2026-01-01T12:00:00+00:00"


def test_what_a_loop_has_come_to_is_an_expression_too() -> None:
    paths = ("ForEach.CurrentItem", "ForEach.CurrentItem.a['b']", "IterationOutput.Try.OutputParameters['S']")
    found = [(one.kind, one.name, one.path) for path in paths for one in references({"Get": path})]
    assert found == [
        ("item", "", ""),
        ("item", "", ".a['b']"),
        ("iteration", "Try", ".OutputParameters['S']"),
    ]


def test_references_are_found_at_every_depth() -> None:
    value = {
        "a": [{"Get": "Steps.One.X"}],
        "b": {"Std:Join": {"On": "", "Values": ["x", {"Get": "Parameters.P"}]}},
        "c": {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Two.PropertyFiles['R']"}, "Path": "a"}},
    }
    found = [(one.kind, one.name, one.path) for one in references(value)]
    assert found == [("step", "One", ".X"), ("parameter", "P", ""), ("file", "Two", "R")]
