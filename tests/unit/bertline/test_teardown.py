"""Taking an environment apart removes what its stacks cannot."""

from collections.abc import Callable
from typing import Any

import pytest

from bertline import teardown

from .conftest import client_error

Fake = Callable[..., Any]


def gone(**_: Any) -> Any:
    raise client_error("ValidationException", "Could not find endpoint")


@pytest.fixture
def deleted() -> list[str]:
    return []


def test_endpoint_configs_and_models_of_this_environment_go_and_no_others(
    fake: Fake, deleted: list[str]
) -> None:
    configs = ["bertline-dev-v1-a", "bertline-dev-v2-b", "other-bertline-dev-v1"]
    target = fake(
        sagemaker={
            "delete_endpoint": lambda **a: deleted.append(a["EndpointName"]),
            "describe_endpoint": gone,
            "list_endpoint_configs": {"EndpointConfigs": [{"EndpointConfigName": name} for name in configs]},
            "list_models": {"Models": [{"ModelName": "bertline-dev-v1-a"}]},
            "delete_endpoint_config": lambda **a: deleted.append(a["EndpointConfigName"]),
            "delete_model": lambda **a: deleted.append("model " + a["ModelName"]),
        }
    )
    teardown.stop_serving(target, "dev")
    assert deleted == ["bertline-dev", "bertline-dev-v1-a", "bertline-dev-v2-b", "model bertline-dev-v1-a"]


def test_an_endpoint_that_is_not_there_is_no_error(fake: Fake) -> None:
    empty = {"list_endpoint_configs": {"EndpointConfigs": []}, "list_models": {"Models": []}}
    teardown.stop_serving(fake(sagemaker={"delete_endpoint": gone, **empty}), "dev")


def test_model_versions_and_every_object_version_go_the_access_logs_last(
    fake: Fake, deleted: list[str]
) -> None:
    buckets = ["dev-accesslogs-1", "dev-raw-1"]
    resources = [{"ResourceType": "AWS::S3::Bucket", "PhysicalResourceId": name} for name in buckets]
    versions = {
        "Versions": [{"Key": "a", "VersionId": "1"}],
        "DeleteMarkers": [{"Key": "a", "VersionId": "2"}],
    }

    def delete_objects(Bucket: str, Delete: Any) -> None:
        deleted.extend(f"{Bucket}/{o['Key']}@{o['VersionId']}" for o in Delete["Objects"])

    target = fake(
        sagemaker={
            "list_model_packages": {"ModelPackageSummaryList": [{"ModelPackageArn": "arn:1"}]},
            "delete_model_package": lambda **a: deleted.append(a["ModelPackageName"]),
        },
        cloudformation={"list_stack_resources": {"StackResourceSummaries": resources}},
        s3={"list_object_versions": versions, "delete_objects": delete_objects},
    )
    teardown.delete_models_and_objects(target, "dev")
    raw, logs = ([f"{bucket}/a@{v}" for v in (1, 2)] for bucket in ("dev-raw-1", "dev-accesslogs-1"))
    assert deleted == ["arn:1", *raw, *logs]


def test_the_feature_group_may_be_gone_already(fake: Fake) -> None:
    def absent(**_: Any) -> Any:
        raise client_error("ResourceNotFound", "no such feature group")

    teardown.delete_feature_group(fake(sagemaker={"delete_feature_group": absent}), "dev")
