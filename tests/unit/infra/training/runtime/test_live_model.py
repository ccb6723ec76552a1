"""Live is what the endpoint serves; while it serves nothing, the newest approved version."""

import pytest
from botocore.exceptions import ClientError

from infra.training.runtime.config import Config
from infra.training.runtime.errors import UnknownModelError
from infra.training.runtime.live_model import LiveModel, find_live_model

from .registry import Registry, arn, artifact

CONFIG = Config(endpoint="bertline-dev", model_package_group="bertline-dev")


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.mark.parametrize("status", ["InService", "Updating", "RollingBack", "UpdateRollbackFailed"])
@pytest.mark.parametrize("chained", [False, True])
def test_what_the_endpoint_serves_is_live_whatever_else_is_approved(
    registry: Registry, status: str, chained: bool
) -> None:
    container = {"ModelPackageName": arn(3)}
    registry.endpoint(status, 3)
    registry.served(3, {"Containers": [container]} if chained else {"PrimaryContainer": container})
    registry.package(3)
    with registry.asked() as sagemaker:
        assert find_live_model(CONFIG, sagemaker) == LiveModel(arn(3), artifact(3))


@pytest.mark.parametrize("status", ["Creating", "Failed", "Deleting", "OutOfService"])
def test_an_endpoint_that_serves_nothing_is_as_good_as_none(registry: Registry, status: str) -> None:
    registry.endpoint(status, 3)
    registry.listed(7, 3)
    registry.package(7)
    with registry.asked() as sagemaker:
        assert find_live_model(CONFIG, sagemaker) == LiveModel(arn(7), artifact(7))


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFound"])
def test_without_an_endpoint_the_newest_approved_version_is_live(registry: Registry, code: str) -> None:
    registry.no_endpoint(code)
    registry.listed(more=True)  # AWS may answer with an empty page that has a successor
    registry.listed(7, 3, NextToken="more")
    registry.package(7)
    with registry.asked() as sagemaker:
        assert find_live_model(CONFIG, sagemaker) == LiveModel(arn(7), artifact(7))


def test_without_an_approved_version_no_model_is_live(registry: Registry) -> None:
    registry.no_endpoint()
    registry.listed()
    with registry.asked() as sagemaker:
        assert find_live_model(CONFIG, sagemaker) is None


def test_a_model_that_is_no_version_is_named(registry: Registry) -> None:
    registry.endpoint("InService", 3)
    registry.served(3, {"PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://elsewhere/model.tar.gz"}})
    with (
        registry.asked() as sagemaker,
        pytest.raises(UnknownModelError, match="bertline-dev serves the model bertline-dev-v3, which is no"),
    ):
        find_live_model(CONFIG, sagemaker)


@pytest.mark.parametrize(
    "specification", [{"Containers": [{"Image": "i"}]}, {"Containers": [{"Image": "i", "ModelDataUrl": ""}]}]
)
def test_a_version_without_an_artifact_is_named(registry: Registry, specification: object) -> None:
    registry.no_endpoint()
    registry.listed(7)
    registry.package(7, InferenceSpecification=specification)
    with (
        registry.asked() as sagemaker,
        pytest.raises(UnknownModelError, match=f"{arn(7)} names no ModelDataUrl"),
    ):
        find_live_model(CONFIG, sagemaker)


def test_a_served_version_that_was_deleted_is_named_with_the_way_out(registry: Registry) -> None:
    registry.endpoint("InService", 3)
    registry.served(3, {"PrimaryContainer": {"ModelPackageName": arn(3)}})
    registry.no_package(3)
    with (
        registry.asked() as sagemaker,
        pytest.raises(UnknownModelError, match=f"{arn(3)} is live, but its version was deleted .* approve"),
    ):
        find_live_model(CONFIG, sagemaker)


def test_a_refusal_of_the_service_is_not_taken_for_a_missing_endpoint(registry: Registry) -> None:
    registry.no_endpoint("AccessDeniedException")
    with registry.asked() as sagemaker, pytest.raises(ClientError, match="AccessDenied"):
        find_live_model(CONFIG, sagemaker)
