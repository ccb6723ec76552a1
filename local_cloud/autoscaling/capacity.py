"""The capacity that is scaled: the instances of a variant of a SageMaker endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker import operations as sagemaker
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError, validation

NAMESPACE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
_RESOURCE = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")
_KEY = ("ResourceId", "ScalableDimension", "ServiceNamespace")


@dataclass(frozen=True)
class Capacity:
    """How many instances a variant has and shall have, and whether that can be changed now."""

    current: int
    desired: int
    changeable: bool
    failure: str = ""


def key_of(params: dict[str, Any]) -> str:
    """What identifies a scalable target: resource, dimension and namespace."""
    return "|".join(str(params[member]) for member in _KEY)


def identity(params: dict[str, Any]) -> dict[str, Any]:
    """The members of `key_of`, as records and answers hold them."""
    return {member: params[member] for member in _KEY}


def in_words(params: dict[str, Any]) -> str:
    """The same, as errors say it."""
    return (
        f"service namespace: {params['ServiceNamespace']}, resource ID: {params['ResourceId']}, "
        f"scalable dimension: {params['ScalableDimension']}"
    )


def check_supported(params: dict[str, Any]) -> None:
    """Make sure that a request is about a variant of an endpoint.

    Raises
    ------
    ServiceError
        UnsupportedOperation for other services of this API, ValidationException for what is none of them.
    """
    namespace, dimension = params["ServiceNamespace"], params.get("ScalableDimension")
    if namespace != NAMESPACE or (dimension or "").startswith("sagemaker:inference-component"):
        what = namespace if namespace != NAMESPACE else dimension
        raise ServiceError(
            "UnsupportedOperation",
            f"The local cloud scales variants of SageMaker endpoints only, not {what}.",
        )
    resource = params.get("ResourceId")
    fits = dimension in (None, DIMENSION) and (resource is None or _RESOURCE.fullmatch(resource))
    if not fits:
        raise validation("Unsupported service namespace, resource type or scalable dimension")


def names(resource_id: str) -> tuple[str, str]:
    """The endpoint and the variant of a resource id."""
    found = _RESOURCE.fullmatch(resource_id)
    if found is None:
        raise validation("Unsupported service namespace, resource type or scalable dimension")
    return found["endpoint"], found["variant"]


def read(ctx: Context, resource_id: str) -> Capacity | None:
    """The capacity of a variant; None when there is no such endpoint or variant."""
    endpoint, variant = names(resource_id)
    try:
        described = sagemaker.call(ctx, "DescribeEndpoint", {"EndpointName": endpoint})
    except ServiceError:
        return None
    for one in described.get("ProductionVariants", ()):
        if one["VariantName"] == variant:
            current = int(one.get("CurrentInstanceCount", 0))
            return Capacity(
                current,
                int(one.get("DesiredInstanceCount", current)),
                described["EndpointStatus"] == "InService",
                str(described.get("FailureReason") or ""),
            )
    return None


def change(ctx: Context, resource_id: str, instances: int) -> None:
    """Give a variant another number of instances; ServiceError as SageMaker answers it."""
    endpoint, variant = names(resource_id)
    wanted = {"VariantName": variant, "DesiredInstanceCount": instances}
    params = {"EndpointName": endpoint, "DesiredWeightsAndCapacities": [wanted]}
    sagemaker.call(ctx, "UpdateEndpointWeightsAndCapacities", params)
