"""The model registry and the lists of all kinds on a running local cloud, by boto3 and its paginators."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import ACCOUNT, REGION, Cloud, until

pytestmark = pytest.mark.integration

ROLE = f"arn:aws:iam::{ACCOUNT}:role/registry"
PREFIX = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
SPECIFICATION = {"Containers": [{"Image": "image", "ModelDataUrl": "s3://registry-test/model.tar.gz"}]}
# What an operation cannot be called without, of the things that `things` makes.
SUBJECTS: dict[str, dict[str, str]] = {
    "ListTags": {"ResourceArn": f"{PREFIX}:model-package-group/registry-0"},
    "ListPipelineExecutions": {"PipelineName": "registry-0"},
    "ListPipelineVersions": {"PipelineName": "registry-0"},
    "ListModelCardVersions": {"ModelCardName": "registry-0"},
    "Search": {"Resource": "ModelPackageGroup"},
}
# These list what a run has made: they are walked where runs are made.
_OF_RUNS = {
    "ListPipelineExecutionSteps",
    "ListPipelineParametersForExecution",
    "ListTrainingJobsForHyperParameterTuningJob",
}


def _paginated() -> list[str]:
    """The operations that botocore has a paginator for."""
    folder = Path(botocore.__file__).parent / "data" / "sagemaker" / "2017-07-24"
    return sorted(json.loads((folder / "paginators-1.json").read_text())["pagination"])


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> Any:
    return cloud.client("sagemaker")


@pytest.fixture(scope="module")
def served(cloud: Cloud) -> dict[str, str]:
    where = f"{cloud.url}/_local_cloud/coverage"
    with urllib.request.urlopen(where, timeout=10) as answer:  # noqa: S310 - loopback
        return dict(json.load(answer))


@pytest.fixture(scope="module")
def things(client: Any) -> int:
    """Three of everything that is made at once; returns how many."""
    source = {"SourceUri": "arn:registry"}
    definition = {
        "Version": "2020-12-01",
        "Steps": [{"Name": "No", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}],
    }
    tags = [{"Key": f"k{at}", "Value": "v"} for at in range(3)]
    for at in range(3):
        name = f"registry-{at}"
        client.create_model_package_group(ModelPackageGroupName=name, Tags=tags)
        client.create_model_package(ModelPackageName=name, InferenceSpecification=SPECIFICATION)
        client.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
        client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"})
        variant = {"VariantName": "v", "ModelName": name, "InitialInstanceCount": 1}
        variants = [{**variant, "InstanceType": "ml.m5.large"}]
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
        client.create_artifact(ArtifactType="DataSet", Source={"SourceUri": f"s3://registry-test/{at}"})
        client.create_action(ActionName=name, ActionType="Step", Source=source)
        client.create_context(ContextName=name, ContextType="Project", Source=source)
        client.add_association(SourceArn=f"{PREFIX}:action/{name}", DestinationArn=f"{PREFIX}:context/{name}")
        client.create_experiment(ExperimentName=name)
        client.create_trial(TrialName=name, ExperimentName=name)
        client.create_trial_component(TrialComponentName=name)
        client.create_pipeline(
            PipelineName=name,
            PipelineDefinition=json.dumps(definition),
            RoleArn=ROLE,
            ClientRequestToken=f"{name}-{'t' * 32}",
        )
        client.update_model_card(ModelCardName="registry-0", Content=json.dumps({"at": at}))
    return 3


def test_every_paginator_of_what_is_served_gives_everything_once(
    client: Any, served: dict[str, str], things: int
) -> None:
    walked = [name for name in _paginated() if served[name] != "refused" and name not in _OF_RUNS]
    assert {"ListModels", "ListModelPackageGroups", "Search", "ListAssociations"} <= set(walked)
    counted: dict[str, int] = {}
    for name in walked:
        paginator = client.get_paginator(botocore.xform_name(name))
        asked = client.meta.service_model.operation_model(name).input_shape.members["MaxResults"]
        size = max(2, asked.metadata.get("min", 1))
        pages = paginator.paginate(**SUBJECTS.get(name, {}), PaginationConfig={"PageSize": size})
        found = [json.dumps(one, default=str, sort_keys=True) for one in pages.search(_key(paginator))]
        assert len(found) == len(set(found)), name
        counted[name] = len(found)
    made_by_jobs_and_others = {name for name, count in counted.items() if count < things}
    assert made_by_jobs_and_others <= {
        "ListEndpoints",
        "ListFeatureGroups",
        "ListHyperParameterTuningJobs",
        "ListInferenceComponents",
        "ListPipelineExecutions",
        "ListPipelineVersions",
        "ListProcessingJobs",
        "ListTrainingJobs",
        "ListTransformJobs",
    }


def test_every_order_of_every_list_is_honoured(client: Any, served: dict[str, str], things: int) -> None:
    lists = {name for name in served if name.startswith("List") and served[name] != "refused"} - _OF_RUNS
    sorted_by_name = 0
    for name in sorted(lists):
        asked = client.meta.service_model.operation_model(name).input_shape.members
        if not {"SortBy", "SortOrder"} <= asked.keys():
            continue
        paginator = client.get_paginator(botocore.xform_name(name))
        key = paginator.result_keys[0].expression
        for field in asked["SortBy"].enum:
            given = {**SUBJECTS.get(name, {}), "SortBy": field}
            up, down = (
                paginator.paginate(**given, SortOrder=order).build_full_result()[key]
                for order in ("Ascending", "Descending")
            )
            assert sorted(map(str, up)) == sorted(map(str, down)), (name, field)
            member = f"{name.removeprefix('List').removesuffix('s')}Name"
            names = [one[member] for one in up if member in one]
            if field == "Name" and names:
                assert names == sorted(names), name
                assert [one[member] for one in down] == names[::-1], name
                sorted_by_name += 1
    assert sorted_by_name >= 10


def _key(paginator: Any) -> str:
    return str(paginator.result_keys[0].expression) + "[]"


def test_what_is_not_served_says_so_and_where_the_list_is(client: Any, served: dict[str, str]) -> None:
    assert served["CreateLabelingJob"] == "refused"
    with pytest.raises(ClientError) as caught:
        client.list_labeling_jobs()
    error, status = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert (error["Code"], status["HTTPStatusCode"]) == ("UnsupportedOperation", 400)
    assert "does not serve ListLabelingJobs" in error["Message"]
    assert "/_local_cloud/coverage" in error["Message"]


@pytest.fixture(scope="module")
def queue(cloud: Cloud) -> str:
    """A queue that hears of model packages of the group ``told``."""
    url = str(cloud.client("sqs").create_queue(QueueName="registry")["QueueUrl"])
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:registry"
    pattern = {"source": ["aws.sagemaker"], "detail": {"ModelPackageGroupName": ["told"]}}
    events = cloud.client("events")
    events.put_rule(Name="registry", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="registry", Targets=[{"Id": "q", "Arn": arn}])
    return url


def test_a_change_of_a_package_is_an_event_that_says_what_changed(
    cloud: Cloud, client: Any, queue: str
) -> None:
    client.create_model_package_group(ModelPackageGroupName="told")
    arn = client.create_model_package(
        ModelPackageGroupName="told",
        InferenceSpecification=SPECIFICATION,
        ModelLifeCycle={"Stage": "Development", "StageStatus": "Done"},
    )["ModelPackageArn"]
    client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    client.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"seen": "yes"})
    heard: list[dict[str, Any]] = []
    sqs = cloud.client("sqs")

    def listen() -> list[dict[str, Any]]:
        got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for one in got:
            heard.append(json.loads(one["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
        return heard

    until(listen, lambda found: len(found) >= 3)
    assert {one["detail-type"] for one in heard} == {"SageMaker Model Package State Change"}
    assert {one["resources"][0] for one in heard} == {arn}
    edited = [one["detail"].get("UpdatedModelPackageFields") for one in heard]
    assert sorted(edited, key=str) == [None, ["CustomerMetadataProperties"], ["ModelApprovalStatus"]]


def test_a_group_is_deleted_when_it_is_empty(client: Any) -> None:
    client.create_model_package_group(ModelPackageGroupName="short")
    arn = client.create_model_package(ModelPackageGroupName="short", InferenceSpecification=SPECIFICATION)[
        "ModelPackageArn"
    ]
    assert arn == f"{PREFIX}:model-package/short/1"
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_model_package_group(ModelPackageGroupName="short")
    client.delete_model_package(ModelPackageName=arn)
    client.delete_model_package_group(ModelPackageGroupName="short")
    with pytest.raises(ClientError, match="does not exist"):
        client.describe_model_package_group(ModelPackageGroupName="short")
