"""Names and lists of jobs, through their operations."""

from __future__ import annotations

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import lifecycle

from ..conftest import AccountContext
from .requests import processing_request, run_job


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
