"""The calls to SageMaker that a deployment and its verification need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .config import VARIANT, WANTED_CONFIG_TAG
from .plan import Plan

# SageMaker answers ValidationException when a described name does not exist.
_NOT_FOUND = frozenset({"ValidationException", "ResourceNotFound", "ResourceNotFoundException"})
_IN_MOTION = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


@dataclass(frozen=True)
class Endpoint:
    """State of the endpoint.

    Parameters
    ----------
    live_config
        Configuration that serves.
    pending_config
        Configuration that an update under way leads to, None when there is no update.
    """

    name: str
    arn: str
    status: str
    live_config: str
    pending_config: str | None

    @property
    def target_config(self) -> str:
        """Configuration the endpoint serves once it has settled."""
        return self.pending_config or self.live_config

    @property
    def in_motion(self) -> bool:
        """Whether a change is under way; SageMaker refuses another one until it has settled."""
        return self.status in _IN_MOTION

    @property
    def in_service(self) -> bool:
        """Whether the endpoint has settled and serves."""
        return self.status == "InService"


class SageMaker:
    """Models, endpoint configurations and the endpoint, by way of a boto3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def describe_package(self, arn: str) -> Mapping[str, Any]:
        """Return the model package."""
        package: Mapping[str, Any] = self._client.describe_model_package(ModelPackageName=arn)
        return package

    def ensure_model(self, plan: Plan, *, role: str) -> None:
        """Create the model of the plan unless it exists."""
        if self._describe("describe_model", ModelName=plan.model) is not None:
            return
        self._client.create_model(
            ModelName=plan.model,
            ExecutionRoleArn=role,
            EnableNetworkIsolation=True,
            PrimaryContainer={
                "ModelPackageName": plan.package,
                "Environment": {"BERTLINE_MODEL_VERSION": plan.version},
            },
        )

    def ensure_endpoint_config(self, plan: Plan) -> None:
        """Create the endpoint configuration of the plan unless it exists."""
        if self._describe("describe_endpoint_config", EndpointConfigName=plan.endpoint_config) is not None:
            return
        variant = {
            "VariantName": VARIANT,
            "ModelName": plan.model,
            "InstanceType": plan.instance_type,
            "InitialInstanceCount": plan.instance_count,
            "InitialVariantWeight": 1.0,
        }
        key = {"KmsKeyId": plan.volume_key} if plan.volume_key else {}
        self._client.create_endpoint_config(
            EndpointConfigName=plan.endpoint_config, ProductionVariants=[variant], **key
        )

    def endpoint(self, name: str) -> Endpoint | None:
        """Return the state of the endpoint, None when there is none."""
        found = self._describe("describe_endpoint", EndpointName=name)
        if found is None:
            return None
        pending = found.get("PendingDeploymentSummary") or {}
        return Endpoint(
            name=name,
            arn=found["EndpointArn"],
            status=found["EndpointStatus"],
            live_config=found["EndpointConfigName"],
            pending_config=pending.get("EndpointConfigName"),
        )

    def create_endpoint(self, name: str, config: str) -> None:
        """Create the endpoint and note the wanted configuration on it."""
        self._client.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=_tags(config))

    def update_endpoint(self, endpoint: Endpoint, config: str) -> None:
        """Begin to move the endpoint to a configuration."""
        self._client.update_endpoint(EndpointName=endpoint.name, EndpointConfigName=config)

    def note_wanted_config(self, endpoint: Endpoint, config: str) -> None:
        """Note on the endpoint which configuration it should serve."""
        self._client.add_tags(ResourceArn=endpoint.arn, Tags=_tags(config))

    def wanted_config(self, endpoint: Endpoint) -> str | None:
        """Return the configuration noted on the endpoint, None when nothing was noted."""
        pages = self._client.get_paginator("list_tags").paginate(ResourceArn=endpoint.arn)
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        return tags.get(WANTED_CONFIG_TAG)

    def _describe(self, operation: str, **name: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = getattr(self._client, operation)(**name)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return None
            raise
        return found


def _tags(config: str) -> list[dict[str, str]]:
    return [{"Key": WANTED_CONFIG_TAG, "Value": config}]
