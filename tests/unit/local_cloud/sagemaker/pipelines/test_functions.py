"""A Lambda step: the function gets the arguments, and its answer must be what the step declares."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from local_cloud.sagemaker import model
from local_cloud.sagemaker.pipelines import functions
from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.definition import parse
from local_cloud.sagemaker.pipelines.errors import StepFailed
from local_cloud.sagemaker.pipelines.functions import Function
from local_cloud.sagemaker.pipelines.runner import CloudRunner
from local_cloud.sagemaker.pipelines.work import Work

from ..conftest import AccountContext
from .documents import FUNCTION, document, lambda_step

ROLE = "arn:aws:iam::123456789012:role/r"
Json = dict[str, Any]
EVERY_TYPE = Function(FUNCTION, {"S": "String", "I": "Integer", "F": "Float", "B": "Boolean"})


class Lambda:
    """As much of a Lambda client as a step uses: one answer, or an error."""

    def __init__(self, answer: Any = None, *, error: Exception | None = None, **more: Any) -> None:
        self.payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.error, self.more = error, more
        self.asked: list[Json] = []

    def invoke(self, **asked: Any) -> Json:
        self.asked.append(asked)
        if self.error:
            raise self.error
        return {"StatusCode": 200, "Payload": io.BytesIO(self.payload), **self.more}


def test_the_function_gets_the_arguments_and_answers_with_its_outputs() -> None:
    client = Lambda({"S": "s3://b/k", "I": 3, "F": 1, "B": False, "statusCode": 200})
    found = functions.invoke(client, EVERY_TYPE, {"ContractUri": "s3://b/c", "N": 7})
    assert found == {"S": "s3://b/k", "I": 3, "F": 1, "B": False}
    (asked,) = client.asked
    assert json.loads(asked.pop("Payload")) == {"ContractUri": "s3://b/c", "N": 7}
    assert asked == {"FunctionName": FUNCTION, "InvocationType": "RequestResponse"}


def test_metadata_is_text_as_the_api_has_it() -> None:
    shown = functions.metadata(EVERY_TYPE, {"S": "x", "I": 3, "F": 0.5, "B": True})
    assert shown["Lambda"] == {
        "Arn": FUNCTION,
        "OutputParameters": [
            {"Name": "S", "Value": "x"},
            {"Name": "I", "Value": "3"},
            {"Name": "F", "Value": "0.5"},
            {"Name": "B", "Value": "true"},
        ],
    }
    step = model.output_members("ListPipelineExecutionSteps")["PipelineExecutionSteps"].member
    shape = step.members["Metadata"].members["Lambda"]
    assert set(shown["Lambda"]) == set(shape.members)
    assert {"Name", "Value"} == set(shape.members["OutputParameters"].member.members)


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (None, "must answer with a JSON object, got null"),
        (b"", "must answer with a JSON object, got nothing"),
        (b"{", "must answer with a JSON object, got {"),
        ("s3://b/k", "must answer with a JSON object"),
        ({"I": 1, "F": 1.0, "B": True}, "did not answer with 'S'"),
        ({"S": 1, "I": 1, "F": 1.0, "B": True}, "'S' = 1, which is no String"),
        ({"S": None, "I": 1, "F": 1.0, "B": True}, "'S' = None, which is no String"),
        ({"S": "", "I": 1.5, "F": 1.0, "B": True}, "'I' = 1.5, which is no Integer"),
        ({"S": "", "I": True, "F": 1.0, "B": True}, "'I' = True, which is no Integer"),
        ({"S": "", "I": 1, "F": "1.0", "B": True}, "'F' = '1.0', which is no Float"),
        ({"S": "", "I": 1, "F": 1.0, "B": 1}, "'B' = 1, which is no Boolean"),
        ({"S": "x" * 1025, "I": 1, "F": 1.0, "B": True}, "'S' is longer than 1024 characters"),
    ],
)
def test_another_answer_fails_the_step_and_is_shown(answer: Any, named: str) -> None:
    with pytest.raises(StepFailed) as caught:
        functions.invoke(Lambda(answer), EVERY_TYPE, {})
    assert FUNCTION in str(caught.value)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"errorType": "UnknownModelError", "errorMessage": "no version"}, "UnknownModelError: no version"),
        ({"errorMessage": "Task timed out after 60.00 seconds"}, "Task timed out after 60.00 seconds"),
        (b"Process exited", "Process exited"),
        (["a"], '["a"]'),
    ],
)
def test_what_a_function_raises_fails_the_step(payload: Any, shown: str) -> None:
    with pytest.raises(StepFailed) as caught:
        functions.invoke(Lambda(payload, FunctionError="Unhandled"), EVERY_TYPE, {})
    assert str(caught.value) == f"{FUNCTION} failed: {shown}"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}, "Invoke"),
            f"ClientError: ResourceNotFoundException when invoking {FUNCTION}: gone",
        ),
        (ReadTimeoutError(endpoint_url="u"), f"{FUNCTION} has not answered within 600 seconds"),
        (EndpointConnectionError(endpoint_url="u"), "ClientError: Could not connect to the endpoint URL"),
    ],
)
def test_a_function_that_cannot_be_asked_fails_the_step(error: Exception, shown: str) -> None:
    with pytest.raises(StepFailed) as caught:
        functions.invoke(Lambda(error=error), EVERY_TYPE, {})
    assert str(caught.value).startswith(shown)


def test_the_function_is_asked_once_and_in_the_name_of_the_pipeline(
    ctx: AccountContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Lambda({"Uri": "s3://b/k"})
    made: list[Any] = []

    def patient(service: str, role_arn: str, *, seconds: int) -> Lambda:
        made.append((service, role_arn, seconds))
        return client

    monkeypatch.setattr(ctx, "patient_client", patient)
    told: list[Json] = []
    step = parse(document(lambda_step("A"))).steps["A"]
    runner = CloudRunner(ctx, "arn:p/execution/e1", RoleClients(ctx, ROLE))
    work = Work(step, "A", {"P": "1"}, "", threading.Event(), told.append, lambda name: {})
    result = runner.run(work)
    assert made == [("lambda", ROLE, 600)]
    assert len(client.asked) == 1
    assert told == [{"Lambda": {"Arn": FUNCTION}}]
    assert result.properties == {"OutputParameters": {"Uri": "s3://b/k"}}
    assert result.metadata["Lambda"]["OutputParameters"] == [{"Name": "Uri", "Value": "s3://b/k"}]
