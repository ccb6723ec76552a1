"""Records by the service model alone: create, describe, list, update, delete, tags."""

from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError

ROLE = "arn:aws:iam::123456789012:role/r"


def _call(ctx: Context, name: str, **params: Any) -> dict[str, Any]:
    return operations.call(ctx, name, params)


def _models(ctx: Context, *names: str) -> None:
    for name in names:
        _call(ctx, "CreateModel", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"})


def _variant(name: str, model: str) -> dict[str, Any]:
    return {"VariantName": name, "ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}


def test_a_resource_lives_from_create_to_delete(ctx: Context) -> None:
    _models(ctx, "Big-Model")
    described = _call(ctx, "DescribeModel", ModelName="Big-Model")
    assert described["ModelArn"] == "arn:aws:sagemaker:us-east-1:123456789012:model/big-model"
    assert described["CreationTime"].tzinfo is not None
    assert _call(ctx, "DescribeModel", ModelName="big-model")["ModelName"] == "Big-Model"
    _call(ctx, "DeleteModel", ModelName="Big-Model")
    assert _call(ctx, "ListModels") == {"Models": []}


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("DescribeModel", {"ModelName": "none"}, "ValidationException"),
        ("DeleteEndpointConfig", {"EndpointConfigName": "none"}, "ValidationException"),
        ("DescribePipeline", {"PipelineName": "none"}, "ResourceNotFound"),
        ("DescribeTrainingJob", {"TrainingJobName": "none"}, "ValidationException"),
        ("DescribeModelPackageGroup", {"ModelPackageGroupName": "none"}, "ValidationException"),
        (
            "ListTags",
            {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:model/none"},
            "ValidationException",
        ),
        ("CreateModel", {"ModelName": "taken"}, "ValidationException"),
        ("StartMlflowTrackingServer", {"TrackingServerName": "x"}, "UnsupportedOperation"),
        ("MakeCoffee", {}, "UnknownOperationException"),
    ],
)
def test_errors_carry_the_code_of_the_service(
    ctx: Context, operation: str, params: dict[str, Any], code: str
) -> None:
    _models(ctx, "taken")
    with pytest.raises(ServiceError) as caught:
        operations.call(ctx, operation, params)
    assert caught.value.code == code


def test_names_that_differ_in_case_are_one(ctx: Context) -> None:
    _models(ctx, "Big-Model")
    with pytest.raises(ServiceError, match="already existing model"):
        _models(ctx, "big-model")
    _call(ctx, "DeleteModel", ModelName="big-model")
    _models(ctx, "big-model")
    assert [one["ModelName"] for one in _call(ctx, "ListModels")["Models"]] == ["big-model"]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({}, "exactly one of PrimaryContainer and Containers"),
        ({"PrimaryContainer": {"Image": "i"}, "Containers": [{"Image": "i"}]}, "exactly one"),
        ({"PrimaryContainer": {"Image": "i", "ModelPackageName": "p"}}, "exactly one of Image"),
        ({"PrimaryContainer": {"ModelPackageName": "group/4"}}, "group/4"),
    ],
)
def test_a_model_has_containers_of_what_exists(ctx: Context, params: dict[str, Any], reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        _call(ctx, "CreateModel", ModelName="m", ExecutionRoleArn=ROLE, **params)


def test_models_are_announced(ctx: Context, events: list[Any]) -> None:
    _models(ctx, "m")
    _call(ctx, "DeleteModel", ModelName="m")
    assert [kind for kind, _ in events] == ["SageMaker Model State Change"] * 2
    assert events[0][1]["ModelName"] == "m"


def test_lists_come_in_pages(ctx: Context) -> None:
    _models(ctx, "a", "b", "c", "d", "e")
    pages, token = [], {}
    while True:
        page = _call(ctx, "ListModels", MaxResults=2, SortBy="Name", SortOrder="Ascending", **token)
        pages.append([one["ModelName"] for one in page["Models"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == [["a", "b"], ["c", "d"], ["e"]]
    with pytest.raises(ServiceError, match="NextToken"):
        _call(ctx, "ListModels", NextToken="bm8=")


def test_lists_are_sorted_and_filtered_as_asked(ctx: Context) -> None:
    _models(ctx, "cat-1", "dog-1", "cat-2")
    newest_first = _call(ctx, "ListModels", NameContains="CAT")["Models"]
    assert [one["ModelName"] for one in newest_first] == ["cat-2", "cat-1"]
    created = _call(ctx, "DescribeModel", ModelName="dog-1")["CreationTime"]
    later = _call(ctx, "ListModels", CreationTimeAfter=created)["Models"]
    assert [one["ModelName"] for one in later] == ["cat-2"]


def test_an_endpoint_config_needs_its_models_and_distinct_variants(ctx: Context) -> None:
    with pytest.raises(ServiceError, match=r'Could not find model "arn:\S+:model/m"'):
        _call(ctx, "CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[_variant("v", "m")])
    _models(ctx, "m")
    twice = [_variant("v", "m"), _variant("v", "m")]
    with pytest.raises(ServiceError, match="unique.*v"):
        _call(ctx, "CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=twice)
    _call(ctx, "CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[_variant("v", "m")])
    variants = _call(ctx, "DescribeEndpointConfig", EndpointConfigName="c")["ProductionVariants"]
    assert variants == [_variant("v", "m")]


def test_tags_are_added_overwritten_and_removed(ctx: Context) -> None:
    _models(ctx, "m")
    arn = _call(ctx, "DescribeModel", ModelName="m")["ModelArn"]
    _call(ctx, "AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    _call(ctx, "AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    _call(ctx, "DeleteTags", ResourceArn=arn, TagKeys=["b"])
    assert _call(ctx, "ListTags", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    too_many = [{"Key": str(at), "Value": ""} for at in range(50)]
    with pytest.raises(ServiceError, match="51 tags"):
        _call(ctx, "AddTags", ResourceArn=arn, Tags=too_many)


def test_resource_is_found_by_its_arn_however_it_is_spelt(ctx: Context) -> None:
    for name in ("plain", "CamelCase"):
        _call(ctx, "CreateModelPackageGroup", ModelPackageGroupName=name)
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/{name.lower()}"
        found = _call(ctx, "DescribeModelPackageGroup", ModelPackageGroupName=arn)
        assert (found["ModelPackageGroupName"], found["ModelPackageGroupArn"]) == (name, arn)
    elsewhere = "arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/plain"
    with pytest.raises(ServiceError, match="does not exist"):
        _call(ctx, "DescribeModelPackageGroup", ModelPackageGroupName=elsewhere)


def test_tags_end_with_their_resource(ctx: Context) -> None:
    tags = [{"Key": "a", "Value": "1"}]
    _call(ctx, "CreateModelPackageGroup", ModelPackageGroupName="g", Tags=tags)
    _call(ctx, "DeleteModelPackageGroup", ModelPackageGroupName="g")
    arn = _call(ctx, "CreateModelPackageGroup", ModelPackageGroupName="g")["ModelPackageGroupArn"]
    assert _call(ctx, "ListTags", ResourceArn=arn)["Tags"] == []
