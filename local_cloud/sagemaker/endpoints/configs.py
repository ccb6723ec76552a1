"""Endpoint configurations: what can be served here is stored, everything else is refused by its name."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

KIND = "EndpointConfig"
# Member of an endpoint's record, never of an answer: what it runs with, also when that is deleted.
COPY = "EndpointConfig"
# Member of a variant -> what it stands for. Members about machines and drivers (VolumeSizeInGB,
# InferenceAmiVersion ...) are kept and change nothing here.
_REFUSED = {
    "ServerlessConfig": "serverless endpoints",
    "InstancePools": "instance pools",
    "CoreDumpConfig": "core dumps",
}


@operation("CreateEndpointConfig")
def create_endpoint_config(ctx: Context, params: Params) -> Params:
    """Store an endpoint configuration whose models exist and whose variants can be served.

    Raises
    ------
    ServiceError
        ValidationException for what the service refuses, UnsupportedOperation for what is not served here.
    """
    production, shadows = params["ProductionVariants"], params.get("ShadowProductionVariants", [])
    variants = [*production, *shadows]
    names = [variant["VariantName"] for variant in variants]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise validation(f"VariantName must be unique in an endpoint configuration: {', '.join(doubled)}")
    if shadows and (len(production) > 1 or len(shadows) > 1):
        raise validation(
            "With ShadowProductionVariants, one ProductionVariant and one ShadowProductionVariant can be "
            f"specified; got {len(production)} and {len(shadows)}."
        )
    for variant in variants:
        _check(variant)
        resources.get(ctx, "Model", variant["ModelName"])
    if "ExplainerConfig" in params:
        raise _unsupported("ExplainerConfig", "online explanations")
    return resources.create(ctx, KIND, params["EndpointConfigName"], dict(params))


@operation("DeleteEndpointConfig")
def delete_endpoint_config(ctx: Context, params: Params) -> Params:
    """Forget a configuration; endpoints that were made with it go on."""
    record = resources.get(ctx, KIND, params["EndpointConfigName"])
    resources.delete(ctx, KIND, record["EndpointConfigName"])
    return {}


def of_endpoint(ctx: Context, endpoint: Record) -> Record | None:
    """What an endpoint runs with, also when the configuration is gone or another has its name by now."""
    return endpoint.get(COPY) or ctx.store.find(KIND, endpoint["EndpointConfigName"])


def _check(variant: dict[str, Any]) -> None:
    name = variant["VariantName"]
    for member, what in _REFUSED.items():
        if member in variant:
            raise _unsupported(f"{member} of variant {name}", what)
    if "ModelName" not in variant:
        raise _unsupported(f"variant {name} without a ModelName", "inference components")
    if "ManagedInstanceScaling" in variant:
        raise validation("ManagedInstanceScaling is only supported for inference component endpoints.")
    missing = [member for member in ("InstanceType", "InitialInstanceCount") if member not in variant]
    if missing:
        raise validation(f"Variant {name} needs {' and '.join(missing)}.")
    if variant.get("RoutingConfig", {}).get("RoutingStrategy") == "PREFIX_AWARE":
        raise _unsupported(f"RoutingStrategy PREFIX_AWARE of variant {name}", "prefix-aware routing")


def _unsupported(member: str, what: str) -> ServiceError:
    return ServiceError("UnsupportedOperation", f"The local cloud does not serve {what} ({member}).")
