"""Requests and answers are those of the SageMaker API."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infra.serving.runtime.config import WANTED_CONFIG_TAG, Config
from infra.serving.runtime.plan import Plan, make_plan
from infra.serving.runtime.sagemaker import Endpoint, SageMaker
from tests.unit.infra.serving.runtime.conftest import ENDPOINT

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
    tags = [{"Key": WANTED_CONFIG_TAG, "Value": "new"}]
    stubber.add_response("add_tags", {"Tags": tags}, {"ResourceArn": ENDPOINT, "Tags": tags})
    stubber.add_response("update_endpoint", {"EndpointArn": ENDPOINT}, {**NAME, "EndpointConfigName": "new"})
    stubber.add_response("create_endpoint", {"EndpointArn": ENDPOINT})
    sagemaker.note_wanted_config(endpoint, "new")
    sagemaker.update_endpoint(endpoint, "new")
    sagemaker.create_endpoint("bertline-dev", "new")


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


def test_the_wanted_configuration_is_found_among_many_tags(stub: tuple[SageMaker, Stubber]) -> None:
    sagemaker, stubber = stub
    first = {"Tags": [{"Key": "application", "Value": "bertline"}], "NextToken": "more"}
    stubber.add_response("list_tags", first, {"ResourceArn": ENDPOINT})
    second = {"Tags": [{"Key": WANTED_CONFIG_TAG, "Value": "new"}]}
    stubber.add_response("list_tags", second, {"ResourceArn": ENDPOINT, "NextToken": "more"})
    endpoint = Endpoint("bertline-dev", ENDPOINT, "InService", "old", None)
    assert sagemaker.wanted_config(endpoint) == "new"


def test_a_refusal_is_not_taken_for_absence(stub: tuple[SageMaker, Stubber]) -> None:
    sagemaker, stubber = stub
    stubber.add_client_error("describe_endpoint", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        sagemaker.endpoint("bertline-dev")
