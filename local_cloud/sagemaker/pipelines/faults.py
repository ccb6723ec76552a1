"""What went wrong when a service was called or a job ended: the reason of the step and its exception type."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.pipelines import retries
from local_cloud.sagemaker.pipelines.errors import StepFailed

_THROTTLED = ("Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown")


def of_call(error: BotoCoreError | ClientError, doing: str) -> StepFailed:
    """The failure of a step whose call has failed; `doing` ends the sentence ``... when``."""
    if not isinstance(error, ClientError):
        return StepFailed(f"ClientError: {error} when {doing}")
    found = error.response.get("Error", {})
    code, message = str(found.get("Code", "Unknown")), str(found.get("Message", ""))
    return StepFailed(f"ClientError: {code} when {doing}: {message}", _of_code(code, _status(error)))


def of_job(reason: str) -> StepFailed:
    """The failure of a step whose job has failed for a reason."""
    return StepFailed(reason, _of_reason(reason))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))


def _of_code(code: str, status: int) -> str:
    if any(part in code for part in _THROTTLED):
        return retries.THROTTLING
    if code.startswith("ResourceLimitExceeded"):
        return retries.RESOURCE_LIMIT
    return retries.SERVICE_FAULT if status >= 500 else ""


def _of_reason(reason: str) -> str:
    if reason.startswith(("InternalServerError", "AlgorithmError: InternalServerError")):
        return retries.INTERNAL_ERROR
    if reason.startswith(("CapacityError", "InsufficientCapacityError")):
        return retries.CAPACITY_ERROR
    return retries.RESOURCE_LIMIT if reason.startswith("ResourceLimitExceeded") else ""
