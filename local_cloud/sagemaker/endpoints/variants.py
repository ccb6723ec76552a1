"""A variant: what its configuration asks for, and the instances that answer for it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints import artifacts
from local_cloud.sagemaker.endpoints.artifacts import ModelContainer
from local_cloud.sagemaker.endpoints.worker import Worker
from local_cloud.sagemaker.errors import validation

LEAST_OUTSTANDING = "LEAST_OUTSTANDING_REQUESTS"
STARTUP_S = 600.0
Kept = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class VariantPlan:
    """A variant as configured, with the container its model resolves to."""

    name: str
    model: ModelContainer
    instances: int
    weight: float
    startup_s: float
    shadow: bool = False
    instance_type: str | None = None
    routing: str | None = None


@dataclass(frozen=True)
class Stage:
    """What is being done to a variant, as VariantStatus shows it."""

    status: str
    message: str
    since: datetime

    def shown(self) -> list[dict[str, Any]]:
        """Return it as DescribeEndpoint shows it."""
        return [{"Status": self.status, "StatusMessage": self.message, "StartTime": self.since}]


@dataclass
class Variant:
    """A variant and its instances.

    Parameters
    ----------
    plan
        What the configuration asks for.
    weight, instances
        What is asked for now: operations may change both.
    enabled
        How many instances take requests; None for all of them.
    numbers
        The numbers of its instances; none is given twice.
    """

    plan: VariantPlan
    folder: Path
    weight: float
    instances: int
    workers: list[Worker] = field(default_factory=list)
    enabled: int | None = None
    made: datetime = field(default_factory=now)
    stage: Stage | None = None
    desired_weight: float | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)
    _turn: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def active(self) -> int:
        """How many instances take requests."""
        return len(self.workers) if self.enabled is None else min(self.enabled, len(self.workers))

    @property
    def in_flight(self) -> int:
        """How many requests its instances are answering."""
        return sum(worker.in_flight for worker in self.workers)

    @property
    def wanted_weight(self) -> float:
        """The weight that it has or, while it changes, is to have."""
        return self.weight if self.desired_weight is None else self.desired_weight

    def reserve(self) -> Worker | None:
        """Reserve an instance that can answer: the next in turn, or the least busy; None when none can."""
        with self._lock:
            workers = self.workers[: self.enabled]
            self._turn += 1
            turn = self._turn
        if not workers:
            return None
        turn %= len(workers)
        ordered = workers[turn:] + workers[:turn]
        if self.plan.routing == LEAST_OUTSTANDING:
            ordered.sort(key=lambda worker: worker.in_flight)
        return next((worker for worker in ordered if worker.begin()), None)

    def add(self, workers: Sequence[Worker]) -> None:
        """Let more instances take requests."""
        with self._lock:
            self.workers = [*self.workers, *workers]

    def drop(self, count: int) -> list[Worker]:
        """Take the newest instances out of turn and return them."""
        with self._lock:
            kept = max(0, len(self.workers) - count)
            leaving, self.workers = self.workers[kept:], self.workers[:kept]
        return leaving

    def enter(self, status: str, message: str) -> None:
        """Note what is being done to it."""
        self.stage = Stage(status, message, now())

    def summary(self, *, pending: bool = False) -> dict[str, Any]:
        """Return the variant as DescribeEndpoint shows it, in service or in a pending deployment."""
        image = {"SpecifiedImage": self.plan.model.image, "ResolvedImage": self.plan.model.image}
        shown: dict[str, Any] = {
            "VariantName": self.plan.name,
            "DeployedImages": [{**image, "ResolutionTime": self.made}],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.wanted_weight,
            "CurrentInstanceCount": self.active if pending else len(self.workers),
            "DesiredInstanceCount": self.instances,
        }
        if self.plan.routing:
            shown["RoutingConfig"] = {"RoutingStrategy": self.plan.routing}
        if pending and self.plan.instance_type:
            shown["InstanceType"] = self.plan.instance_type
        if self.stage is not None:
            shown["VariantStatus"] = self.stage.shown()
        return shown


def plans_of(ctx: Context, config: dict[str, Any], kept: Kept) -> list[VariantPlan]:
    """Return the variants of an endpoint configuration.

    Parameters
    ----------
    kept
        For each variant name, `DesiredWeight` and `DesiredInstanceCount` that override the configuration.

    Raises
    ------
    ServiceError
        A model, or the package it names, does not exist or cannot be served.
    """
    plans = []
    for member, shadow in (("ProductionVariants", False), ("ShadowProductionVariants", True)):
        for variant in config.get(member, []):
            name, own = variant["VariantName"], kept.get(variant["VariantName"], {})
            if "ModelName" not in variant:
                raise validation(
                    f'Variant "{name}" names no model; inference components are not served here.'
                )
            plans.append(
                VariantPlan(
                    name=name,
                    model=artifacts.resolve(ctx, variant["ModelName"]),
                    instances=own.get("DesiredInstanceCount", variant.get("InitialInstanceCount", 1)),
                    weight=own.get("DesiredWeight", variant.get("InitialVariantWeight", 1.0)),
                    startup_s=variant.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_S),
                    shadow=shadow,
                    instance_type=variant.get("InstanceType"),
                    routing=variant.get("RoutingConfig", {}).get("RoutingStrategy"),
                )
            )
    return plans
