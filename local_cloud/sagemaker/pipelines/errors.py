"""Errors of pipeline definitions and of running steps."""

from __future__ import annotations


class DefinitionError(Exception):
    """A definition that cannot run; the message names the step, function or parameter."""


class StepFailed(Exception):
    """A step failed; the message becomes its FailureReason."""


class StepStopped(Exception):
    """A step was stopped with its execution."""
