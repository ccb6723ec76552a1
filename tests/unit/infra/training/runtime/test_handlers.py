"""The entry point answers with the output parameters of its step, and logs them as one line of JSON."""

import json
from typing import Any

import boto3
import pytest

from infra.training.runtime.errors import ConfigurationError, RequestError
from infra.training.runtime.handlers import on_live_model
from infra.training.steps import live_model

from .registry import Registry, arn, artifact

VARIABLES = {"ENDPOINT_NAME": "bertline-dev", "MODEL_PACKAGE_GROUP_NAME": "bertline-dev"}
ARGUMENTS = {"ContractUri": "s3://assets/4567.toml"}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    found = Registry()
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "client", lambda service: {"sagemaker": found.client}[service])
    return found


def test_the_live_model_is_answered_and_logged(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.no_endpoint()
    registry.listed(7)
    registry.package(7)
    with registry.asked():
        answer = on_live_model(ARGUMENTS, None)
    assert answer == {live_model.PACKAGE: arn(7), live_model.URI: artifact(7)}
    assert json.loads(capsys.readouterr().out) == {"endpoint": "bertline-dev", **answer}


def test_without_a_live_model_the_contract_stands_in_for_the_artifact(registry: Registry) -> None:
    registry.no_endpoint()
    registry.listed()
    with registry.asked():
        answer = on_live_model(ARGUMENTS, None)
    assert answer == {live_model.PACKAGE: "none", live_model.URI: "s3://assets/4567.toml"}


@pytest.mark.parametrize("arguments", [{}, {"ContractUri": ""}, {"ContractUri": 1}])
def test_a_step_that_hands_over_no_contract_is_refused(registry: Registry, arguments: Any) -> None:
    with pytest.raises(RequestError, match="argument ContractUri must be an S3 URI"):
        on_live_model(arguments, None)


@pytest.mark.parametrize("name", VARIABLES)
def test_a_missing_variable_is_named(registry: Registry, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match=name):
        on_live_model(ARGUMENTS, None)
