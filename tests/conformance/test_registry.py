"""The model registry: versions of groups, their approval, what they carry, and what the service refuses."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Account
from .makers import IMAGE, model_package

GROUP = "reviews"


@pytest.fixture
def group(account: Account) -> Account:
    account.sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    return account


def register(account: Account, **more: Any) -> str:
    made = account.sagemaker.create_model_package(
        ModelPackageGroupName=GROUP, **model_package(account), **more
    )
    return str(made["ModelPackageArn"])


def versions(account: Account, **params: Any) -> list[int]:
    listed = account.sagemaker.list_model_packages(**params)["ModelPackageSummaryList"]
    return [one.get("ModelPackageVersion", 0) for one in listed]


def test_versions_of_a_group_count_up(group: Account) -> None:
    arns = [register(group) for _ in range(3)]
    assert arns == [group.arn(f"model-package/{GROUP}/{number}") for number in (1, 2, 3)]
    assert versions(group, ModelPackageGroupName=GROUP, SortOrder="Ascending") == [1, 2, 3]


def test_the_latest_version_is_first_and_alone_when_one_is_asked_for(group: Account) -> None:
    for _ in range(3):
        register(group)
    assert versions(group, ModelPackageGroupName=GROUP, SortOrder="Descending", MaxResults=1) == [3]


def test_a_version_waits_for_approval_unless_it_says_otherwise(group: Account) -> None:
    describe = group.sagemaker.describe_model_package
    first = describe(ModelPackageName=register(group))
    second = describe(ModelPackageName=register(group, ModelApprovalStatus="Approved"))
    assert first["ModelApprovalStatus"] == "PendingManualApproval"
    assert second["ModelApprovalStatus"] == "Approved"
    assert first["ModelPackageStatus"] == "Completed"
    assert (first["ModelPackageGroupName"], first["ModelPackageVersion"]) == (GROUP, 1)
    assert "ModelPackageName" not in first


def test_versions_are_listed_by_approval(group: Account) -> None:
    register(group)
    register(group, ModelApprovalStatus="Approved")
    assert versions(group, ModelPackageGroupName=GROUP, ModelApprovalStatus="Approved") == [2]
    assert versions(group, ModelPackageGroupName=GROUP, ModelApprovalStatus="Rejected") == []


def test_approval_is_changed_with_a_word_on_it(group: Account) -> None:
    arn = register(group)
    group.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good enough"
    )
    described = group.sagemaker.describe_model_package(ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "good enough")


def test_a_number_is_not_given_again(group: Account) -> None:
    group.sagemaker.delete_model_package(ModelPackageName=register(group))
    assert register(group).endswith("/2")


def test_a_group_that_holds_versions_is_not_deleted(group: Account) -> None:
    arn = register(group)
    code, message = group.refused("delete_model_package_group", ModelPackageGroupName=GROUP)
    assert code == "ConflictException"
    assert GROUP in message
    group.sagemaker.delete_model_package(ModelPackageName=arn)
    group.sagemaker.delete_model_package_group(ModelPackageGroupName=GROUP)


def test_a_version_needs_a_group_that_exists(account: Account) -> None:
    code, message = account.refused(
        "create_model_package", ModelPackageGroupName="nobody", **model_package(account)
    )
    assert code == "ValidationException"
    assert message.endswith("does not exist.")


@pytest.mark.parametrize("names", [{}, {"ModelPackageName": "a", "ModelPackageGroupName": GROUP}])
def test_a_package_has_a_name_or_a_group(group: Account, names: dict[str, str]) -> None:
    code, _ = group.refused("create_model_package", **names, **model_package(group))
    assert code == "ValidationException"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [({}, [0]), ({"ModelPackageType": "Versioned"}, [1]), ({"ModelPackageType": "Both"}, [1, 0])],
)
def test_packages_are_listed_by_type(group: Account, asked: dict[str, str], wanted: list[int]) -> None:
    register(group)
    group.sagemaker.create_model_package(ModelPackageName="alone", **model_package(group))
    assert sorted(versions(group, **asked)) == sorted(wanted)


def test_metadata_is_added_overwritten_and_removed(group: Account) -> None:
    arn = register(group, CustomerMetadataProperties={"run": "1", "by": "me"})
    group.sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"run": "2", "more": "x"},
        CustomerMetadataPropertiesToRemove=["by"],
    )
    described = group.sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["CustomerMetadataProperties"] == {"run": "2", "more": "x"}


def test_metrics_of_a_version_are_kept(group: Account) -> None:
    source = {"ContentType": "application/json", "S3Uri": "s3://metrics/evaluation.json"}
    metrics = {"ModelQuality": {"Statistics": source}}
    described = group.sagemaker.describe_model_package(ModelPackageName=register(group, ModelMetrics=metrics))
    assert described["ModelMetrics"] == metrics


def test_several_are_described_at_once_and_the_missing_ones_named(group: Account) -> None:
    arn, other = register(group), group.arn(f"model-package/{GROUP}/9")
    answer = group.sagemaker.batch_describe_model_package(ModelPackageArnList=[arn, other])
    assert list(answer["ModelPackageSummaries"]) == [arn]
    assert list(answer["BatchDescribeModelPackageErrorMap"]) == [other]


def test_a_model_is_made_of_a_version(group: Account) -> None:
    arn = register(group)
    container = {"ModelPackageName": arn}
    group.sagemaker.create_model(ModelName="m", Containers=[container], ExecutionRoleArn=group.role)
    assert group.sagemaker.describe_model(ModelName="m")["Containers"][0]["ModelPackageName"] == arn


def test_a_model_needs_a_container(account: Account) -> None:
    code, _ = account.refused("create_model", ModelName="m", ExecutionRoleArn=account.role)
    assert code == "ValidationException"


@pytest.mark.parametrize("status", ["Approved", "Rejected"])
def test_every_change_of_approval_is_on_the_event_bus(group: Account, status: str) -> None:
    """ "SageMaker model package state change": the documented event, with its group, version and status."""
    sqs, events = group.client("sqs"), group.client("events")
    queue = sqs.create_queue(QueueName="approvals")["QueueUrl"]
    pattern = f'{{"source": ["aws.sagemaker"], "detail": {{"ModelApprovalStatus": ["{status}"]}}}}'
    events.put_rule(Name="approvals", EventPattern=pattern)
    arn = f"arn:aws:sqs:{group.region}:{group.number}:approvals"
    events.put_targets(Rule="approvals", Targets=[{"Id": "1", "Arn": arn}])
    group.sagemaker.update_model_package(ModelPackageArn=register(group), ModelApprovalStatus=status)
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert '"SageMaker Model Package State Change"' in message["Body"]
    assert f'"{GROUP}"' in message["Body"]


def test_names_of_images_are_what_was_given(group: Account) -> None:
    described = group.sagemaker.describe_model_package(ModelPackageName=register(group))
    assert described["InferenceSpecification"]["Containers"][0]["Image"] == IMAGE
