"""The life of a job: its record, the thread that runs it, its end, its stop and its state-change events."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_cloud.sagemaker import grants, model, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import in_use, validation
from local_cloud.sagemaker.jobs.container import Container
from local_cloud.sagemaker.jobs.errors import (
    AWS_ERRORS,
    JobFailed,
    JobStopped,
    JobTimedOut,
    WaitedTooLong,
    clip,
)
from local_cloud.sagemaker.store import Record

_log = logging.getLogger("local_cloud.sagemaker.jobs")
KEEP_VARIABLE = "LOCAL_CLOUD_KEEP_JOBS"
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
TERMINAL_SECONDARY = TERMINAL | {"MaxRuntimeExceeded", "MaxWaitTimeExceeded"}
GRACE_SECONDS = 120.0
_LEAST_GRACE_SECONDS = 5.0
_LONGEST_MESSAGE = 1024
_CUT_SHORT = "InternalServerError: the local cloud was stopped while the job ran"


@dataclass(frozen=True)
class Kind:
    """What differs between the kinds of jobs in their records. Not every kind tells when it started."""

    name: str
    folder: str
    event: str
    words: str
    log_group: str
    started: str | None
    ended: str

    @property
    def status(self) -> str:
        """The member that holds the status."""
        return f"{self.name}Status"


PROCESSING = Kind(
    "ProcessingJob",
    "processing",
    "SageMaker Processing Job State Change",
    "processing job",
    "/aws/sagemaker/ProcessingJobs",
    "ProcessingStartTime",
    "ProcessingEndTime",
)
TRAINING = Kind(
    "TrainingJob",
    "training",
    "SageMaker Training Job State Change",
    "training job",
    "/aws/sagemaker/TrainingJobs",
    "TrainingStartTime",
    "TrainingEndTime",
)
TRANSFORM = Kind(
    "TransformJob",
    "transform",
    "SageMaker Transform Job State Change",
    "transform job",
    "/aws/sagemaker/TransformJobs",
    "TransformStartTime",
    "TransformEndTime",
)
TUNING = Kind(
    "HyperParameterTuningJob",
    "tuning",
    "SageMaker HyperParameter Tuning Job State Change",
    "hyperparameter tuning job",
    "",  # its training jobs write the logs
    None,
    "HyperParameterTuningEndTime",
)
KINDS = (PROCESSING, TRAINING, TRANSFORM, TUNING)


@dataclass
class Run:
    """A job in flight."""

    ctx: Context
    kind: Kind
    name: str
    request: Record
    stop: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    interruption: threading.Event = field(default_factory=threading.Event)
    capacity_after: float = 0.0

    @property
    def folder(self) -> Path:
        """Where the job keeps its instances; removed when the job ends well."""
        return self.ctx.home / "jobs" / self.ctx.account / self.ctx.region / self.kind.folder / self.name

    @property
    def scratch(self) -> Path:
        """Temporary files of the job, at a short path: that of a Unix socket has 107 characters at most."""
        return self.ctx.home / "tmp" / hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]

    @property
    def grace(self) -> float:
        """Real seconds between SIGTERM and SIGKILL when the job is told to end: the service gives 120.

        However fast the clock, saving takes its time.
        """
        return max(_LEAST_GRACE_SECONDS, self.ctx.clock.real(GRACE_SECONDS))

    def interrupt(self, capacity_after: float) -> None:
        """Take the job's Spot capacity away for at least so many seconds of the cloud's clock."""
        self.capacity_after = capacity_after
        self.interruption.set()

    def container(self, host: str, number: int) -> Container:
        """The folder of one instance."""
        return Container(self.folder / f"algo-{number}", host, number, self.scratch / str(number))

    def note(self, **changes: Any) -> Record:
        """Set members of the job's record."""
        return self.ctx.store.update(self.kind.name, self.name, **changes, LastModifiedTime=now())


Work = Callable[[Run], None]
_runs: dict[tuple[str, str, str, str], Run] = {}
_lock = threading.Lock()


def start(ctx: Context, kind: Kind, name: str, request: Record, work: Work) -> Run:
    """Record a job and run `work` for it on a thread of its own.

    Raises
    ------
    ServiceError
        ResourceInUse when a job has had the name.
    """
    run = Run(ctx, kind, name, request)
    with ctx.store.lock:
        resources.create(ctx, kind.name, name, {**request, kind.status: "InProgress"})
        with _lock:
            _runs[_key(ctx, kind, name)] = run
        _announce(run)
    threading.Thread(target=_live, args=(run, work), name=f"job-{name}", daemon=True).start()
    return run


def find_run(ctx: Context, kind: Kind, name: str) -> Run | None:
    """The job in flight under a name, or None when it has ended."""
    with _lock:
        return _runs.get(_key(ctx, kind, name))


def stop(ctx: Context, kind: Kind, name: str) -> None:
    """Ask a job to stop.

    Raises
    ------
    ServiceError
        There is no such job, or it has ended.
    """
    with ctx.store.lock:
        status = resources.get(ctx, kind.name, name)[kind.status]
        run = find_run(ctx, kind, name)
        if status in TERMINAL or run is None:
            raise validation(f"The request was rejected because the {kind.words} is in status {status}.")
        run.stop.set()
        if status == "InProgress":
            run.note(**{kind.status: "Stopping"})
            _announce(run)


def delete(ctx: Context, kind: Kind, name: str) -> None:
    """Forget a job that has ended.

    Raises
    ------
    ServiceError
        There is no such job, or it has not ended.
    """
    with ctx.store.lock:
        status = resources.get(ctx, kind.name, name)[kind.status]
        if status not in TERMINAL:
            raise in_use(kind.name, name, f"its status is {status}; only a job that has ended can be deleted")
        resources.delete(ctx, kind.name, name)


def interrupted(ctx: Context) -> None:
    """Fail the jobs that ran when an earlier server ended; for its successor, before it serves anybody.

    Their processes are gone. Their folders are removed, and their state changes are announced.
    """
    for kind in KINDS:
        for record in ctx.store.list(kind.name):
            name = record[f"{kind.name}Name"]
            if record[kind.status] in TERMINAL or find_run(ctx, kind, name) is not None:
                continue
            run = Run(ctx, kind, name, record)
            for folder in (run.folder, run.scratch):
                shutil.rmtree(folder, ignore_errors=True)
            ctx.store.modify(kind.name, name, functools.partial(_cut_short, kind))
            _announce(run)


def _cut_short(kind: Kind, record: Record) -> None:
    at = now()
    record.update(
        {kind.status: "Failed", "FailureReason": _CUT_SHORT, kind.ended: at, "LastModifiedTime": at}
    )
    if "SecondaryStatus" in record:
        transition(record, "Failed", _CUT_SHORT)
    for counters, running, lost in (
        ("TrainingJobStatusCounters", "InProgress", "NonRetryableError"),
        ("ObjectiveStatusCounters", "Pending", "Failed"),
    ):
        if counters in record:  # its training jobs have ended the same way
            record[counters][lost] += record[counters][running]
            record[counters][running] = 0


def transition(record: Record, status: str, message: str) -> None:
    """Let a training job's record enter a secondary status."""
    at = now()
    transitions = record.setdefault("SecondaryStatusTransitions", [])
    if transitions:
        transitions[-1]["EndTime"] = at
    transitions.append({"Status": status, "StartTime": at, "StatusMessage": message[:_LONGEST_MESSAGE]})
    if status in TERMINAL_SECONDARY:
        transitions[-1]["EndTime"] = at
    record["SecondaryStatus"] = status


def _live(run: Run, work: Work) -> None:
    status, reason = "Completed", None
    try:
        if run.folder.exists():
            shutil.rmtree(run.folder)
        run.folder.mkdir(parents=True)
        if run.kind.started:
            run.note(**{run.kind.started: now()})
        grants.check_job(run.ctx, run.request)
        work(run)
    except JobStopped:
        status = "Stopped"
    except WaitedTooLong:
        status, reason = "Stopped", "MaxWaitTimeExceeded: the job was not done within MaxWaitTimeInSeconds."
    except JobTimedOut:
        status, reason = "Stopped", "MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds allows."
    except JobFailed as error:
        status, reason = "Failed", str(error)
    except AWS_ERRORS as error:
        status, reason = "Failed", f"ClientError: {error}"
    except Exception as error:  # noqa: BLE001 - a job that ends without a status would hang its pipeline
        _log.exception("%s %s", run.kind.name, run.name)
        status, reason = "Failed", f"InternalServerError: {type(error).__name__}: {error}"
    _end(run, status, reason)


def _end(run: Run, status: str, reason: str | None) -> None:
    changes: Record = {run.kind.status: status, run.kind.ended: now()}
    if reason:
        changes["FailureReason"] = clip(reason)
    shutil.rmtree(run.scratch, ignore_errors=True)
    if status != "Failed" and not os.environ.get(KEEP_VARIABLE):
        shutil.rmtree(run.folder, ignore_errors=True)
    try:
        with run.ctx.store.lock:  # a stop comes before the end or after it, never between
            run.note(**changes)
            with _lock:
                _runs.pop(_key(run.ctx, run.kind, run.name), None)
            _announce(run)
    finally:  # whoever waits must not hang because nobody could be told
        run.done.set()


def _announce(run: Run) -> None:
    record = run.ctx.store.get(run.kind.name, run.name)
    detail = model.shape_output(f"Describe{run.kind.name}", record)
    run.ctx.emit(run.kind.event, detail, [str(record[f"{run.kind.name}Arn"])])


def _key(ctx: Context, kind: Kind, name: str) -> tuple[str, str, str, str]:
    return ctx.account, ctx.region, kind.name, name
