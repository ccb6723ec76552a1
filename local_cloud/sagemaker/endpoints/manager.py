"""The endpoint operations: create, update as the deployment policy says, resize, describe and delete."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints import changes, configs, scaled, status
from local_cloud.sagemaker.endpoints import live as lives
from local_cloud.sagemaker.endpoints.alarms import Watch
from local_cloud.sagemaker.endpoints.changes import KIND, MIXED
from local_cloud.sagemaker.endpoints.live import Live
from local_cloud.sagemaker.endpoints.policy import ALL_AT_ONCE, Policy, policy_of
from local_cloud.sagemaker.endpoints.restart import resume
from local_cloud.sagemaker.endpoints.variants import Kept, VariantPlan, plans_of
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

__all__ = ["resume", "shutdown"]


@operation("CreateEndpoint")
def create(ctx: Context, params: Params) -> Params:
    """Record an endpoint and bring its model servers up in the background."""
    name = params["EndpointName"]
    config = resources.get(ctx, configs.KIND, params["EndpointConfigName"])
    plans = plans_of(ctx, config, {})
    record = {**params, "EndpointStatus": "Creating", configs.COPY: config}
    deployment_config = record.pop("DeploymentConfig", None)
    if deployment_config:
        policy_of(deployment_config, plans)
        record["LastDeploymentConfig"] = deployment_config
    record["PendingDeploymentSummary"] = _summary(config)
    created = resources.create(ctx, KIND, name, record)
    live = lives.make(ctx, name)
    status.announce(ctx, created)
    live.run(changes.bring_up, config, plans)
    return {"EndpointArn": created["EndpointArn"]}


@operation("UpdateEndpoint")
def update(ctx: Context, params: Params) -> Params:
    """Change an endpoint to another configuration, as its deployment configuration says."""
    name = params["EndpointName"]
    config = resources.get(ctx, configs.KIND, params["EndpointConfigName"])
    live = _settled(ctx, name, "InService", MIXED)
    given = _deployment_config(ctx, name, params)
    kept = _retained(live, params)
    plans = plans_of(ctx, config, kept)
    policy = policy_of(given, plans)
    _check_names(live, plans, policy)
    scaled.check_kept(ctx, name, live.fleet.record if live.fleet else {}, config)
    watch = Watch(ctx, policy.alarms, next((plan.model.role for plan in plans), None))
    watch.check_existence()
    with ctx.store.lock:
        live = _settled(ctx, name, "InService", MIXED)
        live.pending = live.new_fleet(config, plans)
        record = live.enter(
            EndpointStatus="Updating",
            PendingDeploymentSummary=_summary(config),
            LastDeploymentConfig=given,
        )
    live.run(changes.replace, live.pending, policy, watch, kept)
    return {"EndpointArn": record["EndpointArn"]}


@operation("UpdateEndpointWeightsAndCapacities")
def update_weights(ctx: Context, params: Params) -> Params:
    """Change the weights and instance counts of running variants."""
    name, wanted = params["EndpointName"], params["DesiredWeightsAndCapacities"]
    with ctx.store.lock:
        live = _settled(ctx, name, "InService")
        _check_wanted(live, wanted)
        for item in wanted:
            _wish(live, item)
        wished = changes.wanted_of(live.fleet) if live.fleet else None
        record = live.enter(EndpointStatus="Updating", **{changes.WISHED: wished})
    live.run(changes.resize, wanted)
    return {"EndpointArn": record["EndpointArn"]}


@operation("DescribeEndpoint")
def describe(ctx: Context, params: Params) -> Params:
    """Return an endpoint with its variants as they run now."""
    name = params["EndpointName"]
    resources.get(ctx, KIND, name)
    return status.described(ctx, name, lives.find(ctx, name))


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
        if record["EndpointStatus"] not in ("InService", "Failed", "OutOfService", MIXED):
            raise _in_progress(record)
        live = lives.take(ctx, name)
        live.enter(EndpointStatus="Deleting")
    live.run(changes.remove)
    return {}


def shutdown() -> None:
    """End the model servers of all endpoints; for the shutdown of the server."""
    lives.stop_all()


def _summary(config: Record) -> Record:
    return {"EndpointConfigName": config["EndpointConfigName"], "StartTime": now()}


def _deployment_config(ctx: Context, name: str, params: Params) -> Record | None:
    """The deployment configuration of an update: its own, the last one, or none."""
    own: Record | None = params.get("DeploymentConfig")
    if not params.get("RetainDeploymentConfig"):
        return own
    if own is not None:
        raise validation("DeploymentConfig cannot be specified when RetainDeploymentConfig is true.")
    last: Record | None = resources.get(ctx, KIND, name).get("LastDeploymentConfig")
    return last


def _check_names(live: Live, plans: list[VariantPlan], policy: Policy) -> None:
    old = {variant.plan.name for variant in live.fleet.production} if live.fleet else set()
    new = {plan.name for plan in plans if not plan.shadow}
    if old != new and (policy.kind != ALL_AT_ONCE or policy.alarms):
        raise validation(
            "The new endpoint configuration must have the same variant names as the old one for this "
            f"deployment: {', '.join(sorted(new))} instead of {', '.join(sorted(old))}."
        )


def _check_wanted(live: Live, wanted: list[dict[str, Any]]) -> None:
    known = live.fleet.variants if live.fleet else {}
    missing = sorted({item["VariantName"] for item in wanted} - set(known))
    if missing:
        raise validation(f'Endpoint "{live.name}" has no variant {", ".join(missing)}.')
    for item in wanted:
        name = item["VariantName"]
        if "ServerlessUpdateConfig" in item:
            raise validation(
                f"ServerlessUpdateConfig is only for serverless variants; variant {name} is not one."
            )
        asynchronous = live.fleet is not None and "AsyncInferenceConfig" in live.fleet.record
        if item.get("DesiredInstanceCount") == 0 and not asynchronous:
            raise validation(
                f"DesiredInstanceCount of variant {name} must be 1 or more: it serves in real time."
            )


def _wish(live: Live, item: dict[str, Any]) -> None:
    if live.fleet is None:
        return
    variant = live.fleet.variants[item["VariantName"]]
    variant.instances = item.get("DesiredInstanceCount", variant.instances)
    variant.desired_weight = item.get("DesiredWeight", variant.desired_weight)


def _retained(live: Live, params: Params) -> Kept:
    """Return the weights and counts that an update carries over from the running variants."""
    if not params.get("RetainAllVariantProperties") or live.fleet is None:
        return {}
    excluded = {item["VariantPropertyType"] for item in params.get("ExcludeRetainedVariantProperties", [])}
    kept: Kept = {}
    for name, variant in live.fleet.variants.items():
        values = {"DesiredWeight": variant.weight, "DesiredInstanceCount": variant.instances}
        kept[name] = {key: value for key, value in values.items() if key not in excluded}
    return kept


def _settled(ctx: Context, name: str, *good: str) -> Live:
    """Return the processes of an endpoint that may be changed now."""
    record = resources.get(ctx, KIND, name)
    if record["EndpointStatus"] == "Failed":
        raise validation(f'Endpoint "{name}" has failed: it can only be deleted.')
    live = lives.find(ctx, name)
    if record["EndpointStatus"] not in good or live is None:
        raise _in_progress(record)
    return live


def _in_progress(record: Record) -> ServiceError:
    return validation(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
