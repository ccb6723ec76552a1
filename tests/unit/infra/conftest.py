"""What the tests of the infrastructure share."""

import pytest

from infra.settings import load_settings
from infra.training.inputs import DefinitionInputs, RoleArns
from tests.unit.infra.synthesis import Assembly, synthesise


@pytest.fixture(scope="session")
def dev() -> Assembly:
    return synthesise("dev")


@pytest.fixture(scope="session")
def prod() -> Assembly:
    return synthesise("prod")


@pytest.fixture(scope="session")
def definition_inputs() -> DefinitionInputs:
    """Inputs without any CDK token, as an account would see them."""
    roles = {job: f"arn:aws:iam::123456789012:role/{job}" for job in RoleArns.__dataclass_fields__}
    return DefinitionInputs(
        settings=load_settings("dev"),
        region="us-east-1",
        roles=RoleArns(**roles),
        code_uri="s3://assets/0123.gz",
        code_file="0123.gz",
        artifact_uri="s3://artifacts",
        contract_uri="s3://assets/4567.toml",
        prices_uri="s3://assets/89ab.toml",
        live_model_function="arn:aws:lambda:us-east-1:123456789012:function:live-model",
        key_arn="arn:aws:kms:us-east-1:123456789012:key/1",
        job_image="123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1",
        endpoint_image="123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:1",
        feature_group="bertline-dev-reviews",
        model_package_group="bertline-dev",
    )
