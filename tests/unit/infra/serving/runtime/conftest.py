"""A model package, the settings of the functions, and a SageMaker that keeps its state in memory."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.constructs.instances import ARM_FAMILY
from infra.serving.runtime.config import Config
from infra.serving.runtime.notes import Approval

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/bertline-dev/3"
ENDPOINT = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/bertline-dev"
VARIABLES = {
    "ENDPOINT_NAME": "bertline-dev",
    "MODEL_PACKAGE_GROUP_NAME": "bertline-dev",
    "MODEL_ROLE_ARN": "arn:aws:iam::123456789012:role/model",
    "VOLUME_KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/1",
    "INSTANCE_TYPE": "ml.m5.large",
    "INSTANCE_COUNT": "1",
    "LOCAL_STORAGE_FAMILIES": "g5,m5d",
    "ARM_FAMILY": ARM_FAMILY,
}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
Json = dict[str, Any]


def arn(version: int) -> str:
    """ARN of a version of the model."""
    return PACKAGE.replace("/3", f"/{version}")


def approved(version: int = 3, minutes: int = 0) -> Approval:
    """The approval of a version, so many minutes after noon."""
    return Approval(arn(version), NOON + timedelta(minutes=minutes))


@pytest.fixture
def config() -> Config:
    return Config.from_environment(VARIABLES)


@pytest.fixture
def package() -> Json:
    return {
        "ModelPackageArn": PACKAGE,
        "ModelPackageGroupName": "bertline-dev",
        "ModelPackageVersion": 3,
        "ModelApprovalStatus": "Approved",
        "InferenceSpecification": {
            "Containers": [{"Image": "serve:1", "ModelDataUrl": "s3://a/model.tar.gz"}]
        },
        "CustomerMetadataProperties": {"DeployInstanceType": "ml.c5.large", "DeployInstanceCount": "2"},
    }


class FakeClient:
    """The calls the functions make, with the answers and refusals of SageMaker."""

    def __init__(self, package: Json) -> None:
        self.packages = {package["ModelPackageArn"]: package}
        self.models: dict[str, Json] = {}
        self.configs: dict[str, Json] = {}
        self.endpoint: Json | None = None
        self.tags: dict[str, str] = {}
        self.calls: list[str] = []

    def describe_model_package(self, *, ModelPackageName: str) -> Json:
        return self.packages[ModelPackageName]

    def add_version(self, version: int) -> None:
        """Register another version like the first one."""
        package = {**self.packages[PACKAGE], "ModelPackageArn": arn(version), "ModelPackageVersion": version}
        self.packages[arn(version)] = package

    def describe_model(self, *, ModelName: str) -> Json:
        return self._found(self.models.get(ModelName))

    def create_model(self, **request: Any) -> None:
        self._create("create_model", self.models, request["ModelName"], request)

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> Json:
        return self._found(self.configs.get(EndpointConfigName))

    def create_endpoint_config(self, **request: Any) -> None:
        for variant in request["ProductionVariants"]:
            assert variant["ModelName"] in self.models
        self._create("create_endpoint_config", self.configs, request["EndpointConfigName"], request)

    def describe_endpoint(self, *, EndpointName: str) -> Json:
        assert EndpointName == "bertline-dev"
        return self._found(self.endpoint)

    def create_endpoint(self, *, EndpointName: str, EndpointConfigName: str, Tags: list[Json]) -> None:
        assert EndpointName == "bertline-dev"
        assert self.endpoint is None
        assert EndpointConfigName in self.configs
        self.calls.append("create_endpoint")
        self.add_tags(ResourceArn=ENDPOINT, Tags=Tags)
        self.put_endpoint("Creating", EndpointConfigName)

    def update_endpoint(self, *, EndpointName: str, EndpointConfigName: str) -> None:
        assert EndpointName == "bertline-dev"
        assert self.endpoint is not None
        assert self.endpoint["EndpointStatus"] == "InService"
        assert self.endpoint["EndpointConfigName"] != EndpointConfigName
        assert EndpointConfigName in self.configs
        self.calls.append("update_endpoint")
        self.endpoint["EndpointStatus"] = "Updating"
        self.endpoint["PendingDeploymentSummary"] = {"EndpointConfigName": EndpointConfigName}

    def add_tags(self, *, ResourceArn: str, Tags: list[Json]) -> None:
        assert ResourceArn == ENDPOINT
        self.tags |= {tag["Key"]: tag["Value"] for tag in Tags}

    def get_paginator(self, operation: str) -> "FakeClient":
        assert operation == "list_tags"
        return self

    def paginate(self, *, ResourceArn: str) -> Iterator[Json]:
        assert ResourceArn == ENDPOINT
        for key, value in self.tags.items():
            yield {"Tags": [{"Key": key, "Value": value}]}

    def put_endpoint(self, status: str, live: str, pending: str | None = None) -> None:
        """Set the state of the endpoint."""
        self.endpoint = {"EndpointArn": ENDPOINT, "EndpointStatus": status, "EndpointConfigName": live}
        if pending:
            self.endpoint["PendingDeploymentSummary"] = {"EndpointConfigName": pending}

    def settle(self) -> None:
        """Finish what is under way."""
        assert self.endpoint is not None
        pending = self.endpoint.pop("PendingDeploymentSummary", {})
        self.endpoint["EndpointConfigName"] = pending.get(
            "EndpointConfigName", self.endpoint["EndpointConfigName"]
        )
        self.endpoint["EndpointStatus"] = "InService"

    def roll_back(self) -> None:
        """End what is under way with the old configuration, silently."""
        assert self.endpoint is not None
        self.endpoint.pop("PendingDeploymentSummary")
        self.endpoint["EndpointStatus"] = "InService"

    def _create(self, call: str, store: dict[str, Json], name: str, request: Json) -> None:
        assert name not in store, f"{call} of an existing {name}"
        self.calls.append(call)
        store[name] = request

    def _found(self, item: Json | None) -> Json:
        if item is None:
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": "Could not find it"}}, "Describe"
            )
        return item


@pytest.fixture
def client(package: Json) -> FakeClient:
    return FakeClient(package)
