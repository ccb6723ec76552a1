"""Which trial components belong to which trials."""

from __future__ import annotations

from collections.abc import Callable, Collection

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.operations import Params, operation

LINK, TRIAL, COMPONENT = "TrialLink", "Trial", "TrialComponent"
_forgetting: list[Callable[[Context, str], None]] = []


@operation("AssociateTrialComponent")
def associate(ctx: Context, params: Params) -> Params:
    """Put a component into a trial; one that is there stays."""
    with ctx.store.lock:
        trial, component = _both(ctx, params)
        link(ctx, trial["TrialName"], component["TrialComponentName"])
    return {"TrialArn": trial["TrialArn"], "TrialComponentArn": component["TrialComponentArn"]}


@operation("DisassociateTrialComponent")
def disassociate(ctx: Context, params: Params) -> Params:
    """Take a component out of a trial."""
    trial, component = _both(ctx, params)
    name = component["TrialComponentName"]
    if ctx.store.delete(LINK, _key(trial["TrialName"], name)) is None:
        raise ServiceError(
            "ResourceNotFound", f"TrialComponent '{name}' is not associated with '{trial['TrialName']}'."
        )
    return {"TrialArn": trial["TrialArn"], "TrialComponentArn": component["TrialComponentArn"]}


def link(ctx: Context, trial: str, component: str) -> None:
    """Put a component into a trial, both by the names that their records bear."""
    ctx.store.add(LINK, _key(trial, component), {"TrialName": trial, "TrialComponentName": component})


def components_of(ctx: Context, trials: Collection[str]) -> set[str]:
    """The names of the components in any of the trials."""
    return {component for trial, component in links(ctx) if trial in trials}


def trials_of(ctx: Context, component: str) -> set[str]:
    """The names of the trials that a component is in."""
    return {trial for trial, held in links(ctx) if held == component}


def links(ctx: Context) -> list[tuple[str, str]]:
    """All pairs of the name of a trial and that of a component in it."""
    return [(one["TrialName"], one["TrialComponentName"]) for one in ctx.store.list(LINK)]


def when_deleted(forget: Callable[[Context, str], None]) -> None:
    """Register a function that drops what is kept elsewhere of an experiment or a component, by its ARN."""
    _forgetting.append(forget)


def deleted(ctx: Context, arn: str) -> None:
    """Say that an experiment or a component is gone."""
    for forget in _forgetting:
        forget(ctx, arn)


def component_name(ctx: Context, name_or_arn: str) -> str:
    """The name that a component's record bears; ServiceError when there is none."""
    return str(resources.get(ctx, COMPONENT, name_or_arn)["TrialComponentName"])


def _both(ctx: Context, params: Params) -> tuple[Params, Params]:
    trial = resources.get(ctx, TRIAL, params["TrialName"])
    return trial, resources.get(ctx, COMPONENT, params["TrialComponentName"])


def _key(trial: str, component: str) -> str:
    return f"{trial}/{component}"
