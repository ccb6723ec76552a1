"""How properties of templates become parameters of operations, where the two differ."""

from __future__ import annotations

import json
import uuid

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.cloudformation.values import Properties
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.feature_store import evolution

# Properties that hold entries by key, which Update adds to and takes from.
_MAPS = ("Properties", "Parameters", "InputArtifacts", "OutputArtifacts", "CustomerMetadataProperties")


def pipeline(properties: Properties) -> Properties:
    """A pipeline's definition, inline or in S3, under the names of the API."""
    definition = properties.pop("PipelineDefinition")
    if "PipelineDefinitionBody" in definition:
        properties["PipelineDefinition"] = definition["PipelineDefinitionBody"]
    else:
        source = definition["PipelineDefinitionS3Location"]
        location = {"Bucket": source["Bucket"], "ObjectKey": source["Key"]}
        if "Version" in source:
            location["VersionId"] = source["Version"]
        properties["PipelineDefinitionS3Location"] = location
    properties["ClientRequestToken"] = uuid.uuid4().hex
    return properties


def endpoint(properties: Properties) -> Properties:
    """An endpoint with what CloudFormation sends when a template leaves it out."""
    if "DeploymentConfig" in properties and "EndpointConfigName" in properties:
        properties.setdefault("RetainAllVariantProperties", False)
    return properties


def card(properties: Properties) -> Properties:
    """A model card, whose content templates write as an object and the API takes as text."""
    if isinstance(properties.get("Content"), dict):
        properties["Content"] = json.dumps(properties["Content"])
    return properties


def group_policy(ctx: Context, name: str, properties: Properties) -> None:
    """Set the policy of a model package group, or take away the one it had."""
    named = {"ModelPackageGroupName": name}
    policy = properties.get("ModelPackageGroupPolicy")
    if policy:
        text = policy if isinstance(policy, str) else json.dumps(policy)
        operations.call(ctx, "PutModelPackageGroupPolicy", {**named, "ResourcePolicy": text})
    elif ctx.store.find("ModelPackageGroupPolicy", name):
        operations.call(ctx, "DeleteModelPackageGroupPolicy", named)


def whole(old: Properties, new: Properties, named: Properties) -> list[Properties]:
    """One call with all properties."""
    return [{**new, **named}]


def nothing(old: Properties, new: Properties, named: Properties) -> list[Properties]:
    """No call: what may change is no member of the resource."""
    return []


def changed(old: Properties, new: Properties, named: Properties) -> list[Properties]:
    """One call with the properties that changed; entries of maps are removed by key."""
    given = {key: value for key, value in new.items() if old.get(key) != value}
    for key in _MAPS:
        removed = sorted((old.get(key) or {}).keys() - (new.get(key) or {}).keys())
        if removed:
            given[f"{key}ToRemove"] = removed
    return [{**given, **named}]


def one_by_one(old: Properties, new: Properties, named: Properties) -> list[Properties]:
    """A call for each property that changed."""
    return [{key: value, **named} for key, value in new.items() if old.get(key) != value and key != "Tags"]


def package_changes(old: Properties, new: Properties, named: Properties) -> list[Properties]:
    """One call with what changed of a package, specifications that are new to it under the API's name."""
    (given,) = changed(old, new, named)
    if "CustomerMetadataPropertiesToRemove" in given and not new.get("CustomerMetadataProperties"):
        given.pop("CustomerMetadataProperties", None)
    return [given]


def feature_group(old: Properties, new: Properties, named: Properties) -> list[Properties]:
    """One call that adds what is new; ServiceError for what a feature group cannot do."""
    return [evolution.update_parameters(str(named["FeatureGroupName"]), old, new)]
