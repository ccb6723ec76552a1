"""Reading the logs of jobs and endpoints where SageMaker puts them: CloudWatch Logs."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from bertline.errors import BertlineError
from bertline.target import Target
from bertline.watch import Step

GROUPS = {"processing-job": "/aws/sagemaker/ProcessingJobs", "training-job": "/aws/sagemaker/TrainingJobs"}


def of_step(step: Step, target: Target) -> Iterator[str]:
    """The log lines of a step's job, all its instances one after the other.

    Raises
    ------
    BertlineError
        The step has not run a job.
    """
    if step.job is None:
        raise BertlineError(f"step {step.name} has no job of its own ({step.state})")
    kind, name = step.job.rsplit(":", 1)[1].split("/", 1)
    return _lines(target, GROUPS[kind], f"{name}/")


def of_endpoint(target: Target, endpoint: str) -> Iterator[str]:
    """The log lines of an endpoint's instances."""
    return _lines(target, f"/aws/sagemaker/Endpoints/{endpoint}", "")


def _lines(target: Target, group: str, prefix: str) -> Iterator[str]:
    client = target.client("logs")
    named = {"logStreamNamePrefix": prefix} if prefix else {}
    try:
        pages = client.get_paginator("describe_log_streams").paginate(logGroupName=group, **named)
        streams = [stream for page in pages for stream in page["logStreams"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise BertlineError(f"there is no log group {group} yet") from error
    for stream in streams:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=group, logStreamNames=[stream["logStreamName"]]
        )
        for page in pages:
            for event in page["events"]:
                yield event["message"]
