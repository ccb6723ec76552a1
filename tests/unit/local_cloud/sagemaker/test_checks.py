"""Requests are checked as the service checks them, and errors name the field."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from local_cloud.sagemaker import model
from local_cloud.sagemaker.errors import ServiceError

GOOD = {"ModelPackageGroupName": "reviews", "Tags": [{"Key": "a", "Value": "b"}]}


@pytest.mark.parametrize(
    ("operation", "params", "path"),
    [
        ("CreateModelPackageGroup", {}, "'modelPackageGroupName'.* not be null"),
        ("CreateModelPackageGroup", {"ModelPackageGroupName": 3}, "'modelPackageGroupName'.* of type string"),
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "a b"}, "'modelPackageGroupName'.* pattern"),
        (
            "CreateModelPackageGroup",
            {"ModelPackageGroupName": "a" * 64},
            "'modelPackageGroupName'.*less than",
        ),
        (
            "CreateModelPackageGroup",
            {**GOOD, "Tags": [{"Key": "a"}]},
            r"Value null at 'tags\.1\.member\.value'",
        ),
        ("CreateModelPackageGroup", {**GOOD, "Colour": "red"}, "Unknown parameter 'Colour'"),
        ("UpdateModelPackage", {"ModelApprovalStatus": "Yes"}, r"enum value set: \[Approved, "),
        ("ListModels", {"MaxResults": 0}, "'maxResults'.* greater than or equal to 1"),
        ("ListModels", {"MaxResults": True}, "'maxResults'.* of type integer"),
        ("ListModels", {"CreationTimeAfter": "yesterday"}, "'creationTimeAfter'.* timestamp"),
    ],
)
def test_what_is_wrong_is_named(operation: str, params: dict[str, Any], path: str) -> None:
    with pytest.raises(ServiceError) as caught:
        model.parse_input(operation, params)
    assert caught.value.code == "ValidationException"
    assert re.search(path, caught.value.message)


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(ServiceError, match="2 validation errors detected"):
        model.parse_input("CreateModelPackageGroup", {"ModelPackageGroupName": "a b", "Tags": [{"Key": "x"}]})


def test_times_arrive_as_aware_datetimes() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for written in (noon.timestamp(), noon.isoformat(), "2026-01-01T12:00:00Z", noon.replace(tzinfo=None)):
        assert model.parse_input("ListModels", {"CreationTimeAfter": written}) == {"CreationTimeAfter": noon}


def test_outputs_keep_only_what_the_shape_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(model.STRICT, raising=False)
    record = {"ModelName": "m", "Secret": 1, "PrimaryContainer": {"Image": "i", "Port": 1}, "VpcConfig": None}
    shaped = model.shape_output("DescribeModel", record)
    assert shaped == {"ModelName": "m", "PrimaryContainer": {"Image": "i"}}


def test_an_answer_that_lacks_what_it_must_hold_is_an_error_where_tests_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(model.STRICT, raising=False)
    variant = {"VariantName": "v", "DeployedImages": [{}]}
    record = {"EndpointName": "e", "ProductionVariants": [variant, {}]}
    assert model.shape_output("DescribeEndpoint", record) == record
    monkeypatch.setenv(model.STRICT, "1")
    with pytest.raises(model.IncompleteAnswer) as caught:
        model.shape_output("DescribeEndpoint", record)
    assert "DescribeEndpoint answers without EndpointArn, " in str(caught.value)
    assert "ProductionVariants[1].VariantName" in str(caught.value)
    assert "ProductionVariants[0].VariantName" not in str(caught.value)
