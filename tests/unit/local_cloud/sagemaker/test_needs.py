"""What requests need: actions, resources and conditions, as the service's own reference has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_cloud.sagemaker import model, operations, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.needs import Need, needs_of, request_of

SAGEMAKER = "arn:aws:sagemaker:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/jobs"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
PASSED = {"iam:PassedToService": "sagemaker.amazonaws.com"}
VAGUE = [
    "GetSearchSuggestions",
    "QueryLineage",
    "Search",
    "SendPipelineExecutionStepFailure",
    "SendPipelineExecutionStepSuccess",
]
GRANTED = {"kms:GrantIsForAWSResource": "true"}


def needed(ctx: Context, operation: str, **params: Any) -> list[tuple[str, str]]:
    return [(need.action, need.resource) for need in needs_of(ctx, operation, params)]


@pytest.mark.parametrize(
    ("operation", "params", "resource"),
    [
        ("DescribeTrainingJob", {"TrainingJobName": "One"}, "training-job/One"),
        ("StopProcessingJob", {"ProcessingJobName": "one"}, "processing-job/one"),
        ("DescribeEndpoint", {"EndpointName": "Mine"}, "endpoint/mine"),
        ("UpdateEndpointWeightsAndCapacities", {"EndpointName": "mine"}, "endpoint/mine"),
        ("DescribeModelPackageGroup", {"ModelPackageGroupName": "group"}, "model-package-group/group"),
        ("CreateModelPackage", {"ModelPackageGroupName": "group"}, "model-package/group/*"),
        ("StartPipelineExecution", {"PipelineName": "mine"}, "pipeline/mine"),
        ("ListPipelineExecutions", {"PipelineName": "mine"}, "pipeline/mine"),
        ("ListModelPackages", {"ModelPackageGroupName": "group"}, "model-package-group/group"),
        ("UpdateFeatureMetadata", {"FeatureGroupName": "g", "FeatureName": "f"}, "feature-group/g"),
        ("CreateTrial", {"TrialName": "one", "ExperimentName": "e"}, "experiment-trial/one"),
        (
            "CreateDataQualityJobDefinition",
            {"JobDefinitionName": "one"},
            "data-quality-job-definition/one",
        ),
        ("CreateArtifact", {"ArtifactName": "one"}, "artifact/*"),
        ("GetRecord", {"FeatureGroupName": "reviews"}, "feature-group/reviews"),
        ("BatchPutMetrics", {"TrialComponentName": "One"}, "experiment-trial-component/one"),
        ("InvokeEndpoint", {"EndpointName": "Mine"}, "endpoint/mine"),
    ],
)
def test_an_operation_is_about_a_resource(
    ctx: Context, operation: str, params: dict[str, str], resource: str
) -> None:
    assert needed(ctx, operation, **params) == [(f"sagemaker:{operation}", f"{SAGEMAKER}:{resource}")]


@pytest.mark.parametrize("operation", ["ListTrainingJobs", "ListEndpoints", "Search", "ListModelPackages"])
def test_a_list_is_about_everything(ctx: Context, operation: str) -> None:
    assert needed(ctx, operation) == [(f"sagemaker:{operation}", "*")]


def test_metrics_are_read_of_the_resources_that_are_named(ctx: Context) -> None:
    arn = f"{SAGEMAKER}:experiment-trial-component/one"
    body = json.dumps({"MetricQueries": [{"ResourceArn": arn}]}).encode()
    operation, params = request_of("POST", "/BatchGetMetrics", {}, body)
    assert needed(ctx, operation, **params) == [("sagemaker:BatchGetMetrics", arn)]


def test_an_arn_is_the_resource(ctx: Context) -> None:
    arn = f"{SAGEMAKER}:pipeline/mine/execution/1"
    asked = needed(ctx, "StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken="x")
    assert asked == [("sagemaker:StopPipelineExecution", arn)]


def test_every_operation_served_that_is_not_a_list_is_about_something(ctx: Context) -> None:
    """None would be granted by a statement for everything alone."""
    vague = []
    for operation in sorted(operations.registered()):
        members = [name for name in model.input_members(operation) if name.endswith(("Name", "Arn", "List"))]
        given: dict[str, Any] = dict.fromkeys(members, "x")
        given.update({name: ["x"] for name in members if name.endswith("List")})
        if not operation.startswith("List") and needed(ctx, operation, **given)[0][1] == "*":
            vague.append(operation)
    assert vague == VAGUE


def test_an_endpoint_needs_its_configuration_and_the_key_of_that(ctx: Context) -> None:
    resources.create(
        ctx, "EndpointConfig", "config", {"EndpointConfigName": "config", "KmsKeyId": "1", "Tags": []}
    )
    for operation in ("CreateEndpoint", "UpdateEndpoint"):
        assert list(needs_of(ctx, operation, {"EndpointName": "mine", "EndpointConfigName": "config"})) == [
            Need(f"sagemaker:{operation}", f"{SAGEMAKER}:endpoint/mine"),
            Need(f"sagemaker:{operation}", f"{SAGEMAKER}:endpoint-config/config"),
            Need("kms:CreateGrant", KEY, GRANTED),
        ]


def test_a_job_needs_its_role_to_be_passed_and_one_of_both_to_grant_the_key_of_its_volumes(
    ctx: Context,
) -> None:
    config = {"ClusterConfig": {"VolumeKmsKeyId": KEY}}
    request = {"ProcessingJobName": "one", "RoleArn": ROLE, "ProcessingResources": config}
    assert list(needs_of(ctx, "CreateProcessingJob", request)) == [
        Need("sagemaker:CreateProcessingJob", f"{SAGEMAKER}:processing-job/one"),
        Need("kms:CreateGrant", KEY, GRANTED, or_role=ROLE),
        Need("iam:PassRole", ROLE, PASSED),
    ]


def test_roles_are_found_where_they_are(ctx: Context) -> None:
    definition = {"RoleArn": ROLE, "AlgorithmSpecification": {}}
    asked = needed(
        ctx,
        "CreateHyperParameterTuningJob",
        HyperParameterTuningJobName="one",
        TrainingJobDefinition=definition,
    )
    assert ("iam:PassRole", ROLE) in asked


def test_a_model_of_a_package_needs_the_package(ctx: Context) -> None:
    package = f"{SAGEMAKER}:model-package/group/1"
    container = {"ModelPackageName": package}
    asked = needed(ctx, "CreateModel", ModelName="one", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    assert asked == [
        ("sagemaker:CreateModel", f"{SAGEMAKER}:model/one"),
        ("sagemaker:CreateModel", package),
        ("iam:PassRole", ROLE),
    ]


def test_a_package_needs_its_model_to_be_found(ctx: Context) -> None:
    containers = [{"Image": "x", "ModelDataUrl": "s3://bucket/a/model.tar.gz"}]
    asked = needed(
        ctx,
        "CreateModelPackage",
        ModelPackageGroupName="g",
        InferenceSpecification={"Containers": containers},
    )
    assert asked[1:] == [("s3:GetObject", "arn:aws:s3:::bucket/a/model.tar.gz")]


def test_tags_are_conditions_and_a_right_of_their_own(ctx: Context) -> None:
    tags = [{"Key": "team", "Value": "a"}]
    conditions = {"aws:RequestTag/team": "a", "aws:TagKeys": ["team"]}
    group = f"{SAGEMAKER}:model-package-group/g"
    request = {"ModelPackageGroupName": "g", "Tags": tags}
    assert list(needs_of(ctx, "CreateModelPackageGroup", request)) == [
        Need("sagemaker:CreateModelPackageGroup", group, conditions),
        Need("sagemaker:AddTags", group, conditions),
    ]
    resources.set_tags(ctx, group, tags)
    (need,) = needs_of(ctx, "DescribeModelPackageGroup", {"ModelPackageGroupName": "g"})
    assert need.conditions == {"aws:ResourceTag/team": "a", "sagemaker:ResourceTag/team": "a"}


def test_a_batch_needs_each_of_its_groups_and_to_put_records(ctx: Context) -> None:
    entries: list[dict[str, Any]] = [{"FeatureGroupName": name, "Record": []} for name in ("a", "b", "a")]
    assert needed(ctx, "BatchWriteRecord", Entries=entries) == [
        ("sagemaker:BatchWriteRecord", f"{SAGEMAKER}:feature-group/a"),
        ("sagemaker:PutRecord", f"{SAGEMAKER}:feature-group/a"),
        ("sagemaker:BatchWriteRecord", f"{SAGEMAKER}:feature-group/b"),
        ("sagemaker:PutRecord", f"{SAGEMAKER}:feature-group/b"),
    ]


def test_records_of_an_encrypted_group_need_its_key(ctx: Context) -> None:
    store = {"OnlineStoreConfig": {"SecurityConfig": {"KmsKeyId": "1"}}, "Tags": []}
    resources.create(ctx, "FeatureGroup", "g", {"FeatureGroupName": "g", **store})
    assert needed(ctx, "GetRecord", FeatureGroupName="g")[1:] == [("kms:Decrypt", KEY)]


@pytest.mark.parametrize(
    ("method", "path", "operation", "params"),
    [
        ("POST", "/endpoints/a/invocations", "InvokeEndpoint", {"EndpointName": "a"}),
        ("POST", "/endpoints/a/async-invocations", "InvokeEndpointAsync", {"EndpointName": "a"}),
        ("PUT", "/FeatureGroup/g", "PutRecord", {"FeatureGroupName": "g"}),
        ("GET", "/FeatureGroup/arn:aws:x:feature-group%2Fg", "GetRecord", {"FeatureGroupName": None}),
        ("DELETE", "/FeatureGroup/g", "DeleteRecord", {"FeatureGroupName": "g"}),
        ("POST", "/FeatureGroup/g/ListRecords", "ListRecords", {"FeatureGroupName": "g"}),
        ("POST", "/FeatureGroup/g/Record", "UpdateRecord", {"FeatureGroupName": "g"}),
        ("GET", "/elsewhere", "", {}),
    ],
)
def test_a_path_says_which_operation_it_is(
    method: str, path: str, operation: str, params: dict[str, Any]
) -> None:
    found = request_of(method, path, {}, b"")
    wanted = {key: value or "arn:aws:x:feature-group/g" for key, value in params.items()}
    assert found == (operation, wanted)


def test_a_target_says_which_operation_it_is() -> None:
    target = {"x-amz-target": "SageMaker.ListModels"}
    assert request_of("POST", "/", target, json.dumps({"MaxResults": 1}).encode()) == (
        "ListModels",
        {"MaxResults": 1},
    )
    assert request_of("POST", "/", target, b"{") == ("ListModels", {})  # the service says what is wrong
    batch = json.dumps({"Entries": []}).encode()
    assert request_of("POST", "/BatchWriteRecord", {}, batch) == ("BatchWriteRecord", {"Entries": []})
