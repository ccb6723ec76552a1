"""Model packages: registered, described, listed, changed and deleted; each change is announced."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import already_exists, not_found
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.registry import rules
from local_cloud.sagemaker.store import Record

GROUP, PACKAGE = "ModelPackageGroup", "ModelPackage"
_TOKEN = "ModelPackageToken"  # noqa: S105 - the kind of the records of client tokens
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
    "SourceAlgorithmSpecification",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "CertifyForMarketplace",
    "CustomerMetadataProperties",
    "MetadataProperties",
    "ModelMetrics",
    "DriftCheckBaselines",
    "ModelLifeCycle",
    "SourceUri",
)


@operation("CreateModelPackage")
def create_package(ctx: Context, params: Params) -> Params:
    """Register a package: the next version of its group, or an unversioned one under its own name."""
    rules.check_new(params)
    record = dict(params)
    record[_TOKEN] = token = record.pop("ClientToken", "")
    tags = record.pop("Tags", [])
    at = now()
    record.update(
        CreationTime=at,
        LastModifiedTime=at,
        CreatedBy={},
        LastModifiedBy={},
        ModelPackageStatus="Completed",
        ModelPackageStatusDetails={"ValidationStatuses": [], "ImageScanStatuses": []},
        CertifyForMarketplace=params.get("CertifyForMarketplace", False),
    )
    with ctx.store.lock:
        earlier = ctx.store.find(_TOKEN, token) if token else None
        if earlier:
            return earlier
        arn = _place(ctx, record)
        if not ctx.store.add(PACKAGE, arn, record):
            raise already_exists(PACKAGE, arn.rpartition("/")[2], arn)
        resources.set_tags(ctx, arn, tags, replace=True)
        if token:
            ctx.store.put(_TOKEN, token, {"ModelPackageArn": arn})
    _announce(ctx, record)
    return {"ModelPackageArn": arn}


@operation("DescribeModelPackage")
def describe_package(ctx: Context, params: Params) -> Params:
    """One package by its ARN, its unversioned name, or ``group/version``."""
    return _shown(package(ctx, params["ModelPackageName"]))


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
            missing = not_found(PACKAGE, arn, arn)
            errors[arn] = {"ErrorCode": missing.code, "ErrorResponse": missing.message}
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
    answer = listing.respond("ListModelPackages", params, records, name="ModelPackageName", handled=handled)
    answer["ModelPackageSummaryList"] = [_shown(one) for one in answer["ModelPackageSummaryList"]]
    return answer


@operation("UpdateModelPackage")
def update_package(ctx: Context, params: Params) -> Params:
    """Change a package; the event on the bus names the members that have other values now."""
    rules.check_card(params)
    changes = dict(params)
    changes.pop("ClientToken", None)
    arn = str(package(ctx, changes.pop("ModelPackageArn"))["ModelPackageArn"])
    with ctx.store.lock:
        before = ctx.store.get(PACKAGE, arn)
        after = rules.changed(before, changes)
        edited = sorted(key for key in after if after[key] != before.get(key))
        if edited:
            record = ctx.store.update(PACKAGE, arn, **after, LastModifiedTime=now())
            _announce(ctx, record, UpdatedModelPackageFields=edited)
    return {"ModelPackageArn": arn}


@operation("DeleteModelPackage")
def delete_package(ctx: Context, params: Params) -> Params:
    """Remove a package; its version number is not given again."""
    with ctx.store.lock:
        gone = package(ctx, params["ModelPackageName"])
        ctx.store.delete(PACKAGE, gone["ModelPackageArn"])
        ctx.store.delete(resources.TAGS, gone["ModelPackageArn"])
        ctx.store.delete(_TOKEN, gone.get(_TOKEN, ""))
    return {}


def package(ctx: Context, name_or_arn: str) -> Record:
    """A package by its ARN, its unversioned name, or ``group/version``; ServiceError when there is none."""
    arn = name_or_arn if name_or_arn.startswith("arn:") else resources.arn_of(ctx, PACKAGE, name_or_arn)
    record = ctx.store.find(PACKAGE, arn)
    if record is None:
        raise not_found(PACKAGE, name_or_arn, arn)
    return record


def _shown(record: Record) -> Record:
    """A package as it is answered: a version has the name of its group and none of its own."""
    own = "ModelPackageVersion" not in record
    return {key: value for key, value in record.items() if own or key != "ModelPackageName"}


def _place(ctx: Context, record: Record) -> str:
    """Give a new package its ARN, and its version when it belongs to a group."""
    group, name = record.get("ModelPackageGroupName"), record.get("ModelPackageName")
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


def _announce(ctx: Context, record: Record, **more: Any) -> None:
    detail = {key: record[key] for key in _EVENT_MEMBERS if key in record}
    arn = str(record["ModelPackageArn"])
    detail["Tags"] = {tag["Key"]: tag["Value"] for tag in resources.tags_of(ctx, arn)}
    ctx.emit(_EVENT, {**detail, **more}, [arn])
