"""The calls to SageMaker that tell which model is live."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from .errors import UnknownModelError

# SageMaker answers ValidationException when a described name does not exist.
_NOT_FOUND = frozenset({"ValidationException", "ResourceNotFound", "ResourceNotFoundException"})
# Until an update has ended, the endpoint serves what it served before, under the name of that configuration.
_SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})
Json = Mapping[str, Any]


class SageMaker:
    """The endpoint and the registry, read by way of a boto3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def served_package(self, endpoint: str) -> str | None:
        """Return the ARN of the package that the endpoint serves, None while it serves nothing.

        Raises
        ------
        UnknownModelError
            When it serves a model that was not made of a model package.
        """
        found = self._endpoint(endpoint)
        if found is None or found["EndpointStatus"] not in _SERVING:
            return None
        config: Json = self._client.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        name = config["ProductionVariants"][0]["ModelName"]
        model: Json = self._client.describe_model(ModelName=name)
        container = model.get("PrimaryContainer") or model["Containers"][0]
        package = container.get("ModelPackageName")
        if not package:
            raise UnknownModelError(
                f"endpoint {endpoint} serves the model {name}, which is no version of the registry: "
                "approve a version, or delete the endpoint"
            )
        return str(package)

    def newest_approved(self, group: str) -> str | None:
        """Return the ARN of the newest version that is approved, None if there is none."""
        pages = self._client.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group,
            ModelApprovalStatus="Approved",
            SortBy="CreationTime",
            SortOrder="Descending",
        )
        found = (one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"])
        return next(found, None)

    def artifact_of(self, package: str) -> str:
        """Return the S3 URI of the model.tar.gz of a package.

        Raises
        ------
        UnknownModelError
            When the package names none, or was deleted while the endpoint goes on serving it.
        """
        described = self._described(package)
        if described is None:
            raise UnknownModelError(
                f"{package} is live, but its version was deleted from the registry: approve another version, "
                "or delete the endpoint"
            )
        containers = described.get("InferenceSpecification", {}).get("Containers", [])
        uri = containers[0].get("ModelDataUrl") if containers else None
        if not uri:
            raise UnknownModelError(f"{package} names no ModelDataUrl: approve a version that does")
        return str(uri)

    def _described(self, package: str) -> Json | None:
        try:
            found: Json = self._client.describe_model_package(ModelPackageName=package)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return None
            raise
        return found

    def _endpoint(self, name: str) -> Json | None:
        try:
            found: Json = self._client.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return None
            raise
        return found
