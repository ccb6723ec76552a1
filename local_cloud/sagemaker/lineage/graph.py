"""The graph of lineage: entities by ARN, and the associations between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.store import Record

ASSOCIATION = "Association"
# The kinds that may be associated, with what their ARNs spell.
_KINDS = {
    "artifact": "Artifact",
    "action": "Action",
    "context": "Context",
    "experiment-trial-component": "TrialComponent",
    "experiment": "Experiment",
}
_JOB = "SageMaker"


@dataclass(frozen=True)
class Entity:
    """An end of an association.

    Parameters
    ----------
    kind : str
        ``Artifact``, ``Action``, ``Context``, ``TrialComponent`` or ``Experiment``.
    type : str
        ``DataSet``, ``Model``, ``Endpoint`` ...; of the component of a job ``SageMakerTrainingJob`` ...
    """

    arn: str
    kind: str
    type: str
    record: Record

    @property
    def name(self) -> str | None:
        """The name, which artifacts may lack."""
        found = self.record.get(f"{self.kind}Name")
        return str(found) if found else None

    @property
    def query_type(self) -> str:
        """The type as QueryLineage writes it: the component of a training job is a ``TrainingJob``."""
        return self.type.removeprefix(_JOB) if self.kind == "TrialComponent" else self.type


def entities(ctx: Context) -> dict[str, Entity]:
    """All entities by ARN, oldest first."""
    found = (_entity(kind, record) for kind in _KINDS.values() for record in ctx.store.list(kind))
    return {entity.arn: entity for entity in found}


def exists(ctx: Context, arn: str) -> bool:
    """Whether there is an entity with the ARN."""
    kind = _KINDS.get(arn.rpartition(":")[2].partition("/")[0])
    return kind is not None and resources.find(ctx, kind, arn) is not None


def connect(ctx: Context, source: str, destination: str, how: str | None) -> bool:
    """Associate two entities; false when they are already."""
    record: Record = {"SourceArn": source, "DestinationArn": destination, "CreationTime": now()}
    if how:
        record["AssociationType"] = how
    return ctx.store.add(ASSOCIATION, _key(source, destination), {**record, "CreatedBy": {}})


def disconnect(ctx: Context, source: str, destination: str) -> bool:
    """End an association; false when there is none."""
    return ctx.store.delete(ASSOCIATION, _key(source, destination)) is not None


def associations(ctx: Context) -> list[Record]:
    """All associations, oldest first."""
    return ctx.store.list(ASSOCIATION)


def forget(ctx: Context, arn: str) -> None:
    """End all associations of an entity that is gone."""
    for one in associations(ctx):
        if arn in (one["SourceArn"], one["DestinationArn"]):
            disconnect(ctx, one["SourceArn"], one["DestinationArn"])


def check_alone(ctx: Context, arn: str) -> None:
    """Refuse to delete an entity that is associated with others.

    Raises
    ------
    ServiceError
        ValidationException that names one of the others.
    """
    for one in associations(ctx):
        if arn in (one["SourceArn"], one["DestinationArn"]):
            other = one["DestinationArn"] if one["SourceArn"] == arn else one["SourceArn"]
            raise validation(f"Cannot delete {arn}: it is associated with {other}; delete the association.")


def ends(one: Record) -> Iterator[tuple[str, Any]]:
    """The two ends of an association: which, and its ARN."""
    yield "Source", one["SourceArn"]
    yield "Destination", one["DestinationArn"]


def _entity(kind: str, record: Record) -> Entity:
    if kind == "TrialComponent":
        type_ = record.get("Source", {}).get("SourceType", kind)
    else:
        type_ = record.get(f"{kind}Type", kind)
    return Entity(str(record[f"{kind}Arn"]), kind, str(type_), record)


def _key(source: str, destination: str) -> str:
    return f"{source} {destination}"
