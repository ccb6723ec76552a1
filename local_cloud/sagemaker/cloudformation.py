"""CloudFormation's SageMaker resource types, by the same operations as the API serves."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud import ministack_hooks as hooks
from local_cloud.sagemaker import model, operations, resources
from local_cloud.sagemaker.context import Context, Contexts
from local_cloud.sagemaker.feature_store import evolution

Properties = dict[str, Any]
_WAIT_SECONDS = 1800.0
_POLL_SECONDS = 0.1
_LONGEST_NAME = 63


class ResourceFailed(Exception):
    """A resource did not reach the status it should; the stack rolls back."""


@dataclass(frozen=True)
class ResourceType:
    """How one resource type maps to operations.

    Parameters
    ----------
    kind : str
        ``Pipeline`` for ``AWS::SageMaker::Pipeline`` and ``CreatePipeline``.
    ref : str
        What Ref gives: ``name`` or ``arn``.
    replacing : sequence of str
        Properties whose change makes a new resource.
    status : str
        The member of Describe to wait on, empty when the resource is there at once.
    translate : callable
        Turns properties into parameters where names or shapes differ.
    """

    kind: str
    ref: str
    replacing: Sequence[str]
    status: str = ""
    good: Sequence[str] = ()
    translate: Callable[[Properties], Properties] = dict

    @property
    def name_property(self) -> str:
        """The property that names the resource."""
        return f"{self.kind}Name"

    @property
    def cfn_type(self) -> str:
        """The name of the type in templates."""
        return f"AWS::SageMaker::{self.kind}"


def _pipeline(properties: Properties) -> Properties:
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


def _endpoint(properties: Properties) -> Properties:
    if "DeploymentConfig" in properties and "EndpointConfigName" in properties:
        properties.setdefault("RetainAllVariantProperties", False)
    return properties


# Which properties replace: "Update requires: Replacement" in the CloudFormation resource reference.
TYPES = (
    ResourceType("Pipeline", "name", ("PipelineName",), "PipelineStatus", ("Active",), _pipeline),
    ResourceType("ModelPackageGroup", "arn", ("ModelPackageGroupName", "ModelPackageGroupDescription")),
    ResourceType(
        "FeatureGroup",
        "name",
        (
            "FeatureGroupName",
            "RecordIdentifierFeatureName",
            "EventTimeFeatureName",
            "OfflineStoreConfig",
            "RoleArn",
            "Description",
        ),
        "FeatureGroupStatus",
        ("Created",),
    ),
    ResourceType(
        "Model",
        "arn",
        (
            "ModelName",
            "PrimaryContainer",
            "Containers",
            "ExecutionRoleArn",
            "EnableNetworkIsolation",
            "InferenceExecutionConfig",
            "VpcConfig",
        ),
    ),
    ResourceType(
        "EndpointConfig",
        "arn",
        (
            "EndpointConfigName",
            "ProductionVariants",
            "ShadowProductionVariants",
            "DataCaptureConfig",
            "AsyncInferenceConfig",
            "ExplainerConfig",
            "KmsKeyId",
            "EnableNetworkIsolation",
            "ExecutionRoleArn",
            "VpcConfig",
        ),
    ),
    ResourceType("Endpoint", "arn", ("EndpointName",), "EndpointStatus", ("InService",), _endpoint),
)


def register(contexts: Contexts) -> None:
    """Teach the emulator's CloudFormation all types."""
    for type_ in TYPES:
        handler = Handler(type_, contexts)
        hooks.register_resource_type(
            type_.cfn_type,
            {"create": handler.create, "update": handler.update, "delete": handler.delete},
            replacing=type_.replacing,
            name_property=type_.name_property,
            taggable=True,
        )


class Handler:
    """Creates, updates and deletes one resource type."""

    def __init__(self, type_: ResourceType, contexts: Contexts) -> None:
        self._type, self._contexts = type_, contexts

    def create(self, logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        """Create the resource and wait until it is ready; what failed on the way is removed again."""
        ctx, type_ = self._ctx(), self._type
        given = {**properties}
        if not given.get(type_.name_property):
            given[type_.name_property] = hooks.physical_name(stack, logical_id, longest=_LONGEST_NAME)
        name = str(given[type_.name_property])
        self._call(ctx, "Create", given)
        try:
            self._wait(ctx, name)
        except ResourceFailed:
            self._delete(ctx, name)
            raise
        return self._identity(ctx, name)

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str
    ) -> tuple[str, Properties]:
        """Update the resource in place: its own properties, then its tags."""
        ctx, type_ = self._ctx(), self._type
        name = self._name(ctx, physical_id)
        changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
        if changed - {"Tags"}:
            self._update(ctx, name, old, new)
            self._wait(ctx, name)
        if "Tags" in changed:
            arn = str(resources.get(ctx, type_.kind, name)[f"{type_.kind}Arn"])
            resources.remove_tags(ctx, arn, [tag["Key"] for tag in old.get("Tags", [])])
            resources.set_tags(ctx, arn, new.get("Tags", []))
        return self._identity(ctx, name)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the resource; one that is gone already counts as deleted."""
        ctx = self._ctx()
        found = resources.find(ctx, self._type.kind, physical_id)
        if found is not None:
            self._delete(ctx, str(found[self._type.name_property]))

    def _update(self, ctx: Context, name: str, old: Properties, new: Properties) -> None:
        given = {**new, self._type.name_property: name}
        if self._type.kind == "FeatureGroup":
            given = evolution.update_parameters(name, old, new)
        operation = f"Update{self._type.kind}"
        if operation not in model.operation_names():
            changed = ", ".join(sorted(key for key in {*old, *new} if old.get(key) != new.get(key)))
            raise ResourceFailed(f"{self._type.cfn_type} '{name}' cannot change {changed} in place")
        self._call(ctx, "Update", given)

    def _delete(self, ctx: Context, name: str) -> None:
        params: Properties = {self._type.name_property: name}
        operation = f"Delete{self._type.kind}"
        if "ClientRequestToken" in model.input_members(operation):
            params["ClientRequestToken"] = uuid.uuid4().hex
        operations.call(ctx, operation, params)
        self._gone(ctx, name)

    def _call(self, ctx: Context, verb: str, properties: Properties) -> None:
        operation = f"{verb}{self._type.kind}"
        members = model.input_members(operation)
        params = self._type.translate(dict(properties))
        operations.call(ctx, operation, typed(members, params))

    def _wait(self, ctx: Context, name: str) -> None:
        type_ = self._type
        if not type_.status:
            return
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            record = operations.call(ctx, f"Describe{type_.kind}", {type_.name_property: name})
            status = str(record.get(type_.status))
            reason = record.get("FailureReason")
            # An endpoint whose update failed is InService again, with its old configuration and a reason.
            if status in type_.good and not reason:
                return
            if status in type_.good or "Fail" in status:
                reason = reason or "no reason given"
                raise ResourceFailed(f"{type_.cfn_type} '{name}' is {status}: {reason}")
            time.sleep(_POLL_SECONDS)
        raise ResourceFailed(f"{type_.cfn_type} '{name}' was not ready after {_WAIT_SECONDS:.0f} s")

    def _gone(self, ctx: Context, name: str) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            if resources.find(ctx, self._type.kind, name) is None:
                return
            time.sleep(_POLL_SECONDS)

    def _identity(self, ctx: Context, name: str) -> tuple[str, Properties]:
        type_ = self._type
        record = resources.get(ctx, type_.kind, name)
        arn = str(record[f"{type_.kind}Arn"])
        attributes = {f"{type_.kind}Arn": arn, type_.name_property: name, "Arn": arn}
        attributes["CreationTime"] = record["CreationTime"].isoformat()
        if type_.status:
            attributes[type_.status] = str(record.get(type_.status, ""))
        return (arn if type_.ref == "arn" else name), attributes

    def _name(self, ctx: Context, physical_id: str) -> str:
        return str(resources.get(ctx, self._type.kind, physical_id)[self._type.name_property])

    def _ctx(self) -> Context:
        return self._contexts.of(hooks.request_account(), hooks.request_region())


def typed(members: dict[str, Any], params: Properties) -> Properties:
    """Properties as the operation takes them: known members only, numbers and booleans out of strings."""
    return {key: _convert(members[key], value) for key, value in params.items() if key in members}


def _convert(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            key: _convert(shape.members[key], item) if key in shape.members else item
            for key, item in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_convert(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _convert(shape.value, item) for key, item in value.items()}
    if shape.type_name == "boolean" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    if shape.type_name == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if shape.type_name in ("integer", "long", "float", "double") and isinstance(value, str):
        return _number(value, whole=shape.type_name in ("integer", "long"))
    return value


def _number(text: str, *, whole: bool) -> object:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text  # the operation's own check names it
