"""The lineage of model packages: the package, its group, its containers and its approvals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.lineage import tracking

_SUFFIX = "aws-model-package"


def record(ctx: Context, package: Mapping[str, Any]) -> None:
    """A package: an artifact fed by its containers, in the context of its group, approved by actions."""
    arn = str(package["ModelPackageArn"])
    own = tracking.artifact(ctx, arn, "Model")
    for part in tracking.containers(ctx, package.get("InferenceSpecification", {}).get("Containers", [])):
        tracking.connect(ctx, part, own, "ContributedTo")
    group = package.get("ModelPackageGroupName")
    if group is None:
        return
    group_arn = resources.arn_of(ctx, "ModelPackageGroup", group)
    made_by = package.get("MetadataProperties", {}).get("GeneratedBy", "")
    known = {"PipelineExecutionArn": made_by} if "/execution/" in made_by else {}
    context = tracking.context(ctx, f"{group}-aws-model-package-group", "ModelGroup", group_arn, **known)
    tracking.connect(ctx, own, context, "AssociatedWith")
    if package.get("UpdatedModelPackageFields", ["ModelApprovalStatus"]).count("ModelApprovalStatus"):
        _approval(ctx, package, own)


def _approval(ctx: Context, package: Mapping[str, Any], own: str) -> None:
    status, version = package["ModelApprovalStatus"], package["ModelPackageVersion"]
    at = int(package["LastModifiedTime"].timestamp())
    name = f"{package['ModelPackageGroupName']}-{version}-{status}-{at}-{_SUFFIX}"
    action = tracking.action(
        ctx,
        name,
        "Approval",
        str(package["ModelPackageArn"]),
        Status="Completed",
        Properties={"ModelApprovalStatus": status},
    )
    tracking.connect(ctx, action, own, "ContributedTo")
