"""What the executor hands to whoever does the work of a step, and what it gets back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from local_cloud.sagemaker.pipelines.steps import Step

Json = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a step left: the description of its resource, for later steps, and its Metadata."""

    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Work:
    """One attempt at a step.

    Parameters
    ----------
    step : Step
        The step of the definition.
    name : str
        The name that it runs under: its own, or one a ForEach step gives it.
    arguments : dict
        Its arguments, resolved.
    job_name : str
        The name for what it makes.
    stop : Event
        Is set when the execution is to stop.
    started : callable
        Takes its Metadata as soon as there is some.
    earlier : callable
        The properties of a step that has ended, by name.
    """

    step: Step
    name: str
    arguments: Json
    job_name: str
    stop: threading.Event
    started: Callable[[Json], None]
    earlier: Callable[[str], Mapping[str, Any]]


class StepRunner(Protocol):
    """Does the work of all steps but Condition, ForEach and Fail."""

    def job_name(self, step: Step, name: str) -> str:
        """A new name for what a step makes."""

    def run(self, work: Work) -> Result:
        """Run a step to its end.

        Raises
        ------
        StepFailed, StepStopped
            As it ends.
        """
