"""Experiments and their trials: create, describe, update, list and delete."""

from __future__ import annotations

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.experiments import associations
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

EXPERIMENT, TRIAL = "Experiment", "Trial"
AUTHORS: Record = {"CreatedBy": {}, "LastModifiedBy": {}}


@operation("CreateExperiment")
def create_experiment(ctx: Context, params: Params) -> Params:
    """Make an experiment without trials."""
    name = params["ExperimentName"]
    return resources.create(ctx, EXPERIMENT, name, {"DisplayName": name, **params, **AUTHORS})


@operation("DescribeExperiment")
def describe_experiment(ctx: Context, params: Params) -> Params:
    """An experiment by name or ARN."""
    return resources.get(ctx, EXPERIMENT, params["ExperimentName"])


@operation("UpdateExperiment")
def update_experiment(ctx: Context, params: Params) -> Params:
    """Change how an experiment is shown and described."""
    return _update(ctx, EXPERIMENT, params)


@operation("ListExperiments")
def list_experiments(ctx: Context, params: Params) -> Params:
    """Experiments by time."""
    found = [_summary(one, "ExperimentSource") for one in ctx.store.list(EXPERIMENT)]
    return listing.respond("ListExperiments", params, found, name="ExperimentName")


@operation("DeleteExperiment")
def delete_experiment(ctx: Context, params: Params) -> Params:
    """Remove an experiment that has no trials."""
    record = resources.get(ctx, EXPERIMENT, params["ExperimentName"])
    name = record["ExperimentName"]
    with ctx.store.lock:
        held = [one["TrialName"] for one in ctx.store.list(TRIAL) if one["ExperimentName"] == name]
        if held:
            raise validation(f"Experiment '{name}' has {len(held)} trials, such as '{held[0]}'; delete them.")
        resources.delete(ctx, EXPERIMENT, name)
        associations.deleted(ctx, str(record["ExperimentArn"]))
    return {"ExperimentArn": record["ExperimentArn"]}


@operation("CreateTrial")
def create_trial(ctx: Context, params: Params) -> Params:
    """Make a trial of an experiment."""
    name = params["TrialName"]
    with ctx.store.lock:
        experiment = resources.get(ctx, EXPERIMENT, params["ExperimentName"])["ExperimentName"]
        record = {"DisplayName": name, **params, "ExperimentName": experiment, **AUTHORS}
        return resources.create(ctx, TRIAL, name, record)


@operation("DescribeTrial")
def describe_trial(ctx: Context, params: Params) -> Params:
    """A trial by name or ARN."""
    return resources.get(ctx, TRIAL, params["TrialName"])


@operation("UpdateTrial")
def update_trial(ctx: Context, params: Params) -> Params:
    """Change how a trial is shown."""
    return _update(ctx, TRIAL, params)


@operation("ListTrials")
def list_trials(ctx: Context, params: Params) -> Params:
    """Trials of an experiment, or those that a component belongs to."""
    found = ctx.store.list(TRIAL)
    if "ExperimentName" in params:
        name = resources.get(ctx, EXPERIMENT, params["ExperimentName"])["ExperimentName"]
        found = [one for one in found if one["ExperimentName"] == name]
    if "TrialComponentName" in params:
        kept = associations.trials_of(ctx, associations.component_name(ctx, params["TrialComponentName"]))
        found = [one for one in found if one["TrialName"] in kept]
    shown = [_summary(one, "TrialSource") for one in found]
    handled = ("ExperimentName", "TrialComponentName")
    return listing.respond("ListTrials", params, shown, name="TrialName", handled=handled)


@operation("DeleteTrial")
def delete_trial(ctx: Context, params: Params) -> Params:
    """Remove a trial that has no components."""
    record = resources.get(ctx, TRIAL, params["TrialName"])
    name = record["TrialName"]
    with ctx.store.lock:
        held = associations.components_of(ctx, {name})
        if held:
            raise validation(f"Trial '{name}' has {len(held)} trial components; disassociate them first.")
        resources.delete(ctx, TRIAL, name)
    return {"TrialArn": record["TrialArn"]}


def _update(ctx: Context, kind: str, params: Params) -> Params:
    member = f"{kind}Name"
    name = resources.get(ctx, kind, params[member])[member]
    return ctx.store.update(kind, name, **{**params, member: name}, LastModifiedTime=now())


def _summary(record: Params, source: str) -> Params:
    return {**record, source: record.get("Source")}
