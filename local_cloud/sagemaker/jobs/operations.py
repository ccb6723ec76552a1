"""Create, Describe, List, Stop and Delete of all kinds of jobs."""

from __future__ import annotations

from collections.abc import Callable

from local_cloud.sagemaker import experiments, listing, model, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs import interruptions as interruptions
from local_cloud.sagemaker.jobs import lifecycle, processing, training, transform, tuning, tuning_plan
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record


def serve(
    kind: lifecycle.Kind,
    check: Callable[[Context, Record], None],
    work: lifecycle.Work,
    first: Callable[[Record], Record] = lambda request: {},
) -> None:
    """Register the operations of a kind of job.

    Parameters
    ----------
    kind
        What differs in the records.
    check
        Raises ServiceError for a request that cannot run here.
    work
        The job itself.
    first
        Members of the record that this kind begins with, beside those of its request.
    """
    own_name = f"{kind.name}Name"

    @operation(f"Create{kind.name}")
    def create(ctx: Context, params: Params) -> Params:
        check(ctx, params)
        experiments.check_config(ctx, params.get("ExperimentConfig"))
        lifecycle.start(ctx, kind, params[own_name], {**params, **first(params)}, work)
        return resources.get(ctx, kind.name, params[own_name])

    @operation(f"Describe{kind.name}")
    def describe(ctx: Context, params: Params) -> Params:
        return resources.get(ctx, kind.name, params[own_name])

    @operation(f"List{kind.name}s")
    def list_jobs(ctx: Context, params: Params) -> Params:
        records = ctx.store.list(kind.name)
        return listing.respond(f"List{kind.name}s", params, records, name=own_name, status=kind.status)

    @operation(f"Stop{kind.name}")
    def stop(ctx: Context, params: Params) -> Params:
        lifecycle.stop(ctx, kind, params[own_name])
        return {}

    if f"Delete{kind.name}" in model.operation_names():

        @operation(f"Delete{kind.name}")
        def delete(ctx: Context, params: Params) -> Params:
            lifecycle.delete(ctx, kind, params[own_name])
            return {}


@operation("UpdateTrainingJob", refuses=True)
def update_training_job(ctx: Context, params: Params) -> Params:
    """Refuse it: profiling, remote debugging and warm pools are what it changes, and none of them is here."""
    resources.get(ctx, lifecycle.TRAINING.name, params["TrainingJobName"])
    asked = ", ".join(sorted(set(params) - {"TrainingJobName"})) or "nothing"
    raise validation(f"UpdateTrainingJob is not supported here; it was asked to change {asked}")


serve(lifecycle.PROCESSING, lambda ctx, request: processing.check(request), processing.work)
serve(
    lifecycle.TRAINING,
    lambda ctx, request: training.check(request),
    training.work,
    lambda request: training.first_members(request, request["TrainingJobName"]),
)
serve(lifecycle.TRANSFORM, transform.check, transform.work)
serve(
    lifecycle.TUNING,
    lambda ctx, request: tuning_plan.check(request),
    tuning.work,
    tuning_plan.first_members,
)
