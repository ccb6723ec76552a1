"""Pipelines and their executions: definitions, parameters, tokens, lists, steps and stops."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest

from tests.integration.conftest import until

from .conftest import Account
from .makers import definition

PARAMETERS = [
    {"Name": "Epochs", "Type": "Integer", "DefaultValue": 2},
    {"Name": "Input", "Type": "String"},
    {"Name": "Size", "Type": "String", "DefaultValue": "small", "EnumValues": ["small", "large"]},
]


def token() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def pipeline(account: Account) -> Account:
    """A pipeline of one step that fails at once, with parameters."""
    create(account, definition(Parameters=PARAMETERS))
    return account


def create(account: Account, text: str, name: str = "p") -> str:
    made = account.sagemaker.create_pipeline(
        PipelineName=name, PipelineDefinition=text, RoleArn=account.role, ClientRequestToken=token()
    )
    return str(made["PipelineArn"])


def start(account: Account, request: str = "", **parameters: str) -> str:
    given = [{"Name": name, "Value": value} for name, value in {"Input": "s3://a/b", **parameters}.items()]
    started = account.sagemaker.start_pipeline_execution(
        PipelineName="p", PipelineParameters=given, ClientRequestToken=request or token()
    )
    return str(started["PipelineExecutionArn"])


def ended(account: Account, arn: str) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        return dict(account.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn))

    return dict(until(read, lambda found: found["PipelineExecutionStatus"] not in ("Executing", "Stopping")))


def refusal(account: Account, text: str) -> str:
    code, message = account.refused(
        "create_pipeline",
        PipelineName="q",
        PipelineDefinition=text,
        RoleArn=account.role,
        ClientRequestToken=token(),
    )
    assert code == "ValidationException"
    return message


def test_a_definition_comes_back_as_it_was_given(account: Account) -> None:
    text = definition()
    create(account, text)
    described = account.sagemaker.describe_pipeline(PipelineName="p")
    assert described["PipelineDefinition"] == text
    assert described["PipelineStatus"] == "Active"


def test_a_definition_is_taken_from_s3(account: Account) -> None:
    bucket, text = account.bucket(), definition()
    account.client("s3").put_object(Bucket=bucket, Key="d.json", Body=text.encode())
    account.sagemaker.create_pipeline(
        PipelineName="p",
        PipelineDefinitionS3Location={"Bucket": bucket, "ObjectKey": "d.json"},
        RoleArn=account.role,
        ClientRequestToken=token(),
    )
    assert account.sagemaker.describe_pipeline(PipelineName="p")["PipelineDefinition"] == text


def test_a_request_that_is_sent_twice_makes_one_pipeline(account: Account) -> None:
    params = {"PipelineDefinition": definition(), "RoleArn": account.role, "ClientRequestToken": token()}
    first = account.sagemaker.create_pipeline(PipelineName="p", **params)
    again = account.sagemaker.create_pipeline(PipelineName="p", **params)
    assert first["PipelineArn"] == again["PipelineArn"]


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        json.dumps({"Version": "2020-12-01"}),
        definition({"Name": "A", "Type": "Dance", "Arguments": {}}),
        definition({"Name": "A", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}, "DependsOn": ["B"]}),
        definition(*[{"Name": "A", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}}] * 2),
        definition(Parameters=[{"Name": "P", "Type": "Colour"}]),
    ],
    ids=["text", "list", "no steps", "step type", "dependency", "step names", "parameter type"],
)
def test_a_definition_that_cannot_run_is_refused(account: Account, text: str) -> None:
    assert refusal(account, text)


def test_a_pipeline_is_changed(pipeline: Account) -> None:
    text = definition(Parameters=[])
    pipeline.sagemaker.update_pipeline(
        PipelineName="p", PipelineDefinition=text, PipelineDescription="d", PipelineDisplayName="P"
    )
    described = pipeline.sagemaker.describe_pipeline(PipelineName="p")
    assert described["PipelineDefinition"] == text
    assert (described["PipelineDescription"], described["PipelineDisplayName"]) == ("d", "P")
    assert described["LastModifiedTime"] > described["CreationTime"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("update_pipeline", {"PipelineDescription": "d"}),
        ("start_pipeline_execution", {"ClientRequestToken": "c" * 32}),
        ("list_pipeline_executions", {}),
        ("delete_pipeline", {"ClientRequestToken": "c" * 32}),
    ],
)
def test_a_pipeline_that_is_not_there_is_missed(
    account: Account, operation: str, params: dict[str, Any]
) -> None:
    got = account.refused(operation, PipelineName="none", **params)
    assert got == ("ResourceNotFound", f"Pipeline '{account.arn('pipeline/none')}' does not exist.")


@pytest.mark.parametrize(
    "operation",
    [
        "describe_pipeline_execution",
        "describe_pipeline_definition_for_execution",
        "list_pipeline_execution_steps",
        "list_pipeline_parameters_for_execution",
        "stop_pipeline_execution",
        "retry_pipeline_execution",
        "update_pipeline_execution",
    ],
)
def test_an_execution_that_is_not_there_is_missed(pipeline: Account, operation: str) -> None:
    arn = pipeline.arn("pipeline/p/execution/abcdefghijkl")
    tokens = {"ClientRequestToken": token()} if operation.startswith(("stop", "retry")) else {}
    code, message = pipeline.refused(operation, PipelineExecutionArn=arn, **tokens)
    assert code == "ResourceNotFound"
    assert arn in message


def test_an_execution_has_an_arn_below_its_pipeline(pipeline: Account) -> None:
    arn = start(pipeline)
    assert re.fullmatch(re.escape(pipeline.arn("pipeline/p/execution/")) + "[a-z0-9]{12}", arn)
    described = ended(pipeline, arn)
    assert described["PipelineArn"] == pipeline.arn("pipeline/p")
    assert described["PipelineExecutionStatus"] == "Failed"


def test_the_reason_of_a_failed_execution_and_step(pipeline: Account) -> None:
    arn = start(pipeline)
    ended(pipeline, arn)
    (step,) = pipeline.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)[
        "PipelineExecutionSteps"
    ]
    assert (step["StepName"], step["StepStatus"]) == ("Stop", "Failed")
    assert "as told" in step["Metadata"]["Fail"]["ErrorMessage"]


def test_the_same_token_is_the_same_execution(pipeline: Account) -> None:
    request = token()
    assert start(pipeline, request) == start(pipeline, request)
    assert start(pipeline) != start(pipeline)


def test_parameters_of_an_execution_are_listed_with_their_defaults(pipeline: Account) -> None:
    arn = start(pipeline, Epochs="5")
    listed = pipeline.sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
    found = {one["Name"]: one["Value"] for one in listed["PipelineParameters"]}
    assert found == {"Epochs": "5", "Input": "s3://a/b", "Size": "small"}


@pytest.mark.parametrize(
    "given",
    [{"Unknown": "1"}, {"Epochs": "many"}, {"Size": "huge"}],
    ids=["unknown", "type", "enum"],
)
def test_parameters_are_checked(pipeline: Account, given: dict[str, str]) -> None:
    with pytest.raises(pipeline.sagemaker.exceptions.ClientError) as caught:
        start(pipeline, **given)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert next(iter(given)) in caught.value.response["Error"]["Message"]


def test_a_parameter_without_a_default_must_be_given(pipeline: Account) -> None:
    code, message = pipeline.refused("start_pipeline_execution", PipelineName="p", ClientRequestToken=token())
    assert code == "ValidationException"
    assert "Input" in message


def test_executions_are_listed_latest_first_and_in_pages(pipeline: Account) -> None:
    arns = [start(pipeline) for _ in range(3)]
    pages = pipeline.sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName="p", PaginationConfig={"PageSize": 2}
    )
    found = [one["PipelineExecutionArn"] for page in pages for one in page["PipelineExecutionSummaries"]]
    assert found == arns[::-1]
    oldest = pipeline.sagemaker.list_pipeline_executions(PipelineName="p", SortOrder="Ascending")
    assert oldest["PipelineExecutionSummaries"][0]["PipelineExecutionArn"] == arns[0]
    for arn in arns:
        ended(pipeline, arn)


def test_an_execution_keeps_the_definition_it_began_with(pipeline: Account) -> None:
    before = pipeline.sagemaker.describe_pipeline(PipelineName="p")["PipelineDefinition"]
    arn = start(pipeline)
    pipeline.sagemaker.update_pipeline(PipelineName="p", PipelineDefinition=definition())
    kept = pipeline.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    assert kept["PipelineDefinition"] == before
    ended(pipeline, arn)


def test_an_execution_is_renamed(pipeline: Account) -> None:
    arn = start(pipeline)
    ended(pipeline, arn)
    pipeline.sagemaker.update_pipeline_execution(
        PipelineExecutionArn=arn, PipelineExecutionDisplayName="tried", PipelineExecutionDescription="d"
    )
    described = pipeline.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert described["PipelineExecutionDisplayName"] == "tried"
    assert described["PipelineExecutionDescription"] == "d"


def test_pipelines_are_listed_by_prefix(account: Account) -> None:
    for name in ("reviews-a", "reviews-b", "other"):
        create(account, definition(), name)
    listed = account.sagemaker.list_pipelines(PipelineNamePrefix="reviews", SortBy="Name")
    assert {one["PipelineName"] for one in listed["PipelineSummaries"]} == {"reviews-a", "reviews-b"}


def test_a_running_execution_is_stopped_and_its_pipeline_not_deleted_before(account: Account) -> None:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    sleeper = {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": "i:1", "ContainerEntrypoint": ["sleep", "60"]},
        "RoleArn": account.role,
    }
    create(account, definition({"Name": "Sleep", "Type": "Processing", "Arguments": sleeper}))
    started = account.sagemaker.start_pipeline_execution(PipelineName="p", ClientRequestToken=token())
    arn = started["PipelineExecutionArn"]
    steps = account.sagemaker.list_pipeline_execution_steps
    until(lambda: steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"], lambda found: len(found) == 1)
    code, _ = account.refused("delete_pipeline", PipelineName="p", ClientRequestToken=token())
    assert code == "ConflictException"
    account.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=token())
    assert ended(account, arn)["PipelineExecutionStatus"] == "Stopped"
    (step,) = steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert step["StepStatus"] == "Stopped"
    account.sagemaker.delete_pipeline(PipelineName="p", ClientRequestToken=token())
