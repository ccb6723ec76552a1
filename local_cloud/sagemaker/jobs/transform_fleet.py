"""The model servers of a transform job: started, asked in order and abreast, ended."""

from __future__ import annotations

import hashlib
import http.client
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from local_cloud.sagemaker.endpoints import artifacts, worker
from local_cloud.sagemaker.endpoints.errors import WorkerFailed, WorkerTimeout, WorkerUnavailable
from local_cloud.sagemaker.jobs import logs
from local_cloud.sagemaker.jobs.container import Container
from local_cloud.sagemaker.jobs.errors import JobFailed, JobStopped
from local_cloud.sagemaker.jobs.follow import Follower
from local_cloud.sagemaker.jobs.lifecycle import Run
from local_cloud.sagemaker.jobs.records import Batch, TooLarge

_STARTUP_S = 600.0
_POLL_SECONDS = 0.05
_SHOWN = 300


@dataclass(frozen=True)
class Settings:
    """How requests are sent, with the service's defaults filled in."""

    instances: int
    concurrency: int
    megabytes: int
    strategy: str
    timeout_s: int
    retries: int
    content_type: str | None
    accept: str | None
    environment: dict[str, str]


class Refused(Exception):
    """A request was not answered well; the message begins with whose error that is."""


class Fleet:
    """One model server an instance, for the length of a ``with``."""

    def __init__(
        self, run: Run, model: artifacts.ModelContainer, settings: Settings, shipper: logs.LogShipper
    ) -> None:
        self.settings, self.size = settings, settings.instances
        self._run, self._model, self._shipper = run, model, shipper
        self._workers: list[worker.Worker] = []
        self._followers: list[Follower] = []
        self._pools: list[ThreadPoolExecutor] = []
        self._over = threading.Event()

    def __enter__(self) -> Self:
        """Start all model servers; JobFailed when one does not come up, JobStopped when there was a stop."""
        threading.Thread(target=self._end_on_stop, name=f"fleet-{self._run.name}", daemon=True).start()
        try:
            self._start_all()
        except BaseException:  # without a start there is no __exit__
            self.__exit__()
            raise
        limits = (
            f"MaxConcurrentTransforms={self.settings.concurrency}, MaxPayloadInMB={self.settings.megabytes}"
        )
        strategy = "SINGLE_RECORD" if self.settings.strategy == "SingleRecord" else "MULTI_RECORD"
        for number in range(self.size):
            self.say(number, f"{limits}, BatchStrategy={strategy}")
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        self._over.set()
        for one in self._workers:
            one.retire(0.0)
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)
        for follower in self._followers:
            follower.finish()

    def answers(self, instance: int, batches: Iterator[Batch]) -> Iterator[tuple[Batch, bytes]]:
        """The answers to requests in their order, as many asked at a time as the job allows.

        Raises
        ------
        Refused
            The model answers with an error, not at all, or a record does not fit into a request.
        """
        waiting: deque[tuple[Batch, Future[bytes]]] = deque()
        try:
            for batch in batches:
                waiting.append((batch, self._pools[instance].submit(self._ask, instance, batch.payload)))
                if len(waiting) > self.settings.concurrency:
                    done, answer = waiting.popleft()
                    yield done, answer.result()
            while waiting:
                done, answer = waiting.popleft()
                yield done, answer.result()
        except TooLarge as error:
            raise Refused(f"ClientError: Too much data for max payload size: {error}") from error
        finally:
            for _, left in waiting:
                left.cancel()

    def say(self, instance: int, text: str) -> None:
        """Write a line to the data log of an instance."""
        self._shipper.say(f"{self._stream(instance)}/data-log", f"[sagemaker logs]: {text}")

    def _start_all(self) -> None:
        try:
            for number in range(self.size):
                self._start(number)
            for one in self._workers:
                one.wait_ready()
        except (WorkerFailed, OSError) as error:
            if self._run.stop.is_set():
                raise JobStopped from None
            raise JobFailed(f"AlgorithmError: The model server did not come up: {error}") from error

    def _start(self, number: int) -> None:
        run, settings = self._run, self.settings
        container = Container(run.folder / f"instance-{number + 1}", f"instance-{number + 1}", number + 1)
        container.ml.mkdir(parents=True)
        (container.ml / "model").symlink_to(run.folder / "model", target_is_directory=True)
        own = {
            **self._model.environment,
            "SAGEMAKER_BASE_DIR": "/opt/ml",
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(settings.megabytes),
            "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD"
            if settings.strategy == "SingleRecord"
            else "MULTI_RECORD",
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(settings.concurrency),
            **settings.environment,
        }
        environment = container.environment(run.ctx.job_environment(self._model.role), own)
        one = worker.Worker(container, environment, settings.concurrency, _STARTUP_S)
        self._workers.append(one)
        one.start()
        stream = self._stream(number)
        self._followers.append(Follower(container, lambda _, text: self._shipper.say(stream, text)))
        self._pools.append(ThreadPoolExecutor(settings.concurrency, thread_name_prefix=f"ask-{number}"))

    def _end_on_stop(self) -> None:
        """A stop does not wait for answers: the model servers end, and so do the requests to them."""
        while not self._over.wait(_POLL_SECONDS):
            if self._run.stop.is_set():
                for one in list(self._workers):
                    one.retire(0.0)
                return

    def _stream(self, number: int) -> str:
        instance = hashlib.sha256(f"{self._run.folder}/{number}".encode()).hexdigest()[:17]
        return f"{self._run.name}/i-{instance}-{self._shipper.started}"

    def _ask(self, instance: int, payload: bytes) -> bytes:
        settings = self.settings
        headers = {"Content-Type": settings.content_type, "Accept": settings.accept}
        given = {name: value for name, value in headers.items() if value}
        for attempt in range(settings.retries + 1):
            last = attempt == settings.retries or self._run.stop.is_set()
            try:
                answer = self._workers[instance].invoke(
                    "POST", "/invocations", payload, given, settings.timeout_s
                )
            except (WorkerUnavailable, WorkerTimeout) as error:
                if last:
                    why = error.__cause__ or error
                    raise Refused(f"AlgorithmError: no answer from the model server: {why!r}") from error
                continue
            if answer.status < http.client.BAD_REQUEST:
                return answer.body
            if answer.status < http.client.INTERNAL_SERVER_ERROR or last:
                whose = (
                    "ClientError" if answer.status < http.client.INTERNAL_SERVER_ERROR else "AlgorithmError"
                )
                shown = answer.body[:_SHOWN].decode(errors="replace")
                raise Refused(f"{whose}: HTTP {answer.status}: {shown}")
        raise AssertionError("the last attempt returns or raises")
