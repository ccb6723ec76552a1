"""The endpoint operations: create, update (blue/green, all at once), resize, describe and delete."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints import status
from local_cloud.sagemaker.endpoints.deployment import Deployment, VariantPlan, plan_of
from local_cloud.sagemaker.endpoints.errors import DeploymentFailed
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

KIND = status.KIND
_LONGEST_REASON = 1024
_log = logging.getLogger("local_cloud.sagemaker.endpoints")


class Live:
    """The processes behind one endpoint: what answers now, and how many deployments there have been."""

    def __init__(self, ctx: Context, name: str) -> None:
        self.active: Deployment | None = None
        self._ctx, self._name = ctx, name
        self._deployments = 0

    def enter(self, **changes: Any) -> Record:
        """Change the endpoint's record and announce its new status."""
        return status.enter(self._ctx, self._name, self.active, changes)

    def deploy(self, config: str, plans: list[VariantPlan]) -> Deployment:
        """Bring up a deployment beside the active one.

        Raises
        ------
        DeploymentFailed
            It did not come up, for whatever reason.
        """
        self._deployments += 1
        ctx = self._ctx
        folder = ctx.home / "endpoints" / ctx.account / ctx.region / self._name / f"{self._deployments:04d}"
        deployment = Deployment(ctx, self._name, config, plans, folder)
        try:
            deployment.start()
        except DeploymentFailed:
            raise
        except Exception as error:
            _log.exception("endpoint %s", self._name)
            raise DeploymentFailed(f"{type(error).__name__}: {error}") from error
        return deployment

    def run(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do something that takes long on a thread of its own; whatever happens, it ends in a status."""

        def guarded() -> None:
            try:
                work(self, *arguments)
            except Exception as error:  # noqa: BLE001 - a change without an end would block the endpoint
                _log.exception("endpoint %s", self._name)
                settled = "Failed" if self.active is None else "InService"
                reason = _clip(f"InternalServerError: {type(error).__name__}: {error}")
                self.enter(EndpointStatus=settled, FailureReason=reason, PendingDeploymentSummary=None)

        threading.Thread(target=guarded, name=f"endpoint-{self._name}", daemon=True).start()

    def end(self, deployment: Deployment | None) -> None:
        """End a fleet that answers no more. What cannot be ended is logged: it must not stop a change."""
        if deployment is None:
            return
        try:
            deployment.retire()
        except Exception:  # noqa: BLE001 - as said above
            _log.exception("the model servers of endpoint %s", self._name)


_live: dict[tuple[str, str, str, str], Live] = {}
_live_lock = threading.Lock()


def active(ctx: Context, name: str) -> Deployment | None:
    """Return the deployment that answers for an endpoint now, or None."""
    with _live_lock:
        live = _live.get(_key(ctx, name))
    return live.active if live else None


@operation("CreateEndpoint")
def create(ctx: Context, params: Params) -> Params:
    """Record an endpoint and bring its model servers up in the background."""
    name, config = params["EndpointName"], params["EndpointConfigName"]
    plans = plan_of(ctx, resources.get(ctx, "EndpointConfig", config), {})
    record = {**params, "EndpointStatus": "Creating"}
    deployment_config = record.pop("DeploymentConfig", None)
    if deployment_config:
        record["LastDeploymentConfig"] = deployment_config
    created = resources.create(ctx, KIND, name, record)
    live = Live(ctx, name)
    with _live_lock:
        _live[_key(ctx, name)] = live
    status.announce(ctx, created)
    live.run(_bring_up, config, plans)
    return {"EndpointArn": created["EndpointArn"]}


@operation("UpdateEndpoint")
def update(ctx: Context, params: Params) -> Params:
    """Bring up a second fleet for the new configuration, switch to it when it is healthy, end the first."""
    name, config = params["EndpointName"], params["EndpointConfigName"]
    found = resources.get(ctx, "EndpointConfig", config)
    with ctx.store.lock:
        live = _settled(ctx, name)
        plans = plan_of(ctx, found, _kept(live, params))
        pending = {"EndpointConfigName": config, "StartTime": now()}
        changes: Record = {"EndpointStatus": "Updating", "PendingDeploymentSummary": pending}
        if "DeploymentConfig" in params:
            changes["LastDeploymentConfig"] = params["DeploymentConfig"]
        record = live.enter(**changes)
    live.run(_replace, config, plans)
    return {"EndpointArn": record["EndpointArn"]}


@operation("UpdateEndpointWeightsAndCapacities")
def update_weights(ctx: Context, params: Params) -> Params:
    """Change the weights and instance counts of running variants."""
    name, wanted = params["EndpointName"], params["DesiredWeightsAndCapacities"]
    with ctx.store.lock:
        live = _settled(ctx, name)
        known = set(live.active.variants) if live.active else set()
        missing = sorted({item["VariantName"] for item in wanted} - known)
        if missing:
            raise validation(f'Endpoint "{name}" has no variant {", ".join(missing)}.')
        record = live.enter(EndpointStatus="Updating")
    live.run(_resize, wanted)
    return {"EndpointArn": record["EndpointArn"]}


@operation("DescribeEndpoint")
def describe(ctx: Context, params: Params) -> Params:
    """Return an endpoint with its variants as they run now."""
    name = params["EndpointName"]
    resources.get(ctx, KIND, name)
    return status.described(ctx, name, active(ctx, name))


@operation("ListEndpoints")
def list_endpoints(ctx: Context, params: Params) -> Params:
    """List endpoints."""
    records = ctx.store.list(KIND)
    return listing.respond("ListEndpoints", params, records, name="EndpointName", status="EndpointStatus")


@operation("DeleteEndpoint")
def delete(ctx: Context, params: Params) -> Params:
    """End the model servers of an endpoint and forget it."""
    name = params["EndpointName"]
    with ctx.store.lock:
        record = resources.get(ctx, KIND, name)
        if record["EndpointStatus"] not in ("InService", "Failed"):
            raise _in_progress(record)
        with _live_lock:
            live = _live.pop(_key(ctx, name))
        live.enter(EndpointStatus="Deleting")
    live.run(_remove, ctx, name)
    return {}


@operation("DeleteEndpointConfig")
def delete_config(ctx: Context, params: Params) -> Params:
    """Forget a configuration that no endpoint uses."""
    name = params["EndpointConfigName"]
    for endpoint in ctx.store.list(KIND):
        pending = (endpoint.get("PendingDeploymentSummary") or {}).get("EndpointConfigName")
        if name in (endpoint["EndpointConfigName"], pending):
            user = endpoint["EndpointName"]
            raise validation(f'Cannot delete endpoint configuration "{name}": endpoint "{user}" uses it.')
    resources.delete(ctx, "EndpointConfig", name)
    return {}


def shutdown() -> None:
    """End the model servers of all endpoints; for the shutdown of the server."""
    with _live_lock:
        everything = list(_live.values())
        _live.clear()
    for live in everything:
        if live.active is not None:
            live.active.retire(drain_s=0.0)


def _bring_up(live: Live, config: str, plans: list[VariantPlan]) -> None:
    try:
        live.active = live.deploy(config, plans)
    except DeploymentFailed as error:
        live.enter(EndpointStatus="Failed", FailureReason=_clip(str(error)))
        return
    live.enter(EndpointStatus="InService")


def _replace(live: Live, config: str, plans: list[VariantPlan]) -> None:
    before = live.active
    try:
        live.active = live.deploy(config, plans)
    except DeploymentFailed as error:
        live.enter(EndpointStatus="RollingBack", FailureReason=_clip(str(error)))
        live.enter(EndpointStatus="InService", PendingDeploymentSummary=None)
        return
    # The old fleet is gone before the status says so: who waits for InService finds only the new one.
    live.end(before)
    live.enter(
        EndpointStatus="InService",
        EndpointConfigName=config,
        FailureReason=None,
        PendingDeploymentSummary=None,
    )


def _resize(live: Live, wanted: list[dict[str, Any]]) -> None:
    changes: Record = {"EndpointStatus": "InService", "FailureReason": None}
    try:
        for item in wanted:
            if live.active is not None:
                live.active.resize(
                    item["VariantName"], item.get("DesiredWeight"), item.get("DesiredInstanceCount")
                )
    except DeploymentFailed as error:
        changes["FailureReason"] = _clip(str(error))
    live.enter(**changes)


def _remove(live: Live, ctx: Context, name: str) -> None:
    live.end(live.active)
    record = status.described(ctx, name, live.active)
    status.announce(ctx, {**record, "EndpointStatus": "Deleted"})
    resources.delete(ctx, KIND, name)


def _kept(live: Live, params: Params) -> dict[str, dict[str, Any]]:
    """Return the weights and counts that an update carries over from the running variants."""
    if not params.get("RetainAllVariantProperties") or live.active is None:
        return {}
    excluded = {item["VariantPropertyType"] for item in params.get("ExcludeRetainedVariantProperties", [])}
    kept: dict[str, dict[str, Any]] = {}
    for name, variant in live.active.variants.items():
        values = {"DesiredWeight": variant.weight, "DesiredInstanceCount": len(variant.workers)}
        kept[name] = {key: value for key, value in values.items() if key not in excluded}
    return kept


def _settled(ctx: Context, name: str) -> Live:
    """Return the processes of an endpoint that may be changed now."""
    record = resources.get(ctx, KIND, name)
    if record["EndpointStatus"] == "Failed":
        raise validation(f'Endpoint "{name}" has failed: it can only be deleted.')
    if record["EndpointStatus"] != "InService":
        raise _in_progress(record)
    with _live_lock:
        return _live[_key(ctx, name)]


def _in_progress(record: Record) -> ServiceError:
    return validation(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')


def _clip(reason: str) -> str:
    return reason[:_LONGEST_REASON]


def _key(ctx: Context, name: str) -> tuple[str, str, str, str]:
    return ctx.endpoint_url, ctx.account, ctx.region, name
