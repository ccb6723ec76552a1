"""What can go wrong with an endpoint apart from a wrong request."""

from __future__ import annotations


class DeploymentFailed(Exception):
    """A deployment did not come up; the message becomes the endpoint's FailureReason."""


class DeploymentStopped(Exception):
    """The cloud ends while a deployment is under way: nothing more is to be done about it."""


class WorkerFailed(Exception):
    """A model server ended, or was not ready in time; the message says what it printed last."""


class WorkerUnavailable(Exception):
    """A model server is gone or gives no answer; `sent` says whether it may have seen the request."""

    def __init__(self, host: str, *, sent: bool = True) -> None:
        super().__init__(host)
        self.sent = sent


class WorkerTimeout(Exception):
    """A model server took longer than an invocation may take."""
