"""Taking an environment apart: what its stacks did not make, and what holds data."""

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from bertline.errors import BertlineError
from bertline.target import Target

PATIENCE = 900.0  # seconds that an endpoint may take to go


def stop_serving(target: Target, environment: str) -> None:
    """Delete the endpoint, and the endpoint configs and models that the deploy function made for it."""
    sagemaker = target.client("sagemaker")
    name = f"bertline-{environment}"
    _delete_endpoint(sagemaker, name)
    for config in _named(
        sagemaker, "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", f"{name}-v"
    ):
        sagemaker.delete_endpoint_config(EndpointConfigName=config)
    for model in _named(sagemaker, "list_models", "Models", "ModelName", f"{name}-v"):
        sagemaker.delete_model(ModelName=model)


def delete_models_and_objects(target: Target, environment: str) -> None:
    """Delete every model version and every object version: only then can group and buckets go."""
    sagemaker = target.client("sagemaker")
    group = f"bertline-{environment}"
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    for package in [p["ModelPackageArn"] for page in pages for p in page["ModelPackageSummaryList"]]:
        sagemaker.delete_model_package(ModelPackageName=package)
    for bucket in sorted(_buckets(target, environment), key=lambda name: "accesslogs" in name):
        _empty(target.client("s3"), bucket)


def delete_feature_group(target: Target, environment: str) -> None:
    """Delete the feature group, which the data stack retains."""
    sagemaker = target.client("sagemaker")
    try:
        sagemaker.delete_feature_group(FeatureGroupName=f"bertline-{environment}-reviews")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFound":
            raise


def _delete_endpoint(sagemaker: Any, name: str) -> None:
    try:
        sagemaker.delete_endpoint(EndpointName=name)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            sagemaker.describe_endpoint(EndpointName=name)
            time.sleep(1.0)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        return
    raise BertlineError(f"endpoint {name} is still being deleted after {PATIENCE:.0f} s: try again later")


def _named(sagemaker: Any, operation: str, key: str, field: str, prefix: str) -> Iterator[str]:
    pages = sagemaker.get_paginator(operation).paginate(NameContains=prefix)
    names = [str(item[field]) for page in pages for item in page[key]]
    return (name for name in names if name.startswith(prefix))


def _buckets(target: Target, environment: str) -> list[str]:
    stack = f"bertline-{environment}-data"
    pages = target.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return [r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::S3::Bucket"]


def _empty(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
