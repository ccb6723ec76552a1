"""Model package groups: create, describe, list and delete."""

from __future__ import annotations

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import in_use
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.registry import policies
from local_cloud.sagemaker.registry.packages import GROUP, PACKAGE


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


@operation("DeleteModelPackageGroup")
def delete_group(ctx: Context, params: Params) -> Params:
    """Remove an empty group and its policy."""
    name = resources.get(ctx, GROUP, params["ModelPackageGroupName"])["ModelPackageGroupName"]
    with ctx.store.lock:
        held = [one for one in ctx.store.list(PACKAGE) if one.get("ModelPackageGroupName") == name]
        if held:
            raise in_use(GROUP, name, f"it holds {len(held)} model packages; delete them first")
        resources.delete(ctx, GROUP, name)
        policies.forget(ctx, name)
    return {}
