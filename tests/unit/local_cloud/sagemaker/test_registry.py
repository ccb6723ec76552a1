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


def test_each_change_is_announced_once_and_says_what_changed(
    ctx: Context, group: str, events: Events
) -> None:
    arn = _register(ctx, group)
    for changes in (
        {"ModelApprovalStatus": "Approved", "ApprovalDescription": "good"},
        {"ModelApprovalStatus": "Approved"},
        {"CustomerMetadataProperties": {"seen": "yes"}},
        {"ModelLifeCycle": {"Stage": "Staging", "StageStatus": "Released"}},
    ):
        operations.call(ctx, "UpdateModelPackage", {"ModelPackageArn": arn, **changes})
    assert {kind for kind, _ in events} == {"SageMaker Model Package State Change"}
    assert [detail.get("UpdatedModelPackageFields") for _, detail in events] == [
        None,
        ["ApprovalDescription", "ModelApprovalStatus"],
        ["CustomerMetadataProperties"],
        ["ModelLifeCycle"],
    ]
    detail = events[1][1]
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


def test_the_same_client_token_registers_once(ctx: Context, group: str) -> None:
    first = _register(ctx, group, ClientToken="t-1")
    assert _register(ctx, group, ClientToken="t-1") == first
    assert _register(ctx, group, ClientToken="t-2").endswith("/2")
    operations.call(ctx, "DeleteModelPackage", {"ModelPackageName": first})
    assert _register(ctx, group, ClientToken="t-1").endswith("/3"), "its package is gone: the token is free"


def test_what_is_registered_comes_back(ctx: Context, group: str) -> None:
    given = {
        "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"}]},
        "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": "json", "S3Uri": "s3://b/q.json"}}},
        "DriftCheckBaselines": {"ModelQuality": {"Statistics": {"ContentType": "json", "S3Uri": "s3://b/d"}}},
        "ModelLifeCycle": {"Stage": "Development", "StageStatus": "Done"},
        "SourceUri": "s3://b/source",
        "SkipModelValidation": "All",
        "Domain": "NATURAL_LANGUAGE_PROCESSING",
    }
    arn = _register(ctx, group, **given)
    described = operations.call(ctx, "DescribeModelPackage", {"ModelPackageName": arn})
    assert {key: described[key] for key in given} == given


def test_additional_specifications_have_names_of_their_own(ctx: Context, group: str) -> None:
    extra = {"Name": "gpu", "Containers": [{"Image": "i"}]}
    arn = _register(ctx, group, AdditionalInferenceSpecifications=[extra])
    change = {"ModelPackageArn": arn, "AdditionalInferenceSpecificationsToAdd": [extra]}
    with pytest.raises(ServiceError, match="different names: gpu"):
        operations.call(ctx, "UpdateModelPackage", change)
    many = [{**extra, "Name": f"s{at}"} for at in range(15)]
    with pytest.raises(ServiceError, match="at most 15"):
        operations.call(ctx, "UpdateModelPackage", {**change, "AdditionalInferenceSpecificationsToAdd": many})


SPECIFICATION = {"Containers": [{"Image": "i"}]}
ROLE = "arn:aws:iam::123456789012:role/r"
PROFILE = {
    "ProfileName": "p",
    "TransformJobDefinition": {
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/i"}}},
        "TransformOutput": {"S3OutputPath": "s3://b/o"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    },
}


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"ModelPackageGroupName": "reviews", "Tags": [{"Key": "a", "Value": "b"}]}, "tag the group"),
        ({"ModelPackageGroupName": "reviews", "CertifyForMarketplace": True}, "CertifyForMarketplace"),
        ({"ModelPackageName": "p"}, "InferenceSpecification or"),
        (
            {
                "ModelPackageName": "p",
                "InferenceSpecification": SPECIFICATION,
                "ModelApprovalStatus": "Approved",
            },
            "ModelApprovalStatus does not apply",
        ),
        (
            {
                "ModelPackageGroupName": "reviews",
                "ValidationSpecification": {"ValidationRole": ROLE, "ValidationProfiles": [PROFILE]},
            },
            "ValidationSpecification is not supported",
        ),
        ({"ModelPackageGroupName": "none"}, "none"),
    ],
)
def test_what_cannot_be_registered_is_refused(
    ctx: Context, group: str, params: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ServiceError, match=reason):
        operations.call(ctx, "CreateModelPackage", params)


def test_a_package_without_a_group_has_its_own_name_and_tags(ctx: Context) -> None:
    params = {
        "ModelPackageName": "Alone",
        "InferenceSpecification": SPECIFICATION,
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    arn = operations.call(ctx, "CreateModelPackage", params)["ModelPackageArn"]
    assert arn.endswith(":model-package/alone")
    assert operations.call(ctx, "ListTags", {"ResourceArn": arn})["Tags"] == params["Tags"]
    listed = operations.call(ctx, "ListModelPackages", {})["ModelPackageSummaryList"]
    assert [one["ModelPackageArn"] for one in listed] == [arn]


def test_several_packages_are_described_at_once(ctx: Context, group: str) -> None:
    arn = _register(ctx, group, InferenceSpecification=SPECIFICATION)
    missing = arn.replace("/1", "/7")
    answer = operations.call(ctx, "BatchDescribeModelPackage", {"ModelPackageArnList": [arn, missing]})
    assert answer["ModelPackageSummaries"][arn]["ModelPackageVersion"] == 1
    assert answer["BatchDescribeModelPackageErrorMap"][missing]["ErrorCode"] == "ValidationException"


def test_the_policy_of_a_group_is_kept_and_ends_with_it(ctx: Context, group: str) -> None:
    named = {"ModelPackageGroupName": group}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})
    with pytest.raises(ServiceError, match="Cannot find resource policy"):
        operations.call(ctx, "GetModelPackageGroupPolicy", named)
    for wrong in ("not JSON", "{}"):
        with pytest.raises(ServiceError, match="ResourcePolicy"):
            operations.call(ctx, "PutModelPackageGroupPolicy", {**named, "ResourcePolicy": wrong})
    operations.call(ctx, "PutModelPackageGroupPolicy", {**named, "ResourcePolicy": policy})
    assert operations.call(ctx, "GetModelPackageGroupPolicy", named) == {"ResourcePolicy": policy}
    operations.call(ctx, "DeleteModelPackageGroup", named)
    operations.call(ctx, "CreateModelPackageGroup", named)
    with pytest.raises(ServiceError, match="Cannot find resource policy"):
        operations.call(ctx, "DeleteModelPackageGroupPolicy", named)


@pytest.mark.parametrize("params", [{}, {"ModelPackageName": "a", "ModelPackageGroupName": "reviews"}])
def test_a_package_has_a_group_or_a_name(ctx: Context, group: str, params: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="exactly one"):
        operations.call(ctx, "CreateModelPackage", params)
