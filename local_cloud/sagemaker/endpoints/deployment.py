"""One endpoint configuration brought to life: the variants and their model servers."""

from __future__ import annotations

import logging
import os
import random
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints import artifacts, logs
from local_cloud.sagemaker.endpoints.artifacts import ModelContainer
from local_cloud.sagemaker.endpoints.errors import DeploymentFailed, WorkerFailed
from local_cloud.sagemaker.endpoints.worker import Worker
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs.container import Container

DRAIN_S = 30.0
_STARTUP_S = 600.0
_log = logging.getLogger("local_cloud.sagemaker.endpoints")


@dataclass(frozen=True)
class VariantPlan:
    """A variant as configured, with the container its model resolves to."""

    name: str
    model: ModelContainer
    instances: int
    weight: float
    startup_s: float
    shadow: bool = False


@dataclass
class Variant:
    """A variant and its instances."""

    plan: VariantPlan
    weight: float
    folder: Path
    workers: list[Worker] = field(default_factory=list)
    tails: list[logs.LogTail] = field(default_factory=list)
    _turn: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self) -> Worker | None:
        """Reserve the next instance that can answer, in turn; None when none can."""
        with self._lock:
            workers = list(self.workers)
            self._turn += 1
            turn = self._turn
        for at in range(len(workers)):
            worker = workers[(turn + at) % len(workers)]
            if worker.begin():
                return worker
        return None

    def add(self, workers: Sequence[Worker]) -> None:
        """Let more instances take requests."""
        with self._lock:
            self.workers = [*self.workers, *workers]

    def drop(self, count: int) -> list[Worker]:
        """Take the newest instances out of turn and return them."""
        with self._lock:
            leaving = self.workers[-count:]
            self.workers = self.workers[:-count]
        return leaving

    def summary(self) -> dict[str, Any]:
        """Return the variant as DescribeEndpoint shows it."""
        image = {"SpecifiedImage": self.plan.model.image, "ResolvedImage": self.plan.model.image}
        return {
            "VariantName": self.plan.name,
            "DeployedImages": [{**image, "ResolutionTime": now()}],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.weight,
            "CurrentInstanceCount": len(self.workers),
            "DesiredInstanceCount": len(self.workers),
        }


class Deployment:
    """The running form of one endpoint configuration.

    Parameters
    ----------
    ctx
        Account and region.
    endpoint
        Name of the endpoint.
    config
        Name of the endpoint configuration.
    plans
        The variants, shadows included.
    folder
        Folder of this deployment alone.
    """

    def __init__(
        self, ctx: Context, endpoint: str, config: str, plans: Sequence[VariantPlan], folder: Path
    ) -> None:
        self.config = config
        self._ctx = ctx
        self._endpoint = endpoint
        self._folder = folder
        self._instances = sum(plan.instances for plan in plans)
        self.variants = {plan.name: Variant(plan, plan.weight, folder / plan.name) for plan in plans}

    @property
    def production(self) -> list[Variant]:
        """The variants that answer."""
        return [variant for variant in self.variants.values() if not variant.plan.shadow]

    @property
    def shadows(self) -> list[Variant]:
        """The variants that get copies of requests."""
        return [variant for variant in self.variants.values() if variant.plan.shadow]

    def start(self) -> None:
        """Bring up every instance of every variant.

        Raises
        ------
        DeploymentFailed
            A model could not be fetched or a model server did not become healthy; all servers are gone then.
        """
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            for variant in self.variants.values():
                artifacts.fetch(self._ctx, variant.plan.model, variant.folder / "model")
            for variant in self.variants.values():
                self._grow(variant, variant.plan.instances)
        except BaseException:
            self.retire(drain_s=0.0, keep_files=True)
            raise

    def choose(self) -> Variant | None:
        """Pick a production variant at random by weight; None when all weights are zero."""
        variants = self.production
        weights = [variant.weight for variant in variants]
        if not any(weights):
            return None
        return random.choices(variants, weights)[0]  # noqa: S311 - spreading traffic, not secrets

    def resize(self, name: str, weight: float | None, instances: int | None) -> None:
        """Give a variant another weight, and more or fewer instances; None leaves either as it is.

        Raises
        ------
        DeploymentFailed
            A new instance did not become healthy; the others go on.
        """
        variant = self.variants[name]
        variant.weight = variant.weight if weight is None else weight
        missing = 0 if instances is None else instances - len(variant.workers)
        if missing > 0:
            self._instances += missing
            self._grow(variant, missing)
        elif missing < 0:
            _retire(variant.drop(-missing), DRAIN_S)

    def retire(self, drain_s: float = DRAIN_S, *, keep_files: bool = False) -> None:
        """Let the requests in flight finish, end all model servers and remove their files."""
        _retire([worker for variant in self.variants.values() for worker in variant.workers], drain_s)
        for variant in self.variants.values():
            for tail in variant.tails:
                tail.close()
        if not keep_files:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _grow(self, variant: Variant, count: int) -> None:
        first = len(variant.tails)
        added = [self._worker(variant, first + at) for at in range(count)]
        try:
            for worker in added:
                worker.start()
                stream = f"{variant.plan.name}/{worker.container.host}"
                group = logs.group_of(self._endpoint)
                variant.tails.append(logs.LogTail(self._ctx, group, stream, worker.container.log))
            for worker in added:
                worker.wait_ready()
        except Exception as error:
            _retire(added, 0.0)
            if not isinstance(error, WorkerFailed | OSError):
                raise
            raise DeploymentFailed(
                f"The primary container for production variant {variant.plan.name} did not pass the ping "
                f"health check. Please check CloudWatch logs for this endpoint: {error}"
            ) from error
        for worker in added:
            worker.supervise()
        variant.add(added)

    def _worker(self, variant: Variant, number: int) -> Worker:
        """Prepare an instance: a folder that sees the variant's model as /opt/ml/model."""
        host = f"{variant.plan.name}-{number}"
        container = Container(variant.folder / f"instance-{number}", host, number)
        container.ml.mkdir(parents=True, exist_ok=True)
        (container.ml / "model").symlink_to(variant.folder / "model", target_is_directory=True)
        given = variant.plan.model.environment
        cores = max(1, (os.cpu_count() or 1) // self._instances)
        threads = given.get("OMP_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or str(cores)
        own = {**given, "OMP_NUM_THREADS": threads, "SAGEMAKER_BASE_DIR": "/opt/ml"}
        environment = container.environment(self._ctx.job_environment(variant.plan.model.role), own)
        concurrency = max(1, cores // int(threads)) if threads.isdigit() and int(threads) else 1
        return Worker(container, environment, concurrency, variant.plan.startup_s)


def plan_of(ctx: Context, config: dict[str, Any], kept: dict[str, dict[str, Any]]) -> list[VariantPlan]:
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
            name = variant["VariantName"]
            if "ModelName" not in variant:
                raise validation(
                    f'Variant "{name}" names no model; inference components are not served here.'
                )
            plans.append(
                VariantPlan(
                    name=name,
                    model=artifacts.resolve(ctx, variant["ModelName"]),
                    instances=kept.get(name, {}).get(
                        "DesiredInstanceCount", variant.get("InitialInstanceCount", 1)
                    ),
                    weight=kept.get(name, {}).get("DesiredWeight", variant.get("InitialVariantWeight", 1.0)),
                    startup_s=variant.get("ContainerStartupHealthCheckTimeoutInSeconds", _STARTUP_S),
                    shadow=shadow,
                )
            )
    return plans


def _retire(workers: Sequence[Worker], drain_s: float) -> None:
    if not workers:
        return
    with ThreadPoolExecutor(len(workers), thread_name_prefix="retire") as pool:
        list(pool.map(lambda worker: worker.retire(drain_s), workers))
