"""What a SageMaker request needs to be granted: actions, the resources they are for, and their conditions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from local_cloud.sagemaker import model, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.store import Record

Params = dict[str, Any]
EVERYTHING = "*"
SERVICE = "sagemaker.amazonaws.com"
_ROLES = frozenset({"RoleArn", "ExecutionRoleArn", "ValidationRole"})
_INVOCATIONS = {
    "invocations": "InvokeEndpoint",
    "async-invocations": "InvokeEndpointAsync",
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
}
_RECORDS = {"PUT": "PutRecord", "GET": "GetRecord", "DELETE": "DeleteRecord"}
_BATCHES = ("BatchGetRecord", "BatchWriteRecord")
_METRICS = ("BatchGetMetrics", "BatchPutMetrics")
_RECORD_POSTS = {"ListRecords": "ListRecords", "Record": "UpdateRecord"}
# Operations whose resource has another name than the operation has; all other List operations have none.
_MEMBERS = {
    "AddAssociation": ("SourceArn", "DestinationArn"),
    "AddTags": ("ResourceArn",),
    "AssociateTrialComponent": ("TrialComponentName", "TrialName"),
    "BatchDescribeModelPackage": ("ModelPackageArnList",),
    "DeleteAssociation": ("SourceArn", "DestinationArn"),
    "DeleteTags": ("ResourceArn",),
    "DescribeFeatureMetadata": ("FeatureGroupName",),
    "DescribePipelineDefinitionForExecution": ("PipelineExecutionArn",),
    "DisassociateTrialComponent": ("TrialComponentName", "TrialName"),
    "ListModelPackages": ("ModelPackageGroupName",),
    "ListPipelineExecutionSteps": ("PipelineExecutionArn",),
    "ListPipelineExecutions": ("PipelineName",),
    "ListPipelineParametersForExecution": ("PipelineExecutionArn",),
    "ListPipelineVersions": ("PipelineName",),
    "ListTags": ("ResourceArn",),
    "ListTrainingJobsForHyperParameterTuningJob": ("HyperParameterTuningJobName",),
    "StartPipelineExecution": ("PipelineName",),
    "UpdateArtifact": ("ArtifactArn",),
    "UpdateFeatureMetadata": ("FeatureGroupName",),
    "UpdateMonitoringAlert": ("MonitoringScheduleName",),
}
_DEFINITION = "JobDefinition"


@dataclass(frozen=True)
class Need:
    """One thing that must be granted to who makes a request.

    Parameters
    ----------
    conditions
        Values of the condition keys that the request has of its own.
    or_role
        A role whose own grant is enough instead.
    """

    action: str
    resource: str
    conditions: Mapping[str, Any] = field(default_factory=dict)
    or_role: str | None = None


def request_of(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, Params]:
    """The operation of a request and its parameters; "" for a path that is no operation's."""
    target = headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2], _document(body)
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "endpoints" and len(parts) == 3:
        return _INVOCATIONS.get(parts[2], ""), {"EndpointName": parts[1]}
    if parts[0] == "FeatureGroup" and method == "POST":
        return _RECORD_POSTS.get(parts[-1], ""), {"FeatureGroupName": "/".join(parts[1:-1])}
    if parts[0] == "FeatureGroup" and len(parts) > 1:
        return _RECORDS.get(method, ""), {"FeatureGroupName": "/".join(parts[1:])}
    return (parts[0], _document(body)) if parts[0] in (*_BATCHES, *_METRICS) else ("", {})


def needs_of(ctx: Context, operation: str, params: Params) -> Iterator[Need]:
    """All that a request needs, in the order in which it is judged."""
    if not operation:
        return
    tags = _tag_conditions(params)
    found = _resources(ctx, operation, params)
    for resource in found:
        conditions = {**tags, **_resource_tags(ctx, resource)}
        yield Need(f"sagemaker:{operation}", resource, conditions)
        if operation == "BatchWriteRecord":
            yield Need("sagemaker:PutRecord", resource, conditions)
        if operation.startswith("Create") and params.get("Tags") and resource == found[0]:
            yield Need("sagemaker:AddTags", resource, conditions)
    yield from _needs_of_keys(ctx, operation, params)
    if operation == "CreateModelPackage":  # the service looks whether the models are there
        for uri in sorted(set(_members(params, frozenset({"ModelDataUrl"})))):
            yield Need("s3:GetObject", f"arn:aws:s3:::{uri.removeprefix('s3://')}")
    if operation.startswith(("Create", "Update")):
        for role in sorted(set(_members(params, _ROLES))):
            yield Need("iam:PassRole", role, {"iam:PassedToService": SERVICE})


def _needs_of_keys(ctx: Context, operation: str, params: Params) -> Iterator[Need]:
    """CreateGrant on the key of volumes: of a job, unless its role has it; of an endpoint's configuration."""
    grant = Need("kms:CreateGrant", EVERYTHING, {"kms:GrantIsForAWSResource": "true"})
    if operation in ("CreateEndpoint", "UpdateEndpoint"):
        config = resources.find(ctx, "EndpointConfig", str(params.get("EndpointConfigName", "")))
        if config and config.get("KmsKeyId"):
            yield replace(grant, resource=key_arn(ctx, config["KmsKeyId"]))
    elif operation.startswith("Create") and operation.endswith("Job"):
        role = next(iter(_members(params, _ROLES)), None)
        for key in sorted(set(_members(params, frozenset({"VolumeKmsKeyId"})))):
            yield replace(grant, resource=key_arn(ctx, key), or_role=role)
    elif operation in (*_RECORDS.values(), *_BATCHES):
        for name in _groups(params):
            group = resources.find(ctx, "FeatureGroup", name) or {}
            key = (group.get("OnlineStoreConfig") or {}).get("SecurityConfig", {}).get("KmsKeyId")
            if key:
                yield Need("kms:Decrypt", key_arn(ctx, key))


def key_arn(ctx: Context, key: str) -> str:
    """The ARN of a key that is given by its id, alias or ARN."""
    if key.startswith("arn:"):
        return key
    return f"arn:aws:kms:{ctx.region}:{ctx.account}:{key if key.startswith('alias/') else f'key/{key}'}"


def _resources(ctx: Context, operation: str, params: Params) -> list[str]:
    """The ARNs of what an operation is about; ``*`` for one that is about no resource."""
    if operation in _METRICS:
        queried = [*_members(params.get("MetricQueries"), frozenset({"ResourceArn"}))]
        named = params.get("TrialComponentName")
        return [_arn(ctx, "TrialComponent", str(named))] if named else queried or [EVERYTHING]
    if operation in _BATCHES:
        return [_arn(ctx, "FeatureGroup", name) for name in _groups(params)] or [EVERYTHING]
    if operation == "CreateModelPackage" and params.get("ModelPackageGroupName"):
        group = resources.find(ctx, "ModelPackageGroup", str(params["ModelPackageGroupName"]))
        name = group["ModelPackageGroupName"] if group else params["ModelPackageGroupName"]
        return [ctx.arn(f"model-package/{str(name).lower()}/*")]
    if operation == "CreateArtifact":  # the service makes up its id
        return [ctx.arn("artifact/*")]
    if operation.endswith(_DEFINITION):
        kind = re.sub(r"^[A-Z][a-z]+", "", operation)
        return [_arn(ctx, kind, str(params.get("JobDefinitionName", "")))]
    found = [
        _arn(ctx, _kind(member), value)
        for member in _members_of(operation)
        for value in _several(params.get(member))
    ]
    if operation in ("CreateEndpoint", "UpdateEndpoint") and params.get("EndpointConfigName"):
        found.append(_arn(ctx, "EndpointConfig", str(params["EndpointConfigName"])))
    if operation == "CreateModel":
        packages = _members(params, frozenset({"ModelPackageName"}))
        found += [_arn(ctx, "ModelPackage", package) for package in packages]
    return list(dict.fromkeys(found)) or [EVERYTHING]


def _members_of(operation: str) -> tuple[str, ...]:
    """The members that say which resource an operation is about: those that bear its name."""
    if operation in _MEMBERS:
        return _MEMBERS[operation]
    if operation.startswith("List") or operation not in model.operation_names():
        return ("EndpointName", "FeatureGroupName") if operation not in model.operation_names() else ()
    noun = re.sub(r"^[A-Z][a-z]+", "", operation)
    members = [name for name in model.input_members(operation) if name.endswith(("Name", "Arn"))]
    longest = max((len(_kind(name)) for name in members if noun.startswith(_kind(name))), default=0)
    return tuple(name for name in members if longest and noun[:longest] == _kind(name))


def _kind(member: str) -> str:
    return member.removesuffix("List").removesuffix("Name").removesuffix("Arn")


def _arn(ctx: Context, kind: str, name: str) -> str:
    return name if name.startswith("arn:") else resources.arn_of(ctx, kind, name)


def _groups(params: Params) -> list[str]:
    entries = [*_several(params.get("Identifiers")), *_several(params.get("Entries"))]
    named = [
        str(one["FeatureGroupName"]) for one in entries if isinstance(one, dict) and "FeatureGroupName" in one
    ]
    own = params.get("FeatureGroupName")
    return list(dict.fromkeys([*([str(own)] if own else []), *named]))


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _members(value: Any, names: frozenset[str]) -> Iterator[str]:
    """The texts of all members of these names, at any depth."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in names and isinstance(item, str):
                yield item
            else:
                yield from _members(item, names)
    elif isinstance(value, list):
        for item in value:
            yield from _members(item, names)


def _tag_conditions(params: Params) -> dict[str, Any]:
    tags = [tag for tag in _several(params.get("Tags")) if isinstance(tag, dict) and "Key" in tag]
    keys = [str(tag["Key"]) for tag in tags] + [str(key) for key in _several(params.get("TagKeys"))]
    conditions: dict[str, Any] = {f"aws:RequestTag/{tag['Key']}": str(tag.get("Value", "")) for tag in tags}
    return {**conditions, "aws:TagKeys": keys} if keys else conditions


def _resource_tags(ctx: Context, arn: str) -> dict[str, str]:
    tags = resources.tags_of(ctx, arn)
    named = [(tag["Key"], tag["Value"]) for tag in tags]
    return {f"{lead}:ResourceTag/{key}": value for key, value in named for lead in ("aws", "sagemaker")}


def _document(body: bytes) -> Record:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}  # the service says what is wrong with it
    return found if isinstance(found, dict) else {}
