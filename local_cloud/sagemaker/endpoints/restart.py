"""Endpoints of kept records come up again after a restart."""

from __future__ import annotations

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import changes, configs
from local_cloud.sagemaker.endpoints import live as lives
from local_cloud.sagemaker.endpoints.changes import KEPT, KIND, WISHED
from local_cloud.sagemaker.endpoints.live import Live, clip
from local_cloud.sagemaker.endpoints.variants import plans_of
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.store import Record


def resume(ctx: Context) -> None:
    """Bring the endpoints of kept records up again, in the background; once for an account and region.

    Those that were in service are SystemUpdating until they are InService again, with the configuration,
    weights and instance counts they had or were about to get; an update that was under way counts as rolled
    back. Those that were
    being created are Failed, those that were being deleted are deleted.
    """
    for record in ctx.store.list(KIND):
        name, was = record["EndpointName"], record["EndpointStatus"]
        if was == "Failed":
            continue
        if lives.find(ctx, name) is not None:
            continue  # a request was faster
        if was == "Deleting":
            lives.take(ctx, name).run(changes.remove)
            continue
        live = lives.make(ctx, name)
        if was == "Creating":
            reason = "The local cloud ended while the endpoint was being created."
            live.enter(EndpointStatus="Failed", FailureReason=reason, PendingDeploymentSummary=None)
        else:
            _resume(live, record)


def _resume(live: Live, record: Record) -> None:
    ctx, pending = live.ctx, record.get("PendingDeploymentSummary")
    interrupted = record["EndpointStatus"] in ("Updating", "RollingBack") and pending is not None
    reason = record.get("FailureReason")
    if interrupted:
        reason = reason or "The local cloud ended during the update, which is rolled back."
    kept = {KEPT: record.get(WISHED) or record.get(KEPT), WISHED: None}
    live.enter(EndpointStatus="SystemUpdating", FailureReason=reason, PendingDeploymentSummary=None, **kept)

    def work(live: Live) -> None:
        try:
            config = configs.of_endpoint(ctx, record)
            config = config or resources.get(ctx, configs.KIND, record["EndpointConfigName"])
            plans = plans_of(ctx, config, kept[KEPT] or {})
        except ServiceError as error:
            live.enter(EndpointStatus="Failed", FailureReason=clip(error.message))
            return
        changes.bring_up(live, config, plans)

    live.run(work)
