"""Operations beside the usual four: deleted jobs, policies, metadata, search, versions and retries."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.conftest import until

from .conftest import Account
from .kinds import KINDS, Kind
from .makers import definition, feature_group, model_package
from .test_pipelines import create, ended, token

ENDED = ("Completed", "Failed", "Stopped")
JOBS = {kind.name: kind for kind in KINDS if kind.name.endswith("Job")}
READ = {"Effect": "Allow", "Principal": "*", "Action": "sagemaker:Describe*", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [READ]})


def finished(account: Account, kind: Kind, name: str = "one") -> dict[str, Any]:
    def read() -> dict[str, Any]:
        return kind.call(account, "Describe", **{kind.id: name})

    return dict(until(read, lambda found: found[f"{kind.name}Status"] in ENDED))


@pytest.mark.parametrize("name", ["ProcessingJob", "TrainingJob", "HyperParameterTuningJob"])
def test_a_job_that_has_ended_is_deleted_and_its_name_can_be_used_again(account: Account, name: str) -> None:
    """As the API reference says of DeleteTrainingJob."""
    kind = JOBS[name]
    kind.make(account, "one")
    finished(account, kind)
    kind.call(account, "Delete", **{kind.id: "one"})
    assert kind.summaries(kind.call(account, "List")) == []
    kind.make(account, "one")
    finished(account, kind)


def test_a_job_that_runs_is_not_deleted(account: Account) -> None:
    kind = JOBS["ProcessingJob"]
    params = kind.params(account)
    params["AppSpecification"]["ContainerEntrypoint"] = ["sleep", "60"]
    account.sagemaker.create_processing_job(ProcessingJobName="one", **params)
    code, _ = account.refused("delete_processing_job", ProcessingJobName="one")
    assert code in ("ResourceInUse", "ValidationException")
    account.sagemaker.stop_processing_job(ProcessingJobName="one")
    finished(account, kind)


@pytest.mark.parametrize("name", ["TransformJob", "HyperParameterTuningJob"])
def test_a_job_that_has_ended_is_not_stopped(account: Account, name: str) -> None:
    kind = JOBS[name]
    kind.make(account, "one")
    finished(account, kind)
    code, _ = account.refused(f"stop_{_snake(name)}", **{kind.id: "one"})
    assert code == "ValidationException"


def _snake(name: str) -> str:
    return {"TransformJob": "transform_job"}.get(name, "hyper_parameter_tuning_job")


def test_the_training_jobs_of_a_tuning_job_are_listed(account: Account) -> None:
    kind = JOBS["HyperParameterTuningJob"]
    kind.make(account, "one")
    finished(account, kind)
    listed = account.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job
    (trial,) = listed(HyperParameterTuningJobName="one")["TrainingJobSummaries"]
    assert 0.1 <= float(trial["TunedHyperParameters"]["rate"]) <= 0.2
    described = account.sagemaker.describe_training_job(TrainingJobName=trial["TrainingJobName"])
    assert described["TuningJobArn"] == account.arn("hyper-parameter-tuning-job/one")


def test_the_policy_of_a_group_is_kept_and_deleted(account: Account) -> None:
    sagemaker = account.sagemaker
    sagemaker.create_model_package_group(ModelPackageGroupName="g")
    code, message = account.refused("get_model_package_group_policy", ModelPackageGroupName="g")
    assert (code, message[:28]) == ("ValidationException", "Cannot find resource policy ")
    sagemaker.put_model_package_group_policy(ModelPackageGroupName="g", ResourcePolicy=POLICY)
    found = sagemaker.get_model_package_group_policy(ModelPackageGroupName="g")["ResourcePolicy"]
    assert json.loads(found) == json.loads(POLICY)
    sagemaker.delete_model_package_group_policy(ModelPackageGroupName="g")
    assert account.refused("get_model_package_group_policy", ModelPackageGroupName="g")[0] == code


def test_the_policy_of_a_group_that_is_not_there_is_missed(account: Account) -> None:
    """The Terraform provider knows it by this code and these words."""
    code, message = account.refused("get_model_package_group_policy", ModelPackageGroupName="none")
    assert code == "ValidationException"
    assert "Cannot find Model Package Group" in message


def test_what_is_known_of_a_feature_is_kept(account: Account) -> None:
    sagemaker = account.sagemaker
    sagemaker.create_feature_group(FeatureGroupName="g", **feature_group(account))
    sagemaker.update_feature_metadata(
        FeatureGroupName="g",
        FeatureName="stars",
        Description="one to five",
        ParameterAdditions=[{"Key": "unit", "Value": "stars"}, {"Key": "old", "Value": "1"}],
    )
    sagemaker.update_feature_metadata(FeatureGroupName="g", FeatureName="stars", ParameterRemovals=["old"])
    found = sagemaker.describe_feature_metadata(FeatureGroupName="g", FeatureName="stars")
    assert (found["FeatureType"], found["Description"]) == ("Integral", "one to five")
    assert found["Parameters"] == [{"Key": "unit", "Value": "stars"}]
    got = account.refused("describe_feature_metadata", FeatureGroupName="g", FeatureName="none")
    assert got[0] == "ResourceNotFound"


def _groups(account: Account, expression: dict[str, Any], **more: Any) -> list[str]:
    found = account.sagemaker.search(Resource="ModelPackageGroup", SearchExpression=expression, **more)
    return [one["ModelPackageGroup"]["ModelPackageGroupName"] for one in found["Results"]]


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("Equals", "reviews-a", ["reviews-a"]),
        ("NotEquals", "reviews-a", ["other", "reviews-b"]),
        ("Contains", "reviews", ["reviews-a", "reviews-b"]),
        ("In", "reviews-a,other", ["other", "reviews-a"]),
    ],
)
def test_resources_are_searched_by_their_properties(
    account: Account, operator: str, value: str, found: list[str]
) -> None:
    for name in ("reviews-a", "reviews-b", "other"):
        account.sagemaker.create_model_package_group(ModelPackageGroupName=name)
    search = {"Name": "ModelPackageGroupName", "Operator": operator, "Value": value}
    assert sorted(_groups(account, {"Filters": [search]})) == found


def test_searches_are_joined_sorted_and_paged(account: Account) -> None:
    for name in ("a", "b", "c"):
        account.sagemaker.create_model_package_group(ModelPackageGroupName=name)
    names = [{"Name": "ModelPackageGroupName", "Operator": "Equals", "Value": name} for name in ("a", "b")]
    order = {"SortBy": "ModelPackageGroupName", "SortOrder": "Descending"}
    assert _groups(account, {"Filters": names, "Operator": "Or"}, **order) == ["b", "a"]
    assert _groups(account, {"Filters": names, "Operator": "And"}) == []
    everything = account.sagemaker.get_paginator("search").paginate(
        Resource="ModelPackageGroup", PaginationConfig={"PageSize": 2}
    )
    assert sum(len(page["Results"]) for page in everything) == 3


def test_properties_to_search_by_are_suggested(account: Account) -> None:
    account.sagemaker.create_experiment(ExperimentName="e")
    query = {"PropertyNameQuery": {"PropertyNameHint": "ExperimentN"}}
    found = account.sagemaker.get_search_suggestions(Resource="Experiment", SuggestionQuery=query)
    assert {"PropertyName": "ExperimentName"} in found["PropertyNameSuggestions"]


def test_packages_are_found_by_approval(account: Account) -> None:
    account.sagemaker.create_model_package_group(ModelPackageGroupName="g")
    for status in ("Approved", "Rejected"):
        account.sagemaker.create_model_package(
            ModelPackageGroupName="g", ModelApprovalStatus=status, **model_package(account)
        )
    approved = {"Name": "ModelApprovalStatus", "Operator": "Equals", "Value": "Approved"}
    found = account.sagemaker.search(Resource="ModelPackage", SearchExpression={"Filters": [approved]})
    assert [one["ModelPackage"]["ModelPackageVersion"] for one in found["Results"]] == [1]


def test_every_definition_of_a_pipeline_is_a_version(account: Account) -> None:
    create(account, definition())
    text = definition(Parameters=[])
    account.sagemaker.update_pipeline(PipelineName="p", PipelineDefinition=text)
    arn = account.arn("pipeline/p")
    listed = account.sagemaker.list_pipeline_versions(PipelineName="p")["PipelineVersionSummaries"]
    assert sorted(one["PipelineVersionId"] for one in listed) == [1, 2]
    account.sagemaker.update_pipeline_version(
        PipelineArn=arn, PipelineVersionId=1, PipelineVersionDisplayName="first"
    )
    old = account.sagemaker.describe_pipeline(PipelineName="p", PipelineVersionId=1)
    assert (old["PipelineVersionDisplayName"], old["PipelineDefinition"]) == ("first", definition())


def test_a_trial_is_renamed(account: Account) -> None:
    account.sagemaker.create_experiment(ExperimentName="e")
    account.sagemaker.create_trial(TrialName="t", ExperimentName="e")
    account.sagemaker.update_trial(TrialName="t", DisplayName="T")
    assert account.sagemaker.describe_trial(TrialName="t")["DisplayName"] == "T"


def test_a_failed_execution_is_retried(account: Account) -> None:
    create(account, definition())
    started = account.sagemaker.start_pipeline_execution(PipelineName="p", ClientRequestToken=token())
    arn = started["PipelineExecutionArn"]
    assert ended(account, arn)["PipelineExecutionStatus"] == "Failed"
    again = account.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=token())
    assert again["PipelineExecutionArn"] == arn
    assert ended(account, arn)["PipelineExecutionStatus"] == "Failed"


@pytest.fixture
def waiting(account: Account) -> tuple[Account, str, str]:
    """An execution whose callback step waits; its ARN, and the token that its message carries."""
    sqs = account.client("sqs")
    queue = sqs.create_queue(QueueName="work")["QueueUrl"]
    step = {
        "Name": "Ask",
        "Type": "Callback",
        "SqsQueueUrl": queue,
        "Arguments": {"question": "go on?"},
        "OutputParameters": [{"OutputName": "answer", "OutputType": "String"}],
    }
    create(account, definition(step))
    started = account.sagemaker.start_pipeline_execution(PipelineName="p", ClientRequestToken=token())
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    body = json.loads(message["Body"])
    assert body["arguments"] == {"question": "go on?"}
    return account, started["PipelineExecutionArn"], body["token"]


def _succeed(account: Account, callback: str) -> None:
    account.sagemaker.send_pipeline_execution_step_success(
        CallbackToken=callback, OutputParameters=[{"Name": "answer", "Value": "yes"}]
    )


def _fail(account: Account, callback: str) -> None:
    account.sagemaker.send_pipeline_execution_step_failure(CallbackToken=callback, FailureReason="no")


@pytest.mark.parametrize(("send", "status"), [(_succeed, "Succeeded"), (_fail, "Failed")])
def test_a_callback_ends_its_step(
    waiting: tuple[Account, str, str], send: Callable[[Account, str], None], status: str
) -> None:
    account, arn, callback = waiting
    send(account, callback)
    assert ended(account, arn)["PipelineExecutionStatus"] == status
    steps = account.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)
    (step,) = steps["PipelineExecutionSteps"]
    assert step["StepStatus"] == status
    assert step["Metadata"]["Callback"]["CallbackToken"] == callback


def test_a_token_that_no_step_has_ends_nothing(account: Account) -> None:
    code, _ = account.refused("send_pipeline_execution_step_success", CallbackToken="abcdefghij")
    assert code in ("ResourceNotFound", "ValidationException")
