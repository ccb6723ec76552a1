"""The model registry: groups, package versions, approval and the events of both."""

from __future__ import annotations

import json
from typing import Any

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import in_use, not_found, validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

GROUP, PACKAGE = "ModelPackageGroup", "ModelPackage"
_EVENT = "SageMaker Model Package State Change"
_EVENT_MEMBERS = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "LastModifiedTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "CertifyForMarketplace",
    "CustomerMetadataProperties",
    "MetadataProperties",
    "ModelMetrics",
)


@operation("CreateModelPackageGroup")
def create_group(ctx: Context, params: Params) -> Params:
    """Make an empty group."""
    record = {**params, "ModelPackageGroupStatus": "Completed", "CreatedBy": {}}
    return resources.create(ctx, GROUP, params["ModelPackageGroupName"], record)


@operation("DescribeModelPackageGroup")
def describe_group(ctx: Context, params: Params) -> Params:
    """A group by name or ARN."""
    return resources.get(ctx, GROUP, params["ModelPackageGroupName"])


@operation("ListModelPackageGroups")
def list_groups(ctx: Context, params: Params) -> Params:
    """Groups by name and time."""
    records = ctx.store.list(GROUP)
    return listing.respond("ListModelPackageGroups", params, records, name="ModelPackageGroupName")


@operation("CreateModelPackage")
def create_package(ctx: Context, params: Params) -> Params:
    """Register a package: the next version of its group, or an unversioned one under its own name."""
    record = dict(params)
    _check_card(params)
    tags = record.pop("Tags", [])
    at = now()
    record.update(
        CreationTime=at,
        LastModifiedTime=at,
        ModelPackageStatus="Completed",
        ModelPackageStatusDetails={"ValidationStatuses": [], "ImageScanStatuses": []},
        CertifyForMarketplace=params.get("CertifyForMarketplace", False),
    )
    with ctx.store.lock:
        arn = _place(ctx, record)
        if not ctx.store.add(PACKAGE, arn, record):
            raise validation(f"Model package {arn} already exists.")
    resources.set_tags(ctx, arn, tags, replace=True)
    _announce(ctx, record)
    return {"ModelPackageArn": arn}


@operation("DescribeModelPackage")
def describe_package(ctx: Context, params: Params) -> Params:
    """One package by its ARN, its unversioned name, or ``group/version``."""
    return package(ctx, params["ModelPackageName"])


@operation("BatchDescribeModelPackage")
def batch_describe(ctx: Context, params: Params) -> Params:
    """Several packages at once; those that are missing are reported beside the others."""
    found: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for arn in params["ModelPackageArnList"]:
        record = ctx.store.find(PACKAGE, arn)
        if record:
            found[arn] = record
        else:
            errors[arn] = {"ErrorCode": "ValidationException", "ErrorResponse": f"{arn} does not exist"}
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}


@operation("ListModelPackages")
def list_packages(ctx: Context, params: Params) -> Params:
    """Versions of a group (or packages without one), by approval status, name and time."""
    group = params.get("ModelPackageGroupName")
    records = ctx.store.list(PACKAGE)
    if group:
        name = resources.get(ctx, GROUP, group)["ModelPackageGroupName"]
        records = [one for one in records if one.get("ModelPackageGroupName") == name]
    else:
        wanted = params.get("ModelPackageType", "Unversioned")
        versioned = {"Versioned": (True,), "Unversioned": (False,), "Both": (True, False)}[wanted]
        records = [one for one in records if ("ModelPackageVersion" in one) in versioned]
    handled = ("ModelPackageGroupName", "ModelPackageType")
    return listing.respond("ListModelPackages", params, records, name="ModelPackageName", handled=handled)


@operation("UpdateModelPackage")
def update_package(ctx: Context, params: Params) -> Params:
    """Change a package; a change of its approval status is announced on the event bus."""
    _check_card(params)
    changes = dict(params)
    card = changes.pop("ModelCard", {})
    arn = str(package(ctx, changes.pop("ModelPackageArn"))["ModelPackageArn"])
    metadata = changes.pop("CustomerMetadataProperties", {})
    removed = changes.pop("CustomerMetadataPropertiesToRemove", [])
    added = changes.pop("AdditionalInferenceSpecificationsToAdd", [])

    def apply(record: Record) -> None:
        kept = {**record.get("CustomerMetadataProperties", {}), **metadata}
        record["CustomerMetadataProperties"] = {key: kept[key] for key in kept if key not in removed}
        if card:
            record["ModelCard"] = {**record.get("ModelCard", {}), **card}
        if added:
            record.setdefault("AdditionalInferenceSpecifications", []).extend(added)
        record.update(changes, LastModifiedTime=now())

    before = ctx.store.get(PACKAGE, arn)
    record = ctx.store.modify(PACKAGE, arn, apply)
    if record.get("ModelApprovalStatus") != before.get("ModelApprovalStatus"):
        _announce(ctx, record)
    return {"ModelPackageArn": arn}


@operation("DeleteModelPackage")
def delete_package(ctx: Context, params: Params) -> Params:
    """Remove a package; its version number is not given again."""
    arn = str(package(ctx, params["ModelPackageName"])["ModelPackageArn"])
    ctx.store.delete(PACKAGE, arn)
    ctx.store.delete(resources.TAGS, arn)
    return {}


@operation("DeleteModelPackageGroup")
def delete_group(ctx: Context, params: Params) -> Params:
    """Remove an empty group."""
    name = resources.get(ctx, GROUP, params["ModelPackageGroupName"])["ModelPackageGroupName"]
    with ctx.store.lock:
        held = [one for one in ctx.store.list(PACKAGE) if one.get("ModelPackageGroupName") == name]
        if held:
            raise in_use(GROUP, name, f"it holds {len(held)} model packages; delete them first")
        resources.delete(ctx, GROUP, name)
    return {}


def _place(ctx: Context, record: Record) -> str:
    """Give a new package its ARN, and its version when it belongs to a group."""
    group, name = record.get("ModelPackageGroupName"), record.get("ModelPackageName")
    if bool(group) == bool(name):
        raise validation("Give exactly one of ModelPackageName and ModelPackageGroupName.")
    if name:
        arn = resources.arn_of(ctx, PACKAGE, name)
    else:
        found = resources.get(ctx, GROUP, str(group))
        plain = found["ModelPackageGroupName"]
        version = found.get("LastVersion", 0) + 1
        ctx.store.update(GROUP, plain, LastVersion=version)
        arn = ctx.arn(f"model-package/{plain.lower()}/{version}")
        record.update(ModelPackageGroupName=plain, ModelPackageName=plain, ModelPackageVersion=version)
        record.setdefault("ModelApprovalStatus", "PendingManualApproval")
    record["ModelPackageArn"] = arn
    return arn


def _check_card(params: Params) -> None:
    """Refuse a model card whose content is no JSON object; SageMaker checks its whole schema."""
    content = params.get("ModelCard", {}).get("ModelCardContent")
    if content is None:
        return
    try:
        card = json.loads(content)
    except ValueError:
        card = None
    if not isinstance(card, dict):
        raise validation("ModelCardContent must be a JSON object in the schema of a model package's card.")


def package(ctx: Context, name_or_arn: str) -> Record:
    """A package by its ARN, its unversioned name, or ``group/version``; ServiceError when there is none."""
    arn = name_or_arn if name_or_arn.startswith("arn:") else resources.arn_of(ctx, PACKAGE, name_or_arn)
    record = ctx.store.find(PACKAGE, arn)
    if record is None:
        raise not_found(PACKAGE, name_or_arn, arn)
    return record


def _announce(ctx: Context, record: Record) -> None:
    detail = {key: record[key] for key in _EVENT_MEMBERS if key in record}
    arn = str(record["ModelPackageArn"])
    detail["Tags"] = {tag["Key"]: tag["Value"] for tag in resources.tags_of(ctx, arn)}
    ctx.emit(_EVENT, detail, [arn])
