"""Artifacts, actions and contexts: create, describe, update, list and delete."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import already_exists, not_found, validation
from local_cloud.sagemaker.lineage import graph
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

ARTIFACT, ACTION, CONTEXT = "Artifact", "Action", "Context"
_AUTHORS: Record = {"CreatedBy": {}, "LastModifiedBy": {}}
_MOST_PROPERTIES = 30


def artifact_arn(ctx: Context, source: dict[str, Any]) -> str:
    """The ARN of the artifact of a source: there is one for each URI, and for each of its versions."""
    types = sorted((one["SourceIdType"], one["Value"]) for one in source.get("SourceTypes", []))
    written = json.dumps([source["SourceUri"], types])
    return ctx.arn(f"artifact/{hashlib.md5(written.encode(), usedforsecurity=False).hexdigest()}")


def add_artifact(ctx: Context, members: Record) -> tuple[str, bool]:
    """Record an artifact unless its source has one: its ARN, and whether it is new."""
    record = dict(members)
    tags = record.pop("Tags", [])
    arn, at = artifact_arn(ctx, record["Source"]), now()
    full = {"ArtifactArn": arn, "CreationTime": at, "LastModifiedTime": at, **_AUTHORS, **record}
    with ctx.store.lock:
        if not ctx.store.add(ARTIFACT, arn, full):
            return arn, False
        resources.set_tags(ctx, arn, tags, replace=True)
        return arn, True


@operation("CreateArtifact")
def create_artifact(ctx: Context, params: Params) -> Params:
    """Make an artifact; its source has none yet."""
    arn, new = add_artifact(ctx, params)
    if not new:
        raise already_exists(ARTIFACT, params["Source"]["SourceUri"], arn)
    return {"ArtifactArn": arn}


@operation("DescribeArtifact")
def describe_artifact(ctx: Context, params: Params) -> Params:
    """An artifact by ARN."""
    return _artifact(ctx, params["ArtifactArn"])


@operation("UpdateArtifact")
def update_artifact(ctx: Context, params: Params) -> Params:
    """Change an artifact's name and properties."""
    arn = _artifact(ctx, params["ArtifactArn"])["ArtifactArn"]
    return ctx.store.modify(ARTIFACT, arn, lambda record: _change(record, params))


@operation("ListArtifacts")
def list_artifacts(ctx: Context, params: Params) -> Params:
    """Artifacts by source, type and time."""
    return listing.respond("ListArtifacts", params, ctx.store.list(ARTIFACT), name="ArtifactName")


@operation("DeleteArtifact")
def delete_artifact(ctx: Context, params: Params) -> Params:
    """Remove an artifact that nothing is associated with."""
    if ("ArtifactArn" in params) == ("Source" in params):
        raise validation("Give exactly one of ArtifactArn and Source.")
    arn = params.get("ArtifactArn") or artifact_arn(ctx, params["Source"])
    _artifact(ctx, arn)
    with ctx.store.lock:
        graph.check_alone(ctx, arn)
        ctx.store.delete(ARTIFACT, arn)
        ctx.store.delete(resources.TAGS, arn)
    return {"ArtifactArn": arn}


def _serve(kind: str) -> None:
    """Register the operations of a kind that has names."""
    named = f"{kind}Name"

    @operation(f"Create{kind}")
    def create(ctx: Context, params: Params) -> Params:
        return resources.create(ctx, kind, params[named], {**params, **_AUTHORS})

    @operation(f"Describe{kind}")
    def describe(ctx: Context, params: Params) -> Params:
        return resources.get(ctx, kind, params[named])

    @operation(f"Update{kind}")
    def update(ctx: Context, params: Params) -> Params:
        name = resources.get(ctx, kind, params[named])[named]
        given = {**params, named: name}
        return ctx.store.modify(kind, name, lambda record: _change(record, given))

    @operation(f"List{kind}s")
    def list_all(ctx: Context, params: Params) -> Params:
        return listing.respond(f"List{kind}s", params, ctx.store.list(kind), name=named)

    @operation(f"Delete{kind}")
    def delete(ctx: Context, params: Params) -> Params:
        record = resources.get(ctx, kind, params[named])
        arn = str(record[f"{kind}Arn"])
        with ctx.store.lock:
            graph.check_alone(ctx, arn)
            resources.delete(ctx, kind, record[named])
        return {f"{kind}Arn": arn}


_serve(ACTION)
_serve(CONTEXT)


def _artifact(ctx: Context, arn: str) -> Record:
    record = ctx.store.find(ARTIFACT, arn)
    if record is None:
        raise not_found(ARTIFACT, arn, arn)
    return record


def _change(record: Record, params: Params) -> None:
    changes = dict(params)
    properties = {**record.get("Properties", {}), **changes.pop("Properties", {})}
    for key in changes.pop("PropertiesToRemove", []):
        properties.pop(key, None)
    if len(properties) > _MOST_PROPERTIES:
        raise validation(f"There would be {len(properties)} properties; at most 30 are allowed.")
    record.update(changes, Properties=properties, LastModifiedTime=now())
