"""What changes endpoints in the background: coming up, moving to another fleet, resizing, going away."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator
from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.endpoints import backlog, configs, routing, status, utilization
from local_cloud.sagemaker.endpoints.alarms import Watch
from local_cloud.sagemaker.endpoints.errors import DeploymentFailed, DeploymentStopped
from local_cloud.sagemaker.endpoints.fleet import Fleet
from local_cloud.sagemaker.endpoints.live import Live, clip
from local_cloud.sagemaker.endpoints.policy import Policy
from local_cloud.sagemaker.endpoints.rollout import Rollout, rolled_back_sides
from local_cloud.sagemaker.endpoints.variants import Kept, VariantPlan
from local_cloud.sagemaker.store import Record

KIND = status.KIND
# Member of the record, never of an answer: weights and counts that operations have given to the variants.
KEPT = "KeptVariantProperties"
# The same of a resize that is under way: whoever asked for it was told that it will be.
WISHED = "WishedVariantProperties"
# The status after a rolling deployment and its rollback have both failed: two configurations serve.
MIXED = "UpdateRollbackFailed"
_log = logging.getLogger("local_cloud.sagemaker.endpoints")


def bring_up(live: Live, config: Record, plans: list[VariantPlan]) -> None:
    """Start the first fleet of an endpoint; the endpoint is InService or Failed then."""
    live.pending = fleet = live.new_fleet(config, plans)
    for variant in fleet.variants.values():
        variant.enter("Creating", f"Launching {variant.instances} instance(s).")
    try:
        with _failures(live):
            fleet.start()
    except DeploymentFailed as error:
        live.pending = None
        live.enter(EndpointStatus="Failed", FailureReason=clip(str(error)), PendingDeploymentSummary=None)
        return
    _take_over(live, fleet)
    live.enter(EndpointStatus="InService", PendingDeploymentSummary=None)


def remove(live: Live) -> None:
    """End the processes of an endpoint and forget it."""
    ctx, name = live.ctx, live.name
    for fleet in live.fleets:
        live.end(fleet)
    shutil.rmtree(live.folder, ignore_errors=True)  # what never came up has left its files
    record = status.described(ctx, name, live)
    status.announce(ctx, {**record, "EndpointStatus": "Deleted"})
    resources.delete(ctx, KIND, name)


def replace(live: Live, fleet: Fleet, policy: Policy, watch: Watch, kept: Kept) -> None:
    """Move an endpoint to a new fleet, or back to the old one when that fails."""
    rollout = Rollout(live, fleet, policy, watch)
    old = live.table.sides if live.table else ()
    try:
        with _failures(live):
            rollout.forward()
    except DeploymentFailed as error:
        reason = clip(str(error))
        live.enter(EndpointStatus="RollingBack", FailureReason=reason)
        settled = MIXED if len(old) > 1 else "InService"
        try:
            with _failures(live):
                rollout.back()
            live.pending = None
        except DeploymentFailed as second:
            live.route(rolled_back_sides(old, fleet))
            settled, reason = MIXED, clip(f"{reason} The rollback failed too: {second}")
            live.pending = None
        live.enter(EndpointStatus=settled, FailureReason=reason, PendingDeploymentSummary=None)
        return
    _take_over(live, fleet)
    live.enter(
        EndpointStatus="InService",
        EndpointConfigName=fleet.config,
        FailureReason=None,
        PendingDeploymentSummary=None,
        **{KEPT: kept or None, configs.COPY: fleet.record},
    )


def resize(live: Live, wanted: list[dict[str, Any]]) -> None:
    """Give variants the instances, then the weights, that they are to have; all of it or nothing."""
    fleet = live.fleet
    if fleet is None:
        return
    before = {name: len(variant.workers) for name, variant in fleet.variants.items()}
    try:
        with _failures(live):
            # What may fail comes first: an instance that has gone does not come back.
            for name in sorted(
                {item["VariantName"] for item in wanted}, key=lambda one: -_missing(fleet, one)
            ):
                _scale(live, fleet, name)
    except DeploymentFailed as error:
        live.enter(EndpointStatus="RollingBack", FailureReason=clip(str(error)))
        for name, variant in fleet.variants.items():
            fleet.shrink(name, max(0, len(variant.workers) - before[name]))
            variant.instances, variant.desired_weight, variant.stage = len(variant.workers), None, None
        live.enter(EndpointStatus="InService", **{WISHED: None})
        return
    for variant in fleet.variants.values():
        variant.weight, variant.desired_weight, variant.stage = variant.wanted_weight, None, None
    live.reroute()
    live.enter(EndpointStatus="InService", FailureReason=None, **{KEPT: wanted_of(fleet), WISHED: None})


def wanted_of(fleet: Fleet) -> Kept:
    """The weights and counts that the variants are to have."""
    return {
        name: {"DesiredWeight": variant.wanted_weight, "DesiredInstanceCount": variant.instances}
        for name, variant in fleet.variants.items()
    }


@contextlib.contextmanager
def _failures(live: Live) -> Iterator[None]:
    """Make a failed deployment of whatever breaks: it is a reason to go back, and must have an end.

    What breaks because the cloud ends is no failure: a record that said so would say so after a restart, too.
    """
    try:
        yield
    except DeploymentStopped:
        raise
    except Exception as error:
        if live.stopping.is_set():
            raise DeploymentStopped from error
        if isinstance(error, DeploymentFailed):
            raise
        _log.exception("deployment")
        raise DeploymentFailed(f"InternalServerError: {type(error).__name__}: {error}") from error


def _take_over(live: Live, fleet: Fleet) -> None:
    for variant in fleet.variants.values():
        variant.stage = variant.enabled = None
    live.route([routing.whole(fleet)])
    live.fleet, live.pending = fleet, None
    utilization.of(live.ctx).start()
    if "AsyncInferenceConfig" in fleet.record:
        backlog.watch(live.ctx)


def _missing(fleet: Fleet, name: str) -> int:
    """How many instances a variant lacks; less than none when it has too many."""
    variant = fleet.variants[name]
    return variant.instances - len(variant.workers)


def _scale(live: Live, fleet: Fleet, name: str) -> None:
    variant, missing = fleet.variants[name], _missing(fleet, name)
    if not missing:
        return
    way = "out" if missing > 0 else "in"
    variant.enter("Updating", f"Scaling {way} desired instance count to {variant.instances}.")
    live.announce_stage()
    if missing > 0:
        fleet.grow(name, missing)
    else:
        fleet.shrink(name, -missing)
