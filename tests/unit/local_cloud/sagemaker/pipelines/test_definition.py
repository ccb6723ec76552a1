"""Definitions are checked as a whole before a pipeline is made of them."""

import json

import pytest

from local_cloud.sagemaker.pipelines.definition import Branch, parse
from local_cloud.sagemaker.pipelines.errors import DefinitionError
from local_cloud.sagemaker.pipelines.steptypes import REFUSED, SUPPORTED

from .documents import (
    FUNCTION,
    condition,
    document,
    equals,
    fail,
    lambda_step,
    parameter,
    processing,
    step,
)


def _with_experiment(name: object) -> str:
    config = {"ExperimentName": name, "TrialName": "t"}
    return json.dumps({**json.loads(document(processing("A"))), "PipelineExperimentConfig": config})


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


def test_who_reads_an_output_parameter_waits_for_the_function() -> None:
    read = {"Environment": {"X": {"Get": "Steps.A.OutputParameters['Uri']"}}}
    definition = parse(document(processing("B", arguments=read), lambda_step("A")))
    assert definition.steps["B"].needs == {"A"}
    function = definition.steps["A"].function
    assert function is not None
    assert (function.arn, function.outputs) == (FUNCTION, {"Uri": "String"})


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
            document({"Name": "A", "Type": "EMR", "Arguments": {}}),
            "step 'A': type 'EMR' is not supported: Amazon EMR is not here",
        ),
        (document(step("A", "Job", {})), "type 'Job' is not supported: the serverless jobs of CreateJob"),
        (document(step("A", "QualityCheck", {})), "'QualityCheck' is not supported: the Model Monitor"),
        (document(step("A", "Sleep", {})), "'Sleep' is not supported: there is no such type; supported: "),
        (
            document(step("A", "Training", {"Environment": {"SM_JOB_DEF_VERSION": "1.0"}})),
            "step 'A': it runs a notebook job, which is not supported",
        ),
        (
            document(processing("A", arguments={"Colour": "red"})),
            "step 'A': Arguments has no member Colour; known: AppSpecification, ",
        ),
        (
            document(processing("A", arguments={"NetworkConfig": {"VpcConfig": {"Subnets": "s"}}})),
            "step 'A': Arguments.NetworkConfig.VpcConfig.Subnets must be a list, got 's' (CreateProcessing",
        ),
        (document(step("A", "Training", {"HyperParameters": []})), "HyperParameters must be an object"),
        (document(step("A", "Model", {"ModelName": ["m"]})), "Arguments.ModelName must be a single value"),
        (document(step("A", "Lineage", {"Actions": [{"Name": "n"}]})), "Actions[0] has no member Name"),
        (document(step("A", "Lineage", {"Deeds": []})), "of a Lineage step have no member Deeds"),
        (document(step("A", "Fail", {"ErrorMessage": "", "Code": 1})), "have no member Code; known: Error"),
        (document(condition("G", [equals(1, 1)], []) | {"Arguments": {"Then": []}}), "no member Then"),
        (document(processing("A b")), "step 'A b': a Name is 1 to 64 letters"),
        (document(processing("A", Colour="red")), "step 'A': a Processing step has no member Colour"),
        (document(processing("A", DependsOn=[{"Step": "B", "Trigger": "Late"}])), "got 'Late'"),
        (document({**step("A", "Fail", {"ErrorMessage": ""}), "Arguments": None}), "step 'A': it needs Arg"),
        (json.dumps({"Version": "2020-12-01", "Steps": [fail("A", "")], "Colour": 1}), "no member Colour"),
        (_with_experiment({"Get": "Steps.A.Name"}), "PipelineExperimentConfig cannot read step 'A'"),
        (_with_experiment({"Get": "Parameters.P"}), "PipelineExperimentConfig cannot read parameter 'P'"),
        (
            json.dumps({"Version": "2020-12-01", "Steps": [fail("A", "")], "MlflowConfig": {}}),
            "MlflowConfig is not supported",
        ),
        (document({"Name": "A", "Type": "Lambda", "Arguments": {}}), "step 'A': FunctionArn must be the ARN"),
        (document(lambda_step("A", FunctionArn={"Get": "Parameters.F"})), "step 'A': FunctionArn must be"),
        (document(lambda_step("A", FunctionArn="arn:aws:s3:::b")), "got 'arn:aws:s3:::b'"),
        (document(lambda_step("A", OutputParameters={})), "step 'A': OutputParameters must be a list"),
        (document(lambda_step("A", OutputParameters=["Uri"])), "needs an OutputName"),
        (document(lambda_step("A", outputs=[("", "String")])), "needs an OutputName"),
        (document(lambda_step("A", outputs=[("U", "List")])), "'U' has type 'List'; supported: String"),
        (document(lambda_step("A", outputs=[("U", "Float")] * 2)), "'U' is declared twice"),
        (document(lambda_step("A", outputs=[(f"U{n}", "Float") for n in range(51)])), "at most 50"),
        (
            document(lambda_step("A"), fail("B", {"Get": "Steps.A.OutputParameters['Url']"})),
            "step 'B' reads of step 'A' 'OutputParameters['Url']', which a Lambda step has not; "
            "it has: OutputParameters['Uri']",
        ),
        (document(lambda_step("A", outputs=[]), fail("B", {"Get": "Steps.A.Arn"})), "it has: nothing"),
        (document({"Type": "Fail", "Arguments": {}}), "no Name"),
        (document({"Name": "A", "Type": "Fail"}), "needs Arguments"),
        (document(fail("A", "x"), fail("A", "y")), "'A' is used twice"),
        (document(fail("A", {"Get": "Parameters.P"})), "parameter 'P', which is not declared"),
        (document(fail("A", {"Get": "Steps.B.Name"})), "step 'B', which is not there"),
        (document(fail("A", {"Std:Split": []})), "step 'A': function Std:Split is not supported"),
        (document(processing("A", DependsOn=["B"])), "'A' depends on step 'B'"),
        (document(processing("A", DependsOn=[{"Name": "B"}])), "DependsOn must hold step names"),
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
            document(condition("G", [equals(1, 1)], [processing("A")], [processing("B", arguments=READ_A)])),
            "'A', which runs only in the other branch of step 'G'",
        ),
    ],
)
def test_what_cannot_run_is_named(text: str, named: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(text)
    assert named in str(caught.value)


def test_every_type_of_the_sdk_runs_or_is_refused_with_a_reason() -> None:
    """The step types of sagemaker 3.27 (StepTypeEnum): importing it takes too long here."""
    types = """Condition Model Processing RegisterModel Training Transform Callback Tuning Lambda QualityCheck
        ClarifyCheck EMR EMRServerless Fail AutoML EndpointConfig Endpoint InferenceComponent Lineage Job
        Cleanup ForEach"""
    assert set(types.split()) <= set(SUPPORTED) | set(REFUSED)
    assert not set(SUPPORTED) & set(REFUSED)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"PropertyFiles": [{"OutputName": "out"}]}, "step 'A': there is no member 'FilePath'"),
        ({"PropertyFiles": 1}, "step 'A': a member is of the wrong kind"),
        ({"CacheConfig": "on"}, "step 'A': a member is of the wrong kind"),
        ({"Type": ["Processing"]}, "step 'A': a member is of the wrong kind"),
        ({"DependsOn": 1}, "step 'A': a member is of the wrong kind"),
    ],
)
def test_a_member_of_the_wrong_kind_is_no_fault_of_the_service(
    changes: dict[str, object], named: str
) -> None:
    with pytest.raises(DefinitionError, match=named):
        parse(document(processing("A") | changes))


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"Name": "P"}, "Parameters must be a list"),
        (["P"], "a parameter must be an object, got 'P'"),
        ([{"Name": "P", "EnumValues": "red"}], "EnumValues of parameter 'P' must be a list"),
        ([{"Name": "P", "Type": ["String"]}], "parameter 'P' has type"),
    ],
)
def test_parameters_of_the_wrong_kind_are_named(parameters: object, named: str) -> None:
    body = {**json.loads(document(processing("A"))), "Parameters": parameters}
    with pytest.raises(DefinitionError, match=named):
        parse(json.dumps(body))
