"""Model packages: versions, approval, events."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError

Events = list[tuple[str, Mapping[str, Any]]]


@pytest.fixture
def group(ctx: Context) -> str:
    operations.call(ctx, "CreateModelPackageGroup", {"ModelPackageGroupName": "reviews"})
    return "reviews"


def _register(ctx: Context, group: str, **more: Any) -> str:
    return str(
        operations.call(ctx, "CreateModelPackage", {"ModelPackageGroupName": group, **more})[
            "ModelPackageArn"
        ]
    )


def _listed(ctx: Context, **params: Any) -> list[int]:
    found = operations.call(ctx, "ListModelPackages", params)["ModelPackageSummaryList"]
    return [one["ModelPackageVersion"] for one in found]


def test_versions_count_up_and_are_never_given_twice(ctx: Context, group: str) -> None:
    arns = [_register(ctx, group) for _ in range(2)]
    operations.call(ctx, "DeleteModelPackage", {"ModelPackageName": arns[1]})
    assert _register(ctx, group).endswith("model-package/reviews/3")
    assert _listed(ctx, ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending") == [3, 1]


def test_a_package_is_found_by_arn_and_by_version(ctx: Context, group: str) -> None:
    arn = _register(ctx, group, CustomerMetadataProperties={"accuracy": "0.8"})
    by_arn = operations.call(ctx, "DescribeModelPackage", {"ModelPackageName": arn})
    assert by_arn == operations.call(ctx, "DescribeModelPackage", {"ModelPackageName": "reviews/1"})
    assert by_arn["ModelApprovalStatus"] == "PendingManualApproval"
    assert by_arn["ModelPackageStatus"] == "Completed"
    with pytest.raises(ServiceError, match="reviews/9"):
        operations.call(ctx, "DescribeModelPackage", {"ModelPackageName": "reviews/9"})


def test_approval_is_announced_once(ctx: Context, group: str, events: Events) -> None:
    arn = _register(ctx, group)
    for changes in (
        {"ModelApprovalStatus": "Approved", "ApprovalDescription": "good"},
        {"ModelApprovalStatus": "Approved"},
        {"CustomerMetadataProperties": {"seen": "yes"}},
    ):
        operations.call(ctx, "UpdateModelPackage", {"ModelPackageArn": arn, **changes})
    assert [kind for kind, _ in events] == ["SageMaker Model Package State Change"] * 2
    detail = events[-1][1]
    assert detail["ModelApprovalStatus"] == "Approved"
    assert detail["ApprovalDescription"] == "good"
    assert (detail["ModelPackageGroupName"], detail["ModelPackageVersion"]) == ("reviews", 1)
    assert detail["ModelPackageArn"] == arn


def test_lists_filter_by_approval(ctx: Context, group: str) -> None:
    _register(ctx, group)
    second = _register(ctx, group)
    operations.call(ctx, "UpdateModelPackage", {"ModelPackageArn": second, "ModelApprovalStatus": "Rejected"})
    assert _listed(ctx, ModelPackageGroupName=group, ModelApprovalStatus="Rejected") == [2]
    assert _listed(ctx) == []
    assert _listed(ctx, ModelPackageType="Versioned", SortOrder="Ascending") == [1, 2]


def test_metadata_is_merged_and_removed_by_key(ctx: Context, group: str) -> None:
    arn = _register(ctx, group, CustomerMetadataProperties={"a": "1", "b": "2"})
    change = {
        "ModelPackageArn": arn,
        "CustomerMetadataProperties": {"c": "3"},
        "CustomerMetadataPropertiesToRemove": ["a"],
    }
    operations.call(ctx, "UpdateModelPackage", change)
    described = operations.call(ctx, "DescribeModelPackage", {"ModelPackageName": arn})
    assert described["CustomerMetadataProperties"] == {"b": "2", "c": "3"}


def test_a_model_card_is_kept_and_reviewed(ctx: Context, group: str) -> None:
    content = json.dumps({"model_overview": {"model_creator": "x"}})
    arn = _register(ctx, group, ModelCard={"ModelCardContent": content, "ModelCardStatus": "PendingReview"})
    described = operations.call(ctx, "DescribeModelPackage", {"ModelPackageName": arn})
    assert described["ModelCard"] == {"ModelCardContent": content, "ModelCardStatus": "PendingReview"}
    change = {"ModelPackageArn": arn, "ModelCard": {"ModelCardStatus": "Approved"}}
    operations.call(ctx, "UpdateModelPackage", change)
    described = operations.call(ctx, "DescribeModelPackage", {"ModelPackageName": arn})
    assert described["ModelCard"] == {"ModelCardContent": content, "ModelCardStatus": "Approved"}


@pytest.mark.parametrize("content", ["a card", "[]"])
def test_a_model_card_is_a_json_object(ctx: Context, group: str, content: str) -> None:
    with pytest.raises(ServiceError, match="ModelCardContent must be a JSON object"):
        _register(ctx, group, ModelCard={"ModelCardContent": content})


def test_a_model_card_has_one_of_the_known_states(ctx: Context, group: str) -> None:
    with pytest.raises(ServiceError, match="PendingReview"):
        _register(ctx, group, ModelCard={"ModelCardContent": "{}", "ModelCardStatus": "Fine"})


def test_a_group_with_packages_stays(ctx: Context, group: str) -> None:
    _register(ctx, group)
    with pytest.raises(ServiceError, match="holds 1 model packages") as caught:
        operations.call(ctx, "DeleteModelPackageGroup", {"ModelPackageGroupName": group})
    assert caught.value.code == "ConflictException"


@pytest.mark.parametrize("params", [{}, {"ModelPackageName": "a", "ModelPackageGroupName": "reviews"}])
def test_a_package_has_a_group_or_a_name(ctx: Context, group: str, params: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="exactly one"):
        operations.call(ctx, "CreateModelPackage", params)
