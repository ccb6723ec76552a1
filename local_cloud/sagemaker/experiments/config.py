"""What a job or a pipeline says about the experiment and the trial that it belongs to."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.experiments import associations
from local_cloud.sagemaker.experiments.trials import AUTHORS, EXPERIMENT, TRIAL
from local_cloud.sagemaker.store import Record


def check_config(ctx: Context, config: dict[str, Any] | None) -> None:
    """Refuse the ExperimentConfig of a job that names what does not exist.

    Raises
    ------
    ServiceError
        ResourceNotFound for the experiment or the trial; ValidationException when the two do not belong.
    """
    config = config or {}
    if "ExperimentName" in config:
        resources.get(ctx, EXPERIMENT, config["ExperimentName"])
    if "TrialName" in config:
        trial = resources.get(ctx, TRIAL, config["TrialName"])
        named = str(config.get("ExperimentName", trial["ExperimentName"]))
        if named.lower() != str(trial["ExperimentName"]).lower():
            raise validation(
                f"Trial '{trial['TrialName']}' belongs to experiment '{trial['ExperimentName']}', "
                f"not to '{named}'."
            )


def attach(ctx: Context, component: str, config: dict[str, Any]) -> None:
    """Put the component of a job into the trial that its ExperimentConfig names, or into one of its own."""
    if "TrialName" in config:
        found = resources.find(ctx, TRIAL, config["TrialName"])
    elif "ExperimentName" in config and resources.find(ctx, EXPERIMENT, config["ExperimentName"]):
        found = ensure(ctx, TRIAL, f"{component}-trial"[-120:], ExperimentName=config["ExperimentName"])
    else:
        found = None
    if found is not None:
        associations.link(ctx, found["TrialName"], component)


def ensure(ctx: Context, kind: str, name: str, **members: Any) -> Record:
    """An experiment or trial of that name, made when there is none."""
    with ctx.store.lock:
        found = resources.find(ctx, kind, name)
        if found is None:
            record = {f"{kind}Name": name, "DisplayName": name, **members, **AUTHORS}
            found = resources.create(ctx, kind, name, record)
        return found
