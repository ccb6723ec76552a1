"""Lineage steps: actions, artifacts and contexts are recorded, then the associations between them."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.errors import StepFailed
from local_cloud.sagemaker.pipelines.work import Result, Work

_KINDS = ("Action", "Artifact", "Context")


def record(clients: RoleClients, work: Work) -> Result:
    """Record what a step lists.

    Raises
    ------
    StepFailed
        An operation refuses, or an association names what the step does not create.
    """
    arns: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    for kind in _KINDS:
        for number, params in enumerate(work.arguments.get(f"{kind}s", [])):
            created = clients.call(f"Create{kind}", params)
            arns[kind][params.get(f"{kind}Name", str(number))] = created[f"{kind}Arn"]
    associations = []
    for one in work.arguments.get("Associations", []):
        ends = {f"{end}Arn": _arn(one.get(end, {}), arns) for end in ("Source", "Destination")}
        more = {"AssociationType": one["AssociationType"]} if "AssociationType" in one else {}
        clients.call("AddAssociation", {**ends, **more})
        associations.append(ends)
    found = {f"{kind}Arns": named for kind, named in arns.items()}
    properties = {**found, "Associations": associations}
    return Result(properties, {"Lineage": properties})


def _arn(end: Any, arns: dict[str, dict[str, str]]) -> str:
    if "Arn" in end:
        return str(end["Arn"])
    found = arns.get(str(end.get("Type")), {}).get(str(end.get("Name")))
    if found is None:
        raise StepFailed(f"an association names {end.get('Type')} '{end.get('Name')}', which the step lacks")
    return found
