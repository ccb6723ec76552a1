"""The validator itself: what it lets pass and what it catches."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from . import shapes

MODEL = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
ARN = "arn:aws:sagemaker:us-east-1:123456789012:model/m"
GOOD: dict[str, Any] = {"ModelName": "m", "ModelArn": ARN, "CreationTime": 1.5}


def found(operation: str, body: dict[str, Any]) -> list[str]:
    shape = MODEL.operation_model(operation).output_shape
    assert shape is not None
    return list(shapes.problems(shape, body))


def test_a_body_as_modelled_passes() -> None:
    assert found("DescribeModel", {**GOOD, "EnableNetworkIsolation": False}) == []
    assert found("ListModels", {"Models": [GOOD], "NextToken": "t"}) == []


@pytest.mark.parametrize(
    ("operation", "body", "said"),
    [
        ("DescribeModel", {**GOOD, "Colour": 1}, "Colour is not in the model"),
        ("DescribeModel", {"ModelName": "m", "ModelArn": ARN}, "CreationTime is missing"),
        ("DescribeModel", {**GOOD, "ModelName": None}, "ModelName is None, not a string"),
        ("DescribeModel", {**GOOD, "CreationTime": "2026"}, "CreationTime is '2026', not a timestamp"),
        ("DescribeModel", {**GOOD, "EnableNetworkIsolation": 0}, "is 0, not a boolean"),
        ("DescribeModel", {**GOOD, "ModelName": "a b"}, "does not match"),
        ("DescribeModel", {**GOOD, "ModelArn": "short"}, "has 5, less than 20"),
        ("DescribeModel", {**GOOD, "PrimaryContainer": {"Mode": "Odd"}}, "PrimaryContainer.Mode is 'Odd'"),
        ("ListModels", {"Models": [{**GOOD, "X": 1}]}, "Models[0].X is not in the model"),
        ("ListModels", {"Models": {}}, "Models is {}, not a list"),
        ("ListTags", {"Tags": [{"Key": "k", "Value": 1}]}, "Tags[0].Value is 1, not a string"),
    ],
)
def test_what_is_not_as_modelled_is_named(operation: str, body: dict[str, Any], said: str) -> None:
    assert any(said in one for one in found(operation, body)), found(operation, body)


def test_an_error_that_the_operation_does_not_have_is_caught() -> None:
    def wrong(code: str) -> list[str]:
        parsed = {"Error": {"Code": code, "Message": "m"}}
        return list(shapes._error(parsed, MODEL.operation_model("CreateModel")))

    assert wrong("ResourceLimitExceeded") == wrong("ValidationException") == []
    assert "ResourceInUse" in wrong("ResourceInUse")[0]
    assert "InternalFailure" in wrong("InternalFailure")[0]


def test_nearly_every_pattern_of_the_model_is_checked() -> None:
    patterns = {MODEL.shape_for(name).metadata.get("pattern") for name in MODEL.shape_names} - {None}
    unchecked = {one for one in patterns if shapes._compiled(one) is None}
    assert len(patterns) > 150
    assert len(unchecked) < 5, unchecked
