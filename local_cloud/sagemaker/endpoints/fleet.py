"""One endpoint configuration brought to life: the model servers of all its variants."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import artifacts, logs
from local_cloud.sagemaker.endpoints.errors import DeploymentFailed, WorkerFailed
from local_cloud.sagemaker.endpoints.variants import Variant, VariantPlan
from local_cloud.sagemaker.endpoints.worker import Worker
from local_cloud.sagemaker.jobs.container import Container

# An instance that leaves is given as long as a request may take, at once or of an asynchronous endpoint.
DRAIN_S, ASYNC_DRAIN_S = 65.0, 3600.0


class Fleet:
    """The running form of one endpoint configuration.

    Parameters
    ----------
    ctx
        Account and region.
    endpoint
        Name of the endpoint.
    record
        The endpoint configuration.
    plans
        The variants, shadows included.
    folder
        Folder of this fleet alone.
    """

    def __init__(
        self,
        ctx: Context,
        endpoint: str,
        record: dict[str, Any],
        plans: Sequence[VariantPlan],
        folder: Path,
    ) -> None:
        self.record = record
        self.config: str = record["EndpointConfigName"]
        capture = record.get("DataCaptureConfig")
        self._drain_s = ASYNC_DRAIN_S if "AsyncInferenceConfig" in record else DRAIN_S
        self.captures: bool = bool(capture and capture.get("EnableCapture", True))
        self._ctx = ctx
        self._endpoint = endpoint
        self._folder = folder
        self._instances = max(1, sum(plan.instances for plan in plans))
        self._started: dict[Worker, logs.LogTail | None] = {}
        self._ending = False
        self._lock = threading.Lock()
        self.variants = {
            plan.name: Variant(plan, folder / plan.name, plan.weight, plan.instances) for plan in plans
        }

    @property
    def production(self) -> list[Variant]:
        """The variants that answer."""
        return [variant for variant in self.variants.values() if not variant.plan.shadow]

    @property
    def shadows(self) -> list[Variant]:
        """The variants that get copies of requests."""
        return [variant for variant in self.variants.values() if variant.plan.shadow]

    def prepare(self) -> None:
        """Fetch the models. DeploymentFailed when one cannot be fetched."""
        shutil.rmtree(self._folder, ignore_errors=True)
        for variant in self.variants.values():
            artifacts.fetch(self._ctx, variant.plan.model, variant.folder / "model")

    def start(self) -> None:
        """Bring up every instance of every variant.

        Raises
        ------
        DeploymentFailed
            A model could not be fetched or a model server did not become healthy; all servers are gone then.
        """
        try:
            self.prepare()
            for name, variant in self.variants.items():
                self.grow(name, variant.instances)
        except BaseException:
            self.retire(drain_s=0.0, keep_files=True)
            raise

    def grow(self, name: str, count: int) -> None:
        """Add instances to a variant.

        Raises
        ------
        DeploymentFailed
            One of them did not become healthy; those are gone then, the others go on.
        """
        variant = self.variants[name]
        added: list[Worker] = []
        try:
            for _ in range(count):
                added.append(self._start(variant))
            for worker in added:
                worker.wait_ready()
        except Exception as error:
            self._end(added, 0.0)
            if not isinstance(error, WorkerFailed | OSError):
                raise
            raise DeploymentFailed(
                f"The primary container for production variant {name} did not pass the ping "
                f"health check. Please check CloudWatch logs for this endpoint: {error}"
            ) from error
        for worker in added:
            worker.supervise()
        variant.add(added)

    def shrink(self, name: str, count: int) -> None:
        """End the newest instances of a variant, once they have answered the requests they have."""
        self._end(self.variants[name].drop(count), self._drain_s)

    def retire(self, drain_s: float | None = None, *, keep_files: bool = False) -> None:
        """Let the requests in flight finish, end all model servers and remove their files."""
        with self._lock:
            self._ending = True
            started = list(self._started)
        self._end(started, self._drain_s if drain_s is None else drain_s)
        if not keep_files:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, variant: Variant) -> Worker:
        worker = self._worker(variant, next(variant.numbers))
        with self._lock:
            if self._ending:
                raise WorkerFailed("stopped while it was starting")
            self._started[worker] = None
        worker.start()
        stream = f"{variant.plan.name}/{worker.container.host}"
        group, role = logs.group_of(self._endpoint), variant.plan.model.role
        tail = logs.LogTail(self._ctx, group, stream, worker.container.log, role)
        with self._lock:
            self._started[worker] = tail
        return worker

    def _end(self, workers: Sequence[Worker], drain_s: float) -> None:
        """End instances, send the last of their logs and forget them, all at once."""

        def end(worker: Worker) -> None:
            worker.retire(drain_s)
            with self._lock:
                tail = self._started.pop(worker, None)
            if tail is not None:
                tail.close()

        if workers:
            with ThreadPoolExecutor(len(workers), thread_name_prefix="retire") as pool:
                list(pool.map(end, workers))

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
