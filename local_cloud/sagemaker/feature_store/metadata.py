"""What people note of single features: a description and parameters, beside the group's definition."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.feature_store.schema import KIND
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

NOTES = "FeatureMetadata"
_MOST_PARAMETERS = 25


@operation("DescribeFeatureMetadata")
def describe(ctx: Context, params: Params) -> Params:
    """A feature with its notes."""
    return described(ctx, *_feature(ctx, params))


@operation("UpdateFeatureMetadata")
def update(ctx: Context, params: Params) -> Params:
    """Change the description of a feature, and add, replace and remove parameters by key."""
    group, definition = _feature(ctx, params)
    with ctx.store.lock:
        key = _key(group, definition)
        before = ctx.store.find(NOTES, key) or {}
        parameters = {**before.get("Parameters", {})}
        parameters |= {one["Key"]: one["Value"] for one in params.get("ParameterAdditions", [])}
        for name in params.get("ParameterRemovals", []):
            parameters.pop(name, None)
        if len(parameters) > _MOST_PARAMETERS:
            raise validation(f"A feature has at most {_MOST_PARAMETERS} parameters, not {len(parameters)}.")
        after = {**before, "Parameters": parameters, "LastModifiedTime": now()}
        if "Description" in params:
            after["Description"] = params["Description"]
        ctx.store.put(NOTES, key, after)
    return {}


def described(ctx: Context, group: Record, definition: dict[str, Any]) -> Record:
    """A feature of a group as the service describes it."""
    notes = ctx.store.find(NOTES, _key(group, definition)) or {}
    listed = [{"Key": key, "Value": value} for key, value in notes.get("Parameters", {}).items()]
    shown = {
        **{key: group[key] for key in ("FeatureGroupArn", "FeatureGroupName", "CreationTime")},
        "FeatureName": definition["FeatureName"],
        "FeatureType": definition["FeatureType"],
        "LastModifiedTime": notes.get("LastModifiedTime", group["LastModifiedTime"]),
        "Parameters": listed,
    }
    return {**shown, "Description": notes["Description"]} if "Description" in notes else shown


def _feature(ctx: Context, params: Params) -> tuple[Record, dict[str, Any]]:
    group = resources.get(ctx, KIND, params["FeatureGroupName"])
    name = params["FeatureName"]
    found = next((one for one in group["FeatureDefinitions"] if one["FeatureName"] == name), None)
    if found is None:
        raise ServiceError(
            "ResourceNotFound", f"Feature '{name}' does not exist in '{group['FeatureGroupName']}'."
        )
    return group, found


def _key(group: Record, definition: dict[str, Any]) -> str:
    """A group that is made anew under an old name has no notes."""
    return f"{group['FeatureGroupName']}/{group['CreationTime'].isoformat()}/{definition['FeatureName']}"
