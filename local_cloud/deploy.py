"""Deploys a synthesised CDK app with boto3 alone: publishes assets, creates or updates the stacks."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local_cloud.assembly import Asset, DeploymentError, Stack, package, read_assets, read_stacks

__all__ = ["DeploymentError", "StackDeploymentError", "Target", "deploy", "destroy"]

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
BOOTSTRAP_VERSION = "30"
STACK_TIMEOUT_S = 1800.0
_POLL_S = 0.1
# A stack in one of these states was never there: CloudFormation wants it deleted before the next attempt.
_STILLBORN = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"}
_DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


class StackDeploymentError(DeploymentError):
    """A stack failed.

    Parameters
    ----------
    stack
        Name of the stack.
    logical_id
        The resource that failed first, or the stack itself.
    reason
        What CloudFormation says about it.
    """

    def __init__(self, stack: str, logical_id: str, reason: str) -> None:
        super().__init__(f"stack {stack}: {logical_id}: {reason}")
        self.stack = stack
        self.logical_id = logical_id
        self.reason = reason


@dataclass(frozen=True)
class Target:
    """The cloud to deploy to."""

    endpoint_url: str
    account: str
    region: str

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client of this cloud."""
        return _client(service, self.endpoint_url, self.account, region)

    def resolve(self, text: str, region: str) -> str:
        """Fill in the account, region and partition placeholders of an assembly."""
        values = {"AWS::AccountId": self.account, "AWS::Region": region, "AWS::Partition": "aws"}
        for name, value in values.items():
            text = text.replace("${" + name + "}", value)
        return text


def deploy(
    assembly: Path, target: Target, progress: Callable[[str], None] = lambda _line: None
) -> dict[str, dict[str, str]]:
    """Publish the assets and deploy the stacks of an assembly, in dependency order.

    Parameters
    ----------
    assembly
        Directory with a manifest.json, as `cdk synth` writes it; nested assemblies (stages) are followed.
    progress
        Gets one line for each stack.

    Returns
    -------
    dict
        Outputs by key, by stack name.

    Raises
    ------
    DeploymentError
        The assembly cannot be deployed here (a container image asset, another account).
    StackDeploymentError
        A stack failed; names the stack, the resource and the reason.
    """
    outputs: dict[str, dict[str, str]] = {}
    for stack in read_stacks(assembly):
        region = _region(stack, target)
        for manifest in stack.asset_manifests:
            for asset in read_assets(manifest):
                _publish(asset, target, region)
        _satisfy_bootstrap_check(stack, target, region)
        started = time.monotonic()
        state = _deploy_stack(stack, target, region)
        outputs[stack.name] = {o["OutputKey"]: o["OutputValue"] for o in state.get("Outputs", [])}
        progress(f"{stack.name}: {state['StackStatus']} ({time.monotonic() - started:.1f} s)")
    return outputs


def destroy(assembly: Path, target: Target, progress: Callable[[str], None] = lambda _line: None) -> None:
    """Delete the stacks of an assembly, the last deployed first; a stack that is not there is passed over.

    Raises
    ------
    StackDeploymentError
        A stack cannot be deleted.
    """
    for stack in reversed(read_stacks(assembly)):
        cloudformation = target.client("cloudformation", _region(stack, target))
        if _describe(cloudformation, stack.name) is None:
            continue
        _delete(cloudformation, stack.name)
        progress(f"{stack.name}: deleted")


def _region(stack: Stack, target: Target) -> str:
    if stack.account is not None and stack.account != target.account:
        raise DeploymentError(
            f"stack {stack.name} is made for account {stack.account}, the target is account {target.account}"
        )
    return stack.region or target.region


def _publish(asset: Asset, target: Target, default_region: str) -> None:
    for destination in asset.destinations:
        region = target.resolve(destination.region or default_region, default_region)
        bucket = target.resolve(destination.bucket, region)
        key = target.resolve(destination.key, region)
        s3 = target.client("s3", region)
        # Keys hold the hash of the content: an object that is there is the right one.
        if _exists(s3.head_object, Bucket=bucket, Key=key):
            continue
        if not _exists(s3.head_bucket, Bucket=bucket):
            s3.create_bucket(Bucket=bucket, **_location(region))
        s3.put_object(Bucket=bucket, Key=key, Body=package(asset))


def _location(region: str) -> dict[str, Any]:
    """Return the CreateBucket arguments of a region; us-east-1 may not be named."""
    return {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _exists(head: Callable[..., Any], **where: str) -> bool:
    try:
        head(**where)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def _satisfy_bootstrap_check(stack: Stack, target: Target, region: str) -> None:
    """Put the bootstrap version that the CheckBootstrapVersion rule of every CDK template asks for."""
    if stack.bootstrap_parameter is None:
        return
    ssm = target.client("ssm", region)
    try:
        ssm.get_parameter(Name=stack.bootstrap_parameter)
    except ssm.exceptions.ParameterNotFound:
        ssm.put_parameter(Name=stack.bootstrap_parameter, Value=BOOTSTRAP_VERSION, Type="String")


def _deploy_stack(stack: Stack, target: Target, region: str) -> dict[str, Any]:
    cloudformation = target.client("cloudformation", region)
    state = _describe(cloudformation, stack.name)
    if state is not None and state["StackStatus"] in _STILLBORN:
        _delete(cloudformation, stack.name)
        state = None
    act = cloudformation.create_stack if state is None else cloudformation.update_stack
    known = _events(cloudformation, stack.name) if state is not None else []
    try:
        act(
            StackName=stack.name,
            Capabilities=CAPABILITIES,
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
            Tags=[{"Key": k, "Value": v} for k, v in stack.tags.items()],
            **_template(stack, target, region),
        )
    except ClientError as error:
        message = error.response["Error"].get("Message", str(error))
        if state is not None and "No updates are to be performed" in message:
            return state
        raise StackDeploymentError(stack.name, stack.name, message) from error
    state = _settled(cloudformation, stack.name)
    if state is None or state["StackStatus"] not in _DEPLOYED:
        raise _failure(cloudformation, stack.name, state, {event["EventId"] for event in known})
    return state


def _template(stack: Stack, target: Target, region: str) -> dict[str, str]:
    if stack.template_url is None:
        return {"TemplateBody": stack.template.read_text()}
    location = target.resolve(stack.template_url, region).removeprefix("s3://")
    return {"TemplateURL": f"{target.endpoint_url}/{location}"}


def _delete(cloudformation: Any, name: str) -> None:
    known = {event["EventId"] for event in _events(cloudformation, name)}
    cloudformation.delete_stack(StackName=name)
    state = _settled(cloudformation, name)
    if state is not None and state["StackStatus"] != "DELETE_COMPLETE":
        raise _failure(cloudformation, name, state, known)


def _settled(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """Wait until the stack is no longer in progress and return it; None when it is gone."""
    deadline = time.monotonic() + STACK_TIMEOUT_S
    while True:
        state = _describe(cloudformation, name)
        if state is None or not state["StackStatus"].endswith("_IN_PROGRESS"):
            return state
        if time.monotonic() > deadline:
            raise StackDeploymentError(
                name, name, f"still {state['StackStatus']} after {STACK_TIMEOUT_S:.0f} s"
            )
        time.sleep(_POLL_S)


def _describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    try:
        stacks: list[dict[str, Any]] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    return stacks[0]


def _events(cloudformation: Any, name: str) -> list[dict[str, Any]]:
    """Return the events of a stack, newest first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    return [event for page in pages for event in page["StackEvents"]]


def _failure(
    cloudformation: Any, name: str, state: Mapping[str, Any] | None, known: set[str]
) -> StackDeploymentError:
    """Return the error for the first resource that failed: the later ones failed because of it."""
    if state is None:
        return StackDeploymentError(name, name, "the stack is gone")
    for event in reversed(_events(cloudformation, name)):
        failed = event["ResourceStatus"].endswith("_FAILED")
        if failed and event["EventId"] not in known and event["LogicalResourceId"] != name:
            return StackDeploymentError(
                name, event["LogicalResourceId"], event.get("ResourceStatusReason", "no reason given")
            )
    return StackDeploymentError(name, name, state.get("StackStatusReason") or state["StackStatus"])


@functools.cache
def _client(service: str, endpoint_url: str, account: str, region: str) -> Any:
    # The access key id is how the emulator tells accounts apart; any secret passes.
    session: Any = boto3.Session(aws_access_key_id=account, aws_secret_access_key=account, region_name=region)
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3})
    return session.client(service, endpoint_url=endpoint_url, config=config)
