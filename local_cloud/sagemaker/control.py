"""The model-driven control plane: Create, Describe, List, Update and Delete of kinds without own code."""

from __future__ import annotations

import re
from typing import Any

from local_cloud.sagemaker import listing, model, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import ServiceError, not_found, validation
from local_cloud.sagemaker.operations import Params, fallback, operation

# Kinds that report a status: the member, and the one they have as soon as they exist.
_STATUS = {
    "ModelPackageGroup": ("ModelPackageGroupStatus", "Completed"),
    "MonitoringSchedule": ("MonitoringScheduleStatus", "Scheduled"),
}
_VERB = re.compile(r"(Create|Describe|Update|Delete|List)([A-Z]\w+)")


@fallback
def generic(ctx: Context, name: str, params: Params) -> Params:
    """Serve an operation from the service model alone.

    Raises
    ------
    ServiceError
        When the operation is more than a record, so that this cloud would have to do real work for it.
    """
    matched = _VERB.fullmatch(name)
    if not matched:
        raise ServiceError("UnsupportedOperation", f"The local cloud does not serve {name}.")
    verb, kind = matched.groups()
    if verb == "List":
        return _list(ctx, name, kind, params)
    member = _name_member(name, kind)
    return {"Create": _create, "Describe": _describe, "Update": _update, "Delete": _delete}[verb](
        ctx, kind, params[member], params
    )


def _create(ctx: Context, kind: str, name: str, params: Params) -> Params:
    record = dict(params)
    if kind in _STATUS:
        member, status = _STATUS[kind]
        record[member] = status
    return resources.create(ctx, kind, name, record)


def _describe(ctx: Context, kind: str, name: str, params: Params) -> Params:
    return resources.get(ctx, kind, name)


def _update(ctx: Context, kind: str, name: str, params: Params) -> Params:
    resources.get(ctx, kind, name)
    return ctx.store.update(kind, name, **params, LastModifiedTime=now())


def _delete(ctx: Context, kind: str, name: str, params: Params) -> Params:
    resources.delete(ctx, kind, _plain(name))
    return {}


def _list(ctx: Context, name: str, plural: str, params: Params) -> Params:
    kind = plural.removesuffix("s")
    records = ctx.store.list(kind)
    return listing.respond(name, params, records, name=f"{kind}Name", status=_STATUS.get(kind, ("",))[0])


def _name_member(name: str, kind: str) -> str:
    members = model.input_members(name)
    for candidate in (f"{kind}Name", "JobDefinitionName", "Name"):
        if candidate in members:
            return candidate
    raise ServiceError("UnsupportedOperation", f"The local cloud does not serve {name}.")


def _plain(name_or_arn: str) -> str:
    return name_or_arn.rsplit("/", 1)[-1] if name_or_arn.startswith("arn:") else name_or_arn


@operation("CreateEndpointConfig")
def create_endpoint_config(ctx: Context, params: Params) -> Params:
    """Store an endpoint configuration whose models exist."""
    variants = [*params.get("ProductionVariants", []), *params.get("ShadowProductionVariants", [])]
    for variant in variants:
        if "ModelName" in variant:
            resources.get(ctx, "Model", variant["ModelName"])
    names = [variant["VariantName"] for variant in variants]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise validation(f"VariantName must be unique in an endpoint configuration: {', '.join(doubled)}")
    return resources.create(ctx, "EndpointConfig", params["EndpointConfigName"], dict(params))


@operation("AddTags")
def add_tags(ctx: Context, params: Params) -> Params:
    """Add or overwrite tags."""
    arn = _existing(ctx, params)
    resources.set_tags(ctx, arn, params["Tags"])
    return {"Tags": resources.tags_of(ctx, arn)}


@operation("DeleteTags")
def delete_tags(ctx: Context, params: Params) -> Params:
    """Remove tags by key."""
    resources.remove_tags(ctx, _existing(ctx, params), params["TagKeys"])
    return {}


@operation("ListTags")
def list_tags(ctx: Context, params: Params) -> Params:
    """The tags of a resource, in pages."""
    tags: list[dict[str, Any]] = [dict(tag) for tag in resources.tags_of(ctx, _existing(ctx, params))]
    return listing.respond("ListTags", {**params, "SortOrder": "Ascending"}, tags)


def _existing(ctx: Context, params: Params) -> str:
    arn = str(params["ResourceArn"])
    if not resources.exists(ctx, arn):
        raise not_found("Resource", arn)
    return arn
