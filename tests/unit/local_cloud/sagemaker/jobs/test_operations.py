"""Names and lists of jobs, through their operations."""

from __future__ import annotations

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import lifecycle

from ..conftest import AccountContext
from .requests import processing_request, run_job, running, training_request


def test_a_name_is_used_once_and_an_ended_job_cannot_be_stopped(ctx: AccountContext) -> None:
    run_job(ctx, lifecycle.PROCESSING, processing_request())
    with pytest.raises(ServiceError) as caught:
        operations.call(ctx, "CreateProcessingJob", processing_request())
    assert caught.value.code == "ResourceInUse"
    with pytest.raises(ServiceError, match="the processing job is in status Completed"):
        operations.call(ctx, "StopProcessingJob", {"ProcessingJobName": "job"})


def test_jobs_are_listed_by_status_and_name(ctx: AccountContext) -> None:
    for name, script in (("good-1", "true"), ("bad", "false"), ("good-2", "true")):
        run_job(ctx, lifecycle.PROCESSING, processing_request(name, script))
    found = operations.call(ctx, "ListProcessingJobs", {"StatusEquals": "Completed", "NameContains": "good"})
    names = [one["ProcessingJobName"] for one in found["ProcessingJobSummaries"]]
    assert sorted(names) == ["good-1", "good-2"]


def test_an_ended_job_can_be_deleted_and_its_name_used_again(ctx: AccountContext) -> None:
    run = running(ctx, lifecycle.PROCESSING, processing_request(script="sleep 600"))
    with pytest.raises(ServiceError, match="only a job that has ended can be deleted"):
        operations.call(ctx, "DeleteProcessingJob", {"ProcessingJobName": "job"})
    operations.call(ctx, "StopProcessingJob", {"ProcessingJobName": "job"})
    assert run.done.wait(30)
    operations.call(ctx, "DeleteProcessingJob", {"ProcessingJobName": "job"})
    assert run_job(ctx, lifecycle.PROCESSING, processing_request())["ProcessingJobStatus"] == "Completed"


def test_a_training_job_is_not_changed_after_its_start(ctx: AccountContext) -> None:
    run_job(ctx, lifecycle.TRAINING, training_request(entrypoint=["/bin/true"]))
    change = {"TrainingJobName": "train", "ResourceConfig": {"KeepAlivePeriodInSeconds": 9}}
    with pytest.raises(ServiceError, match="asked to change ResourceConfig"):
        operations.call(ctx, "UpdateTrainingJob", change)


def test_training_jobs_are_listed_by_their_warm_pool(ctx: AccountContext) -> None:
    run_job(ctx, lifecycle.TRAINING, training_request("cold", ["/bin/true"]))
    cluster = training_request()["ResourceConfig"]
    warm = training_request("warm", ["/bin/true"], ResourceConfig={**cluster, "KeepAlivePeriodInSeconds": 60})
    run_job(ctx, lifecycle.TRAINING, warm)
    found = operations.call(ctx, "ListTrainingJobs", {"WarmPoolStatusEquals": "Terminated"})
    assert [one["TrainingJobName"] for one in found["TrainingJobSummaries"]] == ["warm"]
