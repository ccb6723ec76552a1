"""The calls to SageMaker that a deployment and its verification need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .config import VARIANT
from .notes import Notes
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

    def is_on_the_way_to(self, config: str) -> bool:
        """Whether the change under way leads to a configuration."""
        return self.status in {"Creating", "Updating"} and self.target_config == config

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

    def create_endpoint(self, name: str, config: str, notes: Notes) -> None:
        """Create the endpoint with notes on it."""
        self._client.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=notes.tags())

    def update_endpoint(self, endpoint: Endpoint, config: str) -> None:
        """Begin to move the endpoint, and note the attempt; a request that is refused is none."""
        self.note(endpoint, Notes(attempted=config))
        try:
            self._client.update_endpoint(EndpointName=endpoint.name, EndpointConfigName=config)
        except (BotoCoreError, ClientError):
            self.note(endpoint, Notes(attempted=endpoint.live_config))
            raise

    def note(self, endpoint: Endpoint, notes: Notes) -> None:
        """Note on the endpoint what is not None, and leave its other notes."""
        self._client.add_tags(ResourceArn=endpoint.arn, Tags=notes.tags())

    def notes(self, endpoint: Endpoint) -> Notes:
        """Return what was noted on the endpoint."""
        pages = self._client.get_paginator("list_tags").paginate(ResourceArn=endpoint.arn)
        return Notes.read({tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]})

    def _describe(self, operation: str, **name: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = getattr(self._client, operation)(**name)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return None
            raise
        return found
