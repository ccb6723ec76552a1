"""The entry points read the event and the environment, act, and log one line of JSON."""

import json

import pytest

from infra.serving.runtime import handlers
from infra.serving.runtime.errors import ConfigurationError, EventError, WrongLiveConfigError
from infra.serving.runtime.sagemaker import SageMaker
from tests.unit.infra.serving.runtime.conftest import PACKAGE, VARIABLES, FakeClient

APPROVAL = {"time": "2026-11-23T12:00:00Z", "detail": {"ModelPackageArn": PACKAGE}}
CHANGE = {"detail": {"EndpointName": "bertline-dev"}}


@pytest.fixture(autouse=True)
def in_lambda(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(handlers, "_sagemaker", lambda: SageMaker(client))


def test_an_approval_is_deployed_and_logged(client: FakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    answer = handlers.on_approval(APPROVAL, None)
    assert client.calls[-1] == "create_endpoint"
    assert (answer["outcome"], answer["plan"]["version"]) == ("created", "3")
    assert json.loads(capsys.readouterr().out) == answer


def test_a_change_is_verified_and_logged(client: FakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    handlers.on_approval(APPROVAL, None)
    client.settle()
    capsys.readouterr()
    assert handlers.on_endpoint_change(CHANGE, None)["verdict"] == "right"
    assert json.loads(capsys.readouterr().out)["endpoint"] == "bertline-dev"


def test_a_rolled_back_update_makes_the_function_fail(client: FakeClient) -> None:
    client.put_endpoint("InService", "bertline-dev-v2-old")
    handlers.on_approval(APPROVAL, None)
    client.put_endpoint("InService", "bertline-dev-v2-old")
    with pytest.raises(WrongLiveConfigError):
        handlers.on_endpoint_change(CHANGE, None)


def test_an_edit_of_an_approved_version_deploys_nothing(client: FakeClient) -> None:
    detail = {**APPROVAL["detail"], "UpdatedModelPackageFields": ["CustomerMetadataProperties"]}
    answer = handlers.on_approval({**APPROVAL, "detail": detail}, None)
    assert answer["outcome"] == "no approval"
    assert client.calls == []


def test_wrong_events_and_settings_make_the_function_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EventError):
        handlers.on_approval(CHANGE, None)
    monkeypatch.delenv("MODEL_ROLE_ARN")
    with pytest.raises(ConfigurationError):
        handlers.on_approval(APPROVAL, None)
