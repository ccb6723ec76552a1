"""The lineage of models and endpoints: what a model is made of, and the deployments that serve it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.lineage import tracking

_SUFFIX = "aws-endpoint"


def record_model(ctx: Context, model: Mapping[str, Any]) -> None:
    """A model: an artifact fed by the images, the model data and the packages of its containers."""
    own = tracking.artifact(ctx, str(model["ModelArn"]), "Model")
    for part in _parts(ctx, model):
        tracking.connect(ctx, part, own, "ContributedTo")


def record_endpoint(ctx: Context, endpoint: Mapping[str, Any]) -> None:
    """An endpoint that came into service: its context, and the deployment that each part contributed to."""
    if endpoint["EndpointStatus"] != "IN_SERVICE":
        return
    name, config = endpoint["EndpointName"], endpoint["EndpointConfigName"]
    found = resources.find(ctx, "EndpointConfig", config)
    if found is None:
        return
    arn = str(endpoint["EndpointArn"])
    created = int(endpoint["CreationTime"].timestamp())
    context = tracking.context(ctx, f"{name}-{created}-{_SUFFIX}", "Endpoint", arn)
    action = tracking.action(
        ctx, f"{name}-{config}-{created}-{_SUFFIX}", "ModelDeployment", arn, Status="Completed"
    )
    tracking.connect(ctx, action, context, "AssociatedWith")
    for variant in [*found.get("ProductionVariants", []), *found.get("ShadowProductionVariants", [])]:
        model = resources.find(ctx, "Model", variant.get("ModelName", ""))
        for part in _parts(ctx, model) if model else ():
            tracking.connect(ctx, part, action, "ContributedTo")


def _parts(ctx: Context, model: Mapping[str, Any]) -> list[str]:
    containers = [*model.get("Containers", []), *filter(None, [model.get("PrimaryContainer")])]
    parts = tracking.containers(ctx, containers)
    for container in containers:
        if "ModelPackageName" in container:
            named = container["ModelPackageName"]
            arn = named if named.startswith("arn:") else resources.arn_of(ctx, "ModelPackage", named)
            package = ctx.store.find("ModelPackage", arn) or {}
            parts.append(tracking.artifact(ctx, arn, "Model"))
            parts += tracking.containers(ctx, package.get("InferenceSpecification", {}).get("Containers", []))
    return parts
