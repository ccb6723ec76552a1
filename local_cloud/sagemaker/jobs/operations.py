"""Create, Describe, List and Stop of processing and training jobs."""

from __future__ import annotations

from collections.abc import Callable

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.jobs import lifecycle, processing, training
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record


def serve(
    kind: lifecycle.Kind, check: Callable[[Record], None], work: lifecycle.Work, first: Record | None = None
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
        Members of the record that only this kind begins with.
    """
    own_name = f"{kind.name}Name"

    @operation(f"Create{kind.name}")
    def create(ctx: Context, params: Params) -> Params:
        check(params)
        lifecycle.start(ctx, kind, params[own_name], {**params, **(first or {})}, work)
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


serve(lifecycle.PROCESSING, processing.check, processing.work)
serve(lifecycle.TRAINING, training.check, training.work, first={"SecondaryStatus": "Starting"})
