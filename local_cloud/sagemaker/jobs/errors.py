"""How a job can end other than well."""

from __future__ import annotations

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

_LONGEST = 1024
# What a call of AWS that is refused or does not come through raises.
AWS_ERRORS = (BotoCoreError, ClientError, Boto3Error)


class JobFailed(Exception):
    """The job failed; the message becomes its FailureReason (at most 1024 characters)."""

    def __init__(self, reason: str) -> None:
        super().__init__(clip(reason))


class JobStopped(Exception):
    """Somebody stopped the job."""


class JobTimedOut(Exception):
    """The job ran into MaxRuntimeInSeconds."""


class WaitedTooLong(JobTimedOut):
    """A Spot job was not done within MaxWaitTimeInSeconds."""


class Interrupted(Exception):
    """The Spot capacity of a job was taken away; it goes on when there is some again."""


def clip(reason: str) -> str:
    """A reason cut to the length the service allows."""
    return reason if len(reason) <= _LONGEST else reason[: _LONGEST - 3] + "..."
