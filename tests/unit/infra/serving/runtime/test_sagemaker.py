"""Requests and answers are those of the SageMaker API."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infra.serving.runtime.config import Config
from infra.serving.runtime.notes import (
    APPROVED_AT_TAG,
    ATTEMPTED_CONFIG_TAG,
    PACKAGE_TAG,
    WANTED_CONFIG_TAG,
    Notes,
)
from infra.serving.runtime.plan import Plan, make_plan
from infra.serving.runtime.sagemaker import Endpoint, SageMaker
from tests.unit.infra.serving.runtime.conftest import ENDPOINT, PACKAGE, approved

Json = dict[str, Any]
NAME = {"EndpointName": "bertline-dev"}


@pytest.fixture
def stub() -> Iterator[tuple[SageMaker, Stubber]]:
    client = boto3.client(
        "sagemaker", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        yield SageMaker(client), stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def plan(package: Json, config: Config) -> Plan:
    return make_plan(package, config)


def test_model_and_configuration_are_valid_requests(
    stub: tuple[SageMaker, Stubber], plan: Plan, config: Config
) -> None:
    sagemaker, stubber = stub
    stubber.add_client_error("describe_model", "ValidationException")
    stubber.add_response("create_model", {"ModelArn": f"arn:aws:sagemaker:us-east-1:1:model/{plan.model}"})
    stubber.add_client_error("describe_endpoint_config", "ValidationException")
    arn = f"arn:aws:sagemaker:us-east-1:1:endpoint-config/{plan.endpoint_config}"
    stubber.add_response("create_endpoint_config", {"EndpointConfigArn": arn})
    sagemaker.ensure_model(plan, role=config.model_role)
    sagemaker.ensure_endpoint_config(plan)


def test_an_update_is_a_valid_request(stub: tuple[SageMaker, Stubber]) -> None:
    sagemaker, stubber = stub
    endpoint = Endpoint("bertline-dev", ENDPOINT, "InService", "old", None)
    tags = [{"Key": ATTEMPTED_CONFIG_TAG, "Value": "new"}]
    stubber.add_response("add_tags", {"Tags": tags}, {"ResourceArn": ENDPOINT, "Tags": tags})
    stubber.add_response("update_endpoint", {"EndpointArn": ENDPOINT}, {**NAME, "EndpointConfigName": "new"})
    sagemaker.update_endpoint(endpoint, "new")


def test_a_refused_update_is_not_noted_as_attempted(stub: tuple[SageMaker, Stubber]) -> None:
    sagemaker, stubber = stub
    for value in ("new", "old"):
        tags = [{"Key": ATTEMPTED_CONFIG_TAG, "Value": value}]
        stubber.add_response("add_tags", {"Tags": tags}, {"ResourceArn": ENDPOINT, "Tags": tags})
        if value == "new":
            stubber.add_client_error("update_endpoint", "ValidationException")
    with pytest.raises(ClientError):
        sagemaker.update_endpoint(Endpoint("bertline-dev", ENDPOINT, "InService", "old", None), "new")


def test_a_new_endpoint_carries_the_notes(stub: tuple[SageMaker, Stubber]) -> None:
    sagemaker, stubber = stub
    values = {
        WANTED_CONFIG_TAG: "new",
        ATTEMPTED_CONFIG_TAG: "new",
        PACKAGE_TAG: PACKAGE,
        APPROVED_AT_TAG: "2026-11-23T12:00:00+00:00",
    }
    tags = [{"Key": key, "Value": value} for key, value in values.items()]
    request = {**NAME, "EndpointConfigName": "new", "Tags": tags}
    stubber.add_response("create_endpoint", {"EndpointArn": ENDPOINT}, request)
    notes = Notes(wanted="new", attempted="new", approval=approved())
    sagemaker.create_endpoint("bertline-dev", "new", notes)
    assert Notes.read(values) == notes


def test_the_pending_configuration_is_read(stub: tuple[SageMaker, Stubber]) -> None:
    sagemaker, stubber = stub
    answer = {
        **NAME,
        "EndpointArn": ENDPOINT,
        "EndpointStatus": "Updating",
        "EndpointConfigName": "old",
        "CreationTime": 0,
        "LastModifiedTime": 0,
        "PendingDeploymentSummary": {"EndpointConfigName": "new"},
    }
    stubber.add_response("describe_endpoint", answer, NAME)
    endpoint = sagemaker.endpoint("bertline-dev")
    assert endpoint == Endpoint("bertline-dev", ENDPOINT, "Updating", "old", "new")
    assert endpoint.target_config == "new"


def test_notes_are_found_among_many_tags(stub: tuple[SageMaker, Stubber]) -> None:
    sagemaker, stubber = stub
    first = {"Tags": [{"Key": "application", "Value": "bertline"}], "NextToken": "more"}
    stubber.add_response("list_tags", first, {"ResourceArn": ENDPOINT})
    second = {"Tags": [{"Key": WANTED_CONFIG_TAG, "Value": "new"}]}
    stubber.add_response("list_tags", second, {"ResourceArn": ENDPOINT, "NextToken": "more"})
    endpoint = Endpoint("bertline-dev", ENDPOINT, "InService", "old", None)
    assert sagemaker.notes(endpoint) == Notes(wanted="new")


def test_a_refusal_is_not_taken_for_absence(stub: tuple[SageMaker, Stubber]) -> None:
    sagemaker, stubber = stub
    stubber.add_client_error("describe_endpoint", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        sagemaker.endpoint("bertline-dev")
