"""Trial components: what one stage of a trial was given, what it made and how it went."""

from __future__ import annotations

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.experiments import associations, metrics
from local_cloud.sagemaker.experiments.associations import COMPONENT, TRIAL
from local_cloud.sagemaker.experiments.trials import AUTHORS, EXPERIMENT
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

_MAPS = ("Parameters", "InputArtifacts", "OutputArtifacts")
_SUBJECTS = ("ExperimentName", "TrialName", "SourceArn")


@operation("CreateTrialComponent")
def create_component(ctx: Context, params: Params) -> Params:
    """Make a component that belongs to no trial yet."""
    return create(ctx, params["TrialComponentName"], params)


def create(ctx: Context, name: str, members: Record) -> Record:
    """Record a component, also one of a job, which has a Source."""
    record = {"TrialComponentName": name, "DisplayName": name, **members, **AUTHORS}
    return resources.create(ctx, COMPONENT, name, record)


@operation("DescribeTrialComponent")
def describe_component(ctx: Context, params: Params) -> Params:
    """A component by name or ARN, with what its metrics come to."""
    record = resources.get(ctx, COMPONENT, params["TrialComponentName"])
    return {**record, "Metrics": metrics.summaries(ctx, record)}


@operation("UpdateTrialComponent")
def update_component(ctx: Context, params: Params) -> Params:
    """Change a component: entries of its maps are added, replaced and removed by key."""
    name = associations.component_name(ctx, params["TrialComponentName"])
    plain = {key: value for key, value in params.items() if not key.startswith(_MAPS)}

    def apply(record: Record) -> None:
        for member in _MAPS:
            kept = {**record.get(member, {}), **params.get(member, {})}
            for key in params.get(f"{member}ToRemove", []):
                kept.pop(key, None)
            if kept or member in record:
                record[member] = kept
        record.update(plain, TrialComponentName=name, LastModifiedTime=now())

    return ctx.store.modify(COMPONENT, name, apply)


@operation("ListTrialComponents")
def list_components(ctx: Context, params: Params) -> Params:
    """Components of an experiment, of a trial, or of a job."""
    given = [key for key in _SUBJECTS if key in params]
    if len(given) > 1:
        raise validation(f"Give one of {', '.join(_SUBJECTS)}, not {' and '.join(given)}.")
    found = ctx.store.list(COMPONENT)
    if "SourceArn" in params:
        found = [one for one in found if one.get("Source", {}).get("SourceArn") == params["SourceArn"]]
    elif given:
        kept = associations.components_of(ctx, _trials(ctx, params))
        found = [one for one in found if one["TrialComponentName"] in kept]
    shown = [{**one, "TrialComponentSource": one.get("Source")} for one in found]
    named = {"name": "TrialComponentName"}
    return listing.respond("ListTrialComponents", params, shown, **named, handled=_SUBJECTS)


@operation("DeleteTrialComponent")
def delete_component(ctx: Context, params: Params) -> Params:
    """Remove a component that is in no trial."""
    record = resources.get(ctx, COMPONENT, params["TrialComponentName"])
    name = record["TrialComponentName"]
    with ctx.store.lock:
        held = sorted(associations.trials_of(ctx, name))
        if held:
            raise validation(f"TrialComponent '{name}' is in trial '{held[0]}'; disassociate it first.")
        resources.delete(ctx, COMPONENT, name)
        metrics.forget(ctx, name)
        associations.deleted(ctx, str(record["TrialComponentArn"]))
    return {"TrialComponentArn": record["TrialComponentArn"]}


def _trials(ctx: Context, params: Params) -> set[str]:
    if "TrialName" in params:
        return {resources.get(ctx, TRIAL, params["TrialName"])["TrialName"]}
    name = resources.get(ctx, EXPERIMENT, params["ExperimentName"])["ExperimentName"]
    return {one["TrialName"] for one in ctx.store.list(TRIAL) if one["ExperimentName"] == name}
