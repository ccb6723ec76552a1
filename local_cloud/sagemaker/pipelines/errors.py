"""Errors of pipeline definitions and of running steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DefinitionError(Exception):
    """A definition that cannot run; the message names the step, function or parameter."""


class StepEnded(Exception):
    """A step has not ended well; `properties` is what later steps may still read of it."""

    properties: Mapping[str, Any] | None = None


class StepFailed(StepEnded):
    """A step failed; the message becomes its FailureReason.

    Parameters
    ----------
    reason : str
        What went wrong.
    fault : str
        The exception type of retry policies that it is, for example ``Step.THROTTLING``; empty for none.
    """

    def __init__(self, reason: str, fault: str = "") -> None:
        super().__init__(reason)
        self.fault = fault


class StepStopped(StepEnded):
    """A step was stopped, with its execution or from outside; the message says what is known of it."""
