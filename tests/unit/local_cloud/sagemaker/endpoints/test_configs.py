"""Endpoint configurations that cannot be served here are refused by the name of what they ask for."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.sagemaker.errors import ServiceError

from .conftest import Account, variant


def changed(**changes: Any) -> dict[str, Any]:
    """A variant with other members; None takes one away."""
    return {key: value for key, value in {**variant("one"), **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        (
            {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}},
            "UnsupportedOperation",
            "serverless endpoints",
        ),
        (
            {"InstancePools": [{"InstanceType": "ml.m5.large", "Priority": 1}]},
            "UnsupportedOperation",
            "instance pools",
        ),
        ({"CoreDumpConfig": {"DestinationS3Uri": "s3://b/c"}}, "UnsupportedOperation", "core dumps"),
        ({"ModelName": None}, "UnsupportedOperation", "inference components"),
        (
            {"ManagedInstanceScaling": {"Status": "ENABLED"}},
            "ValidationException",
            "only supported for inference component",
        ),
        (
            {"RoutingConfig": {"RoutingStrategy": "PREFIX_AWARE"}},
            "UnsupportedOperation",
            "prefix-aware routing",
        ),
        ({"InstanceType": None}, "ValidationException", "needs InstanceType"),
        ({"InitialInstanceCount": None}, "ValidationException", "needs InitialInstanceCount"),
        ({"ModelName": "nobody"}, "ValidationException", "nobody"),
    ],
)
def test_variants_that_cannot_be_served(
    account: Account, changes: dict[str, Any], code: str, message: str
) -> None:
    account.model("one")
    with pytest.raises(ServiceError, match=message) as raised:
        account.config("config", changed(**changes))
    assert raised.value.code == code


def test_one_variant_has_one_shadow(account: Account) -> None:
    account.model("one")
    shadows = [variant("one", "S"), variant("one", "T")]
    with pytest.raises(ServiceError, match="one ShadowProductionVariant"):
        account.config("config", variant("one"), ShadowProductionVariants=shadows)
    with pytest.raises(ServiceError, match="got 2 and 1"):
        account.config(
            "config", variant("one", "A"), variant("one", "B"), ShadowProductionVariants=shadows[:1]
        )
    with pytest.raises(ServiceError, match="unique"):
        account.config("config", variant("one", "S"), ShadowProductionVariants=shadows[:1])


def test_explanations_are_refused(account: Account) -> None:
    account.model("one")
    with pytest.raises(ServiceError, match="online explanations"):
        account.config("config", variant("one"), ExplainerConfig={})


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        (
            "CreateInferenceComponent",
            {"InferenceComponentName": "c", "EndpointName": "e", "Specification": {"ModelName": "m"}},
        ),
        ("UpdateInferenceComponent", {"InferenceComponentName": "c"}),
        (
            "UpdateInferenceComponentRuntimeConfig",
            {"InferenceComponentName": "c", "DesiredRuntimeConfig": {"CopyCount": 1}},
        ),
    ],
)
def test_inference_components_are_refused(account: Account, operation: str, more: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match=operation) as raised:
        account.call(operation, **more)
    assert raised.value.code == "UnsupportedOperation"
