"""Endpoint configurations and endpoints as records: what is refused, and how one that cannot start ends."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import until

from .conftest import Account, told
from .makers import IMAGE, endpoint_config, model, variant

MISSING = "Could not find endpoint"


@pytest.fixture
def config(account: Account) -> Account:
    """An endpoint configuration whose model has data that is not there."""
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://none-{account.number}/model.tar.gz"}
    account.sagemaker.create_model(
        ModelName="needed", PrimaryContainer=container, ExecutionRoleArn=account.role
    )
    account.sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant()])
    return account


@pytest.fixture
def failed(config: Account) -> Account:
    config.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    until(lambda: status(config), lambda found: found == "Failed")
    return config


def status(account: Account) -> str:
    return str(account.sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"])


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("describe_endpoint", {}),
        ("delete_endpoint", {}),
        ("update_endpoint", {"EndpointConfigName": "c"}),
        ("update_endpoint_weights_and_capacities", {"DesiredWeightsAndCapacities": [{"VariantName": "all"}]}),
    ],
)
def test_an_endpoint_that_is_not_there_is_missed(
    config: Account, operation: str, params: dict[str, Any]
) -> None:
    got = config.refused(operation, EndpointName="none", **params)
    assert got == ("ValidationException", f'{MISSING} "{config.arn("endpoint/none")}".')


@pytest.mark.parametrize("operation", ["create_endpoint", "update_endpoint"])
def test_an_endpoint_needs_its_configuration(failed: Account, operation: str) -> None:
    name = "another" if operation == "create_endpoint" else "e"
    got = failed.refused(operation, EndpointName=name, EndpointConfigName="none")
    assert got == ("ValidationException", f'{MISSING} configuration "{failed.arn("endpoint-config/none")}".')


def test_a_configuration_needs_its_models(account: Account) -> None:
    got = account.refused("create_endpoint_config", EndpointConfigName="c", ProductionVariants=[variant()])
    assert got == ("ValidationException", f'Could not find model "{account.arn("model/needed")}".')


def test_variants_have_names_of_their_own(account: Account) -> None:
    endpoint_config(account)
    code, message = account.refused(
        "create_endpoint_config", EndpointConfigName="c", ProductionVariants=[variant("a"), variant("a")]
    )
    assert code == "ValidationException"
    assert "variant" in message.lower()
    assert "a" in message


@pytest.mark.parametrize(
    ("wrong", "path", "constraint"),
    [
        ({"InstanceType": "ml.none.large"}, "instanceType", "Member must satisfy enum value set: ["),
        ({"VariantName": "a b"}, "variantName", "Member must satisfy regular expression pattern: "),
        ({"ModelName": "a b"}, "modelName", "Member must satisfy regular expression pattern: "),
        ({"VariantName": "a" * 64}, "variantName", "Member must have length less than or equal to 63"),
        ({"VolumeSizeInGB": 513}, "volumeSizeInGB", "Member must have value less than or equal to 512"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_constraints_of_a_variant_are_told_as_the_validator_tells_them(
    account: Account, wrong: dict[str, Any], path: str, constraint: str
) -> None:
    code, message = account.refused(
        "create_endpoint_config", EndpointConfigName="c", ProductionVariants=[variant(**wrong)]
    )
    (value,) = wrong.values()
    assert code == "ValidationException"
    assert re.match(r"\d validation errors? detected: ", message)
    start = f"Value '{value}' at 'productionVariants.1.member.{path}' failed to satisfy constraint: "
    assert start + constraint in message


def test_all_that_is_wrong_is_told_at_once(account: Account) -> None:
    bad = variant("a b", InstanceType="ml.none.large")
    _, message = account.refused(
        "create_endpoint_config", EndpointConfigName="c d", ProductionVariants=[variant(), bad]
    )
    assert message.startswith("3 validation errors detected: ")
    assert "at 'productionVariants.2.member.variantName'" in message


def test_an_endpoint_without_its_model_fails_and_says_why(failed: Account) -> None:
    described = failed.sagemaker.describe_endpoint(EndpointName="e")
    assert described["EndpointConfigName"] == "c"
    assert f"s3://none-{failed.number}/model.tar.gz" in described["FailureReason"]
    listed = failed.sagemaker.list_endpoints(StatusEquals="Failed")["Endpoints"]
    assert [one["EndpointName"] for one in listed] == ["e"]
    assert failed.sagemaker.list_endpoints(StatusEquals="InService")["Endpoints"] == []


def test_an_endpoint_that_failed_can_only_be_deleted(failed: Account) -> None:
    code, _ = failed.refused("update_endpoint", EndpointName="e", EndpointConfigName="c")
    assert code == "ValidationException"
    failed.sagemaker.delete_endpoint(EndpointName="e")
    until(lambda: failed.sagemaker.list_endpoints()["Endpoints"], lambda found: found == [])


def test_the_name_of_an_endpoint_is_given_once(failed: Account) -> None:
    got = failed.refused("create_endpoint", EndpointName="e", EndpointConfigName="c")
    assert got == (
        "ValidationException",
        f'Cannot create already existing endpoint "{failed.arn("endpoint/e")}".',
    )


def test_what_is_not_there_cannot_be_invoked(account: Account) -> None:
    with pytest.raises(ClientError) as caught:
        account.client("sagemaker-runtime").invoke_endpoint(EndpointName="none", Body=b"{}")
    assert told(caught.value) == (
        "ValidationError",
        f"Endpoint none of account {account.number} not found.",
    )


def test_tags_of_an_endpoint(failed: Account) -> None:
    arn = failed.arn("endpoint/e")
    failed.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert failed.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_a_model_may_go_while_its_configuration_stays(account: Account) -> None:
    account.sagemaker.create_model(ModelName="needed", **model(account))
    account.sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant()])
    account.sagemaker.delete_model(ModelName="needed")
    described = account.sagemaker.describe_endpoint_config(EndpointConfigName="c")
    assert described["ProductionVariants"][0]["ModelName"] == "needed"
