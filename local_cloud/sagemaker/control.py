"""Kinds that are records and no more, by the service model alone; any other operation is refused by name."""

from __future__ import annotations

import re
from typing import Any

from local_cloud.sagemaker import listing, registry, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.operations import Params, fallback, operation

# What a record is on AWS too: nothing happens when it is made, only when something names it.
_KEPT = {
    "Model": {"Describe", "List"},
    "EndpointConfig": {"Describe", "List"},
    "FeatureGroup": {"List"},
}
_STATUS = {"FeatureGroup": "FeatureGroupStatus"}
_VERB = re.compile(r"(Describe|List)([A-Z]\w+)")
_WHERE = "GET /_local_cloud/coverage lists what it does"
# Why, for the areas that people ask for most; the first pattern found in the name of an operation.
_REASONS = {
    r"Monitoring|QualityJob|BiasJob|ExplainabilityJob": "Model Monitor and Clarify are not part of it",
    r"InferenceComponent": "endpoints here serve models, not inference components",
    r"ModelCardExportJob": "it makes no PDF files",
    r"Label|Workteam|Workforce|HumanTask|FlowDefinition": "labelling and human review are not part of it",
    r"Domain|UserProfile|Space|App|Notebook|Studio": "Studio and notebooks are not part of it",
    r"Mlflow": "it runs no MLflow servers",
    r"Cluster|ComputeQuota": "HyperPod is not part of it",
    r"AutoML": "AutoML is not part of it",
    r"Algorithm": "images are not run, so there are no algorithms of the Marketplace",
}


def keeps(name: str) -> bool:
    """Whether an operation without code of its own is served as a record."""
    verb, kind = _parts(name)
    return verb in _KEPT.get(kind, ())


@fallback
def generic(ctx: Context, name: str, params: Params) -> Params:
    """Serve an operation from the service model alone.

    Raises
    ------
    ServiceError
        UnsupportedOperation, when the operation is more than a record here.
    """
    if not keeps(name):
        why = next((reason for pattern, reason in _REASONS.items() if re.search(pattern, name)), "")
        raise unsupported(name, why)
    verb, kind = _parts(name)
    if verb == "List":
        records = ctx.store.list(kind)
        return listing.respond(name, params, records, name=f"{kind}Name", status=_STATUS.get(kind, ""))
    return resources.get(ctx, kind, params[f"{kind}Name"])


def unsupported(name: str, why: str = "") -> ServiceError:
    """The refusal of an operation, or of a part of one: says which, and where the list of the others is."""
    reason = f": {why}" if why else ""
    return ServiceError("UnsupportedOperation", f"The local cloud does not serve {name}{reason}. {_WHERE}.")


def _parts(name: str) -> tuple[str, str]:
    matched = _VERB.fullmatch(name)
    if not matched:
        return "", ""
    verb, kind = matched.groups()
    return verb, kind.removesuffix("s") if verb == "List" else kind


@operation("CreateModel")
def create_model(ctx: Context, params: Params) -> Params:
    """Record a model that has containers; a model package that one names must exist."""
    containers = params.get("Containers") or []
    if bool(containers) == ("PrimaryContainer" in params):
        raise validation("Give exactly one of PrimaryContainer and Containers.")
    for container in containers or [params["PrimaryContainer"]]:
        if ("Image" in container) == ("ModelPackageName" in container):
            raise validation("Give exactly one of Image and ModelPackageName in each container of a model.")
        if "ModelPackageName" in container:
            registry.package(ctx, container["ModelPackageName"])
    record = {**params, "EnableNetworkIsolation": params.get("EnableNetworkIsolation", False)}
    made = resources.create(ctx, "Model", params["ModelName"], record)
    _announce_model(ctx, made)
    return made


@operation("DeleteModel")
def delete_model(ctx: Context, params: Params) -> Params:
    """Forget a model; endpoints that serve it go on."""
    record = resources.get(ctx, "Model", params["ModelName"])
    resources.delete(ctx, "Model", record["ModelName"])
    _announce_model(ctx, record)
    return {}


def _announce_model(ctx: Context, record: Params) -> None:
    members = ("ModelName", "ModelArn", "CreationTime", "ExecutionRoleArn", "PrimaryContainer", "Containers")
    detail = {key: record[key] for key in members if key in record}
    detail["Tags"] = {tag["Key"]: tag["Value"] for tag in resources.tags_of(ctx, record["ModelArn"])}
    ctx.emit("SageMaker Model State Change", detail, [record["ModelArn"]])


@operation("AddTags")
def add_tags(ctx: Context, params: Params) -> Params:
    """Add or overwrite tags."""
    with ctx.store.lock:
        arn = _existing(ctx, params)
        resources.set_tags(ctx, arn, params["Tags"])
        return {"Tags": resources.tags_of(ctx, arn)}


@operation("DeleteTags")
def delete_tags(ctx: Context, params: Params) -> Params:
    """Remove tags by key."""
    with ctx.store.lock:
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
        raise validation(f"Could not find the resource {arn}.")
    return arn
