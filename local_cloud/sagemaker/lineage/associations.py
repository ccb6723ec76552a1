"""Associations: add, list and delete."""

from __future__ import annotations

from local_cloud.sagemaker import listing
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.experiments import associations
from local_cloud.sagemaker.lineage import graph
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

associations.when_deleted(graph.forget)


@operation("AddAssociation")
def add_association(ctx: Context, params: Params) -> Params:
    """Associate two entities that exist."""
    source, destination = params["SourceArn"], params["DestinationArn"]
    with ctx.store.lock:
        for arn in (source, destination):
            if not graph.exists(ctx, arn):
                raise ServiceError("ResourceNotFound", f"{arn} does not exist.")
        if source == destination:
            raise validation("SourceArn and DestinationArn must be different.")
        if not graph.connect(ctx, source, destination, params.get("AssociationType")):
            raise validation(f"An association between {source} and {destination} already exists.")
    return {"SourceArn": source, "DestinationArn": destination}


@operation("DeleteAssociation")
def delete_association(ctx: Context, params: Params) -> Params:
    """End an association."""
    source, destination = params["SourceArn"], params["DestinationArn"]
    if not graph.disconnect(ctx, source, destination):
        raise ServiceError("ResourceNotFound", f"There is no association between {source} and {destination}.")
    return {"SourceArn": source, "DestinationArn": destination}


@operation("ListAssociations")
def list_associations(ctx: Context, params: Params) -> Params:
    """Associations by their ends, the types of these, their own type and time."""
    known = graph.entities(ctx)
    found = [_summary(one, known) for one in graph.associations(ctx)]
    if "SourceArn" in params:
        found = [one for one in found if one["SourceArn"] == params["SourceArn"]]
    return listing.respond("ListAssociations", params, found, handled=("SourceArn",))


def _summary(one: Record, known: dict[str, graph.Entity]) -> Record:
    shown = dict(one)
    for side, arn in graph.ends(one):
        entity = known.get(arn)
        if entity is not None:
            shown[f"{side}Type"] = entity.type
            shown[f"{side}Name"] = entity.name
    return shown
