"""A settled endpoint serves what was deployed, or the function fails."""

import pytest

from infra.serving.runtime.errors import EndpointFailedError, WrongLiveConfigError
from infra.serving.runtime.notes import ATTEMPTED_CONFIG_TAG, WANTED_CONFIG_TAG
from infra.serving.runtime.sagemaker import SageMaker
from infra.serving.runtime.verify import Verdict, verify
from tests.unit.infra.serving.runtime.conftest import FakeClient


def run(client: FakeClient) -> Verdict:
    return verify("bertline-dev", SageMaker(client))


def test_the_wanted_configuration_is_right(client: FakeClient) -> None:
    client.put_endpoint("InService", "new")
    client.tags = {"application": "bertline", WANTED_CONFIG_TAG: "new"}
    assert run(client) is Verdict.RIGHT


def test_another_configuration_than_the_one_tried_is_an_error(client: FakeClient) -> None:
    client.put_endpoint("InService", "old")
    client.tags = {WANTED_CONFIG_TAG: "new", ATTEMPTED_CONFIG_TAG: "new"}
    with pytest.raises(WrongLiveConfigError, match="serves old, wanted is new"):
        run(client)


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed"])
def test_an_endpoint_that_does_not_serve_is_an_error(client: FakeClient, status: str) -> None:
    client.put_endpoint(status, "new")
    client.tags = {WANTED_CONFIG_TAG: "new"}
    with pytest.raises(EndpointFailedError, match=f"is {status}"):
        run(client)


@pytest.mark.parametrize("status", ["Creating", "Updating", "RollingBack", "Deleting"])
def test_a_change_under_way_is_left_alone(client: FakeClient, status: str) -> None:
    client.put_endpoint(status, "old")
    client.tags = {WANTED_CONFIG_TAG: "new"}
    assert run(client) is Verdict.IN_MOTION


def test_a_deleted_endpoint_is_no_error(client: FakeClient) -> None:
    assert run(client) is Verdict.GONE


def test_an_endpoint_nothing_was_deployed_to_is_no_error(client: FakeClient) -> None:
    client.put_endpoint("InService", "handmade")
    assert run(client) is Verdict.NOT_OURS
