"""Create, Describe, List and Stop of processing and training jobs."""

from __future__ import annotations

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.jobs import lifecycle, processing, training
from local_cloud.sagemaker.operations import Params, operation


@operation("CreateProcessingJob")
def create_processing_job(ctx: Context, params: Params) -> Params:
    """Check and start a processing job."""
    processing.check(params)
    name = params["ProcessingJobName"]
    lifecycle.start(ctx, lifecycle.PROCESSING, name, params, processing.work)
    return resources.get(ctx, "ProcessingJob", name)


@operation("DescribeProcessingJob")
def describe_processing_job(ctx: Context, params: Params) -> Params:
    """The record of a processing job."""
    return resources.get(ctx, "ProcessingJob", params["ProcessingJobName"])


@operation("ListProcessingJobs")
def list_processing_jobs(ctx: Context, params: Params) -> Params:
    """Processing jobs by name, status and time."""
    return _list(ctx, "ListProcessingJobs", "ProcessingJob", params)


@operation("StopProcessingJob")
def stop_processing_job(ctx: Context, params: Params) -> Params:
    """Stop a processing job; its outputs are not uploaded."""
    lifecycle.stop(ctx, lifecycle.PROCESSING, params["ProcessingJobName"])
    return {}


@operation("CreateTrainingJob")
def create_training_job(ctx: Context, params: Params) -> Params:
    """Check and start a training job."""
    training.check(params)
    name = params["TrainingJobName"]
    lifecycle.start(ctx, lifecycle.TRAINING, name, {**params, "SecondaryStatus": "Starting"}, training.work)
    return resources.get(ctx, "TrainingJob", name)


@operation("DescribeTrainingJob")
def describe_training_job(ctx: Context, params: Params) -> Params:
    """The record of a training job; its metrics grow while it runs."""
    return resources.get(ctx, "TrainingJob", params["TrainingJobName"])


@operation("ListTrainingJobs")
def list_training_jobs(ctx: Context, params: Params) -> Params:
    """Training jobs by name, status and time."""
    return _list(ctx, "ListTrainingJobs", "TrainingJob", params)


@operation("StopTrainingJob")
def stop_training_job(ctx: Context, params: Params) -> Params:
    """Stop a training job; what it has saved as model is uploaded."""
    lifecycle.stop(ctx, lifecycle.TRAINING, params["TrainingJobName"])
    return {}


def _list(ctx: Context, operation_name: str, kind: str, params: Params) -> Params:
    records = ctx.store.list(kind)
    return listing.respond(operation_name, params, records, name=f"{kind}Name", status=f"{kind}Status")
