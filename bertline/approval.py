"""Approving a model package, and waiting until the endpoint really serves it."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from bertline.errors import BertlineError
from bertline.platform import Platform
from bertline.target import Target

PATIENCE = {"local": 300.0, "aws": 2400.0}  # seconds: an endpoint takes 5 to 15 minutes on AWS


def newest(target: Target, platform: Platform) -> dict[str, Any]:
    """The summary of the newest model package.

    Raises
    ------
    BertlineError
        Nothing has been registered yet.
    """
    found = target.client("sagemaker").list_model_packages(
        ModelPackageGroupName=platform.model_package_group,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ModelPackageSummaryList"]
    if not found:
        raise BertlineError(
            f"model package group {platform.model_package_group} is empty: run the pipeline first"
        )
    return dict(found[0])


def find(target: Target, platform: Platform, version: int | None) -> str:
    """The ARN of a version's model package; of the newest if `version` is None.

    Raises
    ------
    BertlineError
        There is no such version.
    """
    if version is None:
        return str(newest(target, platform)["ModelPackageArn"])
    pages = (
        target.client("sagemaker")
        .get_paginator("list_model_packages")
        .paginate(ModelPackageGroupName=platform.model_package_group)
    )
    packages = {
        p["ModelPackageVersion"]: p["ModelPackageArn"]
        for page in pages
        for p in page["ModelPackageSummaryList"]
    }
    if version not in packages:
        known = ", ".join(map(str, sorted(packages))) or "none"
        raise BertlineError(f"{platform.model_package_group} has no version {version} (there are: {known})")
    return str(packages[version])


def approve(target: Target, package: str, comment: str) -> None:
    """Approve a model package; the serving stack's rule then deploys it.

    Only a change of the status is an event, so a version that was approved before is set to pending first.
    """
    sagemaker = target.client("sagemaker")
    now = sagemaker.describe_model_package(ModelPackageName=package)["ModelApprovalStatus"]
    if now == "Approved":
        sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="PendingManualApproval")
    sagemaker.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription=comment
    )


def wait_until_served(
    target: Target, endpoint: str, package: str, on_state: Callable[[str], None] = lambda state: None
) -> None:
    """Wait until the endpoint is in service with exactly this model package.

    Raises
    ------
    BertlineError
        The endpoint failed, or it did not serve the package in time.
    """
    deadline = time.monotonic() + PATIENCE[target.kind]
    state = ""
    while time.monotonic() < deadline:
        state, package_served = served(target.client("sagemaker"), endpoint)
        on_state(state)
        if package_served == package and state == "InService":
            return
        if state == "Failed":
            raise BertlineError(f"endpoint {endpoint} failed: see `bertline logs Endpoint`")
        time.sleep(0.5 if target.kind == "local" else 15)
    raise BertlineError(
        f"endpoint {endpoint} is {state} and does not serve {package}: see the deploy function's log"
    )


def served(sagemaker: Any, endpoint: str) -> tuple[str, str | None]:
    """The endpoint's state and the model package that its live endpoint config holds."""
    try:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
        config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
            raise
        return "not there yet", None
    containers = [model["PrimaryContainer"]] if "PrimaryContainer" in model else model["Containers"]
    return found["EndpointStatus"], containers[0].get("ModelPackageName")
