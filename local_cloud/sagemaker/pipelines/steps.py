"""The steps of a checked definition, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local_cloud.sagemaker.pipelines.cache import CacheConfig
from local_cloud.sagemaker.pipelines.callbacks import Callback
from local_cloud.sagemaker.pipelines.expressions import Reference
from local_cloud.sagemaker.pipelines.functions import Function
from local_cloud.sagemaker.pipelines.retries import RetryPolicy

COMPLETED, FAILED, STOPPED, ANY = "Completed", "Failed", "Stopped", "Any"
TRIGGERS = (COMPLETED, FAILED, STOPPED, ANY)


@dataclass(frozen=True)
class PropertyFile:
    """A JSON file that a processing step writes into one of its outputs."""

    output: str
    path: str


@dataclass(frozen=True)
class Branch:
    """A step runs only when this condition step has this outcome."""

    condition: str
    outcome: bool


@dataclass(frozen=True)
class Dependency:
    """A step runs only after another has ended in the way that `trigger` says."""

    step: str
    trigger: str = COMPLETED


@dataclass(frozen=True)
class Selector:
    """Which iteration of a ForEach step is its selected one: that with the most or least of a property."""

    pick: str
    step: str
    path: str


@dataclass(frozen=True)
class Loop:
    """What a ForEach step repeats.

    Parameters
    ----------
    items : JSON
        An expression that gives a list (or its JSON text), or a list of scalars and expressions.
    concurrency : int
        How many of its steps run at once at most.
    body : mapping
        The steps that run for every item, by name.
    selector : Selector, optional
        How to pick one iteration.
    """

    items: Any
    concurrency: int
    body: Mapping[str, Step]
    selector: Selector | None = None


@dataclass(frozen=True)
class Step:
    """One step.

    Parameters
    ----------
    arguments : mapping
        Its Arguments, expressions in them; of a Condition step its Conditions alone.
    branches : tuple of Branch
        The conditions around it, the outermost first.
    used : tuple of Reference
        Everything that its expressions name.
    function, callback, loop
        What only Lambda, Callback and ForEach steps have.
    """

    name: str
    type: str
    arguments: Mapping[str, Any]
    branches: tuple[Branch, ...] = ()
    cache: CacheConfig | None = None
    property_files: Mapping[str, PropertyFile] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    depends_on: tuple[Dependency, ...] = ()
    used: tuple[Reference, ...] = ()
    retries: tuple[RetryPolicy, ...] = ()
    function: Function | None = None
    callback: Callback | None = None
    loop: Loop | None = None

    @cached_property
    def waits_for(self) -> dict[str, str]:
        """By which trigger it waits for which steps: as DependsOn says, else that what it reads completes."""
        read = {one.name: COMPLETED for one in self.used if one.kind in ("step", "file")}
        if self.loop:
            for step in self.loop.body.values():
                outside = {name: one for name, one in step.waits_for.items() if name not in self.loop.body}
                read.update(outside)
        return {**read, **{one.step: one.trigger for one in self.depends_on}}

    @cached_property
    def needs(self) -> frozenset[str]:
        """Steps it reads from, depends on, and the conditions above it."""
        return frozenset({*self.waits_for, *(branch.condition for branch in self.branches)})
