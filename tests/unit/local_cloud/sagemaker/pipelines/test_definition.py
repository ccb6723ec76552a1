"""Definitions are checked as a whole before a pipeline is made of them."""

import json

import pytest

from local_cloud.sagemaker.pipelines.definition import Branch, parse
from local_cloud.sagemaker.pipelines.errors import DefinitionError

from .documents import condition, document, equals, fail, parameter, processing

READ_A = {"Environment": {"X": {"Get": "Steps.A.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}}}


def test_dependencies_come_from_references_names_and_branches() -> None:
    definition = parse(
        document(
            processing("A"),
            processing("B", arguments=READ_A),
            processing("C", DependsOn=["B"]),
            condition(
                "Gate", [equals({"Get": "Steps.C.ExitMessage"}, "x")], [processing("D", arguments=READ_A)]
            ),
        )
    )
    needs = {name: set(step.needs) for name, step in definition.steps.items()}
    assert needs == {"A": set(), "B": {"A"}, "C": {"B"}, "Gate": {"C"}, "D": {"A", "Gate"}}
    assert definition.steps["D"].branches == (Branch("Gate", True),)


def test_branches_nest() -> None:
    inner = condition("Inner", [equals(1, 1)], [], [fail("Stop", "no")])
    definition = parse(document(condition("Outer", [equals(1, 1)], [inner])))
    assert definition.steps["Stop"].branches == (Branch("Outer", True), Branch("Inner", False))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not JSON"),
        ("[]", "list of Steps"),
        (json.dumps({"Version": "2020-12-01", "Steps": []}), "list of Steps"),
        (json.dumps({"Version": "1", "Steps": [fail("A", "")]}), "Version must be"),
        (
            document({"Name": "A", "Type": "Lambda", "Arguments": {}}),
            "step 'A': type 'Lambda' is not supported",
        ),
        (document({"Type": "Fail", "Arguments": {}}), "no Name"),
        (document({"Name": "A", "Type": "Fail"}), "needs Arguments"),
        (document(fail("A", "x"), fail("A", "y")), "'A' is used twice"),
        (document(fail("A", {"Get": "Parameters.P"})), "parameter 'P', which is not declared"),
        (document(fail("A", {"Get": "Steps.B.Name"})), "step 'B', which is not there"),
        (document(fail("A", {"Std:Split": []})), "step 'A': function Std:Split is not supported"),
        (document(processing("A", DependsOn=["B"])), "'A' depends on step 'B'"),
        (document(processing("A", DependsOn=[{"Step": "B"}])), "DependsOn must hold step names"),
        (document(processing("A", DependsOn=["B"]), processing("B", DependsOn=["A"])), "circle: A, B"),
        (
            document(condition("G", [{"Type": "Like"}], [])),
            "step 'G': condition type 'Like' is not supported",
        ),
        (document(condition("G", [], [])), "needs Conditions"),
        (document(processing("A", CacheConfig={"Enabled": True, "ExpireAfter": "soon"})), "'soon'"),
        (document(fail("A", ""), parameters=(parameter("P"), parameter("P"))), "'P' is declared twice"),
        (
            document(
                processing(
                    "A", PropertyFiles=[{"PropertyFileName": "R", "OutputName": "no", "FilePath": "r"}]
                )
            ),
            "names output 'no'",
        ),
        (
            document(
                processing("A"),
                fail("B", {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.A.PropertyFiles.R"}, "Path": "x"}}),
            ),
            "property file 'R'",
        ),
        (
            document(condition("G", [equals(1, 1)], [processing("A")]), processing("B", arguments=READ_A)),
            "'A', which runs only in a branch of step 'G'",
        ),
        (
            document(condition("G", [equals(1, 1)], [processing("A")], [processing("B", arguments=READ_A)])),
            "'A', which runs only in a branch of step 'G'",
        ),
    ],
)
def test_what_cannot_run_is_named(text: str, named: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(text)
    assert named in str(caught.value)
