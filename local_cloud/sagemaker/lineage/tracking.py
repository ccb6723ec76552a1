"""Entities that are recorded by themselves: each is made once and found again."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.lineage import entities, graph

_LONGEST_NAME = 120


def artifact(ctx: Context, uri: str, type_: str, **properties: str) -> str:
    """The ARN of the artifact of a URI, made with the type when there is none."""
    members: dict[str, Any] = {"Source": {"SourceUri": uri}, "ArtifactType": type_}
    if properties:
        members["Properties"] = properties
    return entities.add_artifact(ctx, members)[0]


def context(ctx: Context, name: str, type_: str, arn: str, **properties: str) -> str:
    """The ARN of the context of a resource, made when there is none."""
    return _named(ctx, entities.CONTEXT, name, type_, arn, Properties=properties)


def action(ctx: Context, name: str, type_: str, arn: str, **members: Any) -> str:
    """The ARN of an action on a resource, made when there is none."""
    return _named(ctx, entities.ACTION, name, type_, arn, **members)


def connect(ctx: Context, source: str, destination: str, how: str) -> None:
    """Associate two entities; those that are already stay so."""
    graph.connect(ctx, source, destination, how)


def containers(ctx: Context, listed: list[dict[str, Any]]) -> list[str]:
    """The ARNs of the artifacts of the images and the model data of containers."""
    found = []
    for container in listed:
        if container.get("Image"):
            found.append(artifact(ctx, container["Image"], "Image"))
        data = container.get("ModelDataUrl") or (
            container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
        )
        if data:
            found.append(artifact(ctx, data, "Model"))
    return found


def _named(ctx: Context, kind: str, name: str, type_: str, arn: str, **members: Any) -> str:
    name = name[-_LONGEST_NAME:]
    with ctx.store.lock:
        found = ctx.store.find(kind, name)
        if found is None:
            source = {"SourceUri": arn, "SourceType": "ARN"}
            record = {f"{kind}Name": name, "Source": source, f"{kind}Type": type_, "CreatedBy": {}, **members}
            found = resources.create(ctx, kind, name, record)
        return str(found[f"{kind}Arn"])
