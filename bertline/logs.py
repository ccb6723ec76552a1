"""Reading the logs of jobs, functions and endpoints where AWS puts them: CloudWatch Logs."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from bertline.errors import BertlineError
from bertline.target import Target
from bertline.watch import Step

GROUPS = {"processing-job": "/aws/sagemaker/ProcessingJobs", "training-job": "/aws/sagemaker/TrainingJobs"}


def of_step(step: Step, target: Target) -> Iterator[str]:
    """The log lines of a step's job, all its instances one after the other; or of the function it invokes.

    Raises
    ------
    BertlineError
        The step has run neither a job nor a function.
    """
    if step.function is not None:
        return _of_function(step, target)
    if step.job is None:
        raise BertlineError(f"step {step.name} has no job of its own ({step.state})")
    kind, name = step.job.rsplit(":", 1)[1].split("/", 1)
    return _lines(target, GROUPS[kind], f"{name}/")


def of_endpoint(target: Target, endpoint: str) -> Iterator[str]:
    """The log lines of an endpoint's instances."""
    return _lines(target, f"/aws/sagemaker/Endpoints/{endpoint}", "")


def _of_function(step: Step, target: Target) -> Iterator[str]:
    """What the function wrote while the step waited for it; a group holds the lines of every invocation."""
    group = _group_of(str(step.function), target)
    window = {}
    if step.started and step.seconds is not None:
        ended = step.started + timedelta(seconds=step.seconds)
        window = {"startTime": _milliseconds(step.started), "endTime": _milliseconds(ended) + 1}
    try:
        pages = (
            target.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, **window)
        )
        for page in pages:
            for event in page["events"]:
                yield event["message"].rstrip("\n")
    except ClientError as error:
        _explain(group, error)
        raise


def _group_of(function: str, target: Target) -> str:
    try:
        found = target.client("lambda").get_function_configuration(FunctionName=function)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise BertlineError(
            f"the function {function} is not there any more: its log went with its stack"
        ) from error
    return str(found.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{found['FunctionName']}")


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _lines(target: Target, group: str, prefix: str) -> Iterator[str]:
    client = target.client("logs")
    named = {"logStreamNamePrefix": prefix} if prefix else {}
    try:
        pages = client.get_paginator("describe_log_streams").paginate(logGroupName=group, **named)
        streams = [stream for page in pages for stream in page["logStreams"]]
    except ClientError as error:
        _explain(group, error)
        raise
    for stream in streams:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=group, logStreamNames=[stream["logStreamName"]]
        )
        for page in pages:
            for event in page["events"]:
                yield event["message"]


def _explain(group: str, error: ClientError) -> None:
    """Raise what says that there is no such log group; return if the error is another one."""
    if error.response["Error"]["Code"] == "ResourceNotFoundException":
        raise BertlineError(f"there is no log group {group} yet") from error
