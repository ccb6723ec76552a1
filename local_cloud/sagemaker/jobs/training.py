"""Runs a training job: its attempts, Spot interruptions and retries, and what it leaves in S3."""

from __future__ import annotations

import logging
import math
import shutil
import time
from typing import Any

from local_cloud.sagemaker.jobs import cluster, lifecycle, transfer
from local_cloud.sagemaker.jobs.container import Container
from local_cloud.sagemaker.jobs.errors import (
    AWS_ERRORS,
    Interrupted,
    JobFailed,
    JobStopped,
    JobTimedOut,
    WaitedTooLong,
)
from local_cloud.sagemaker.jobs.lifecycle import Run
from local_cloud.sagemaker.jobs.training_attempt import Attempt
from local_cloud.sagemaker.jobs.training_checks import check as check
from local_cloud.sagemaker.store import Record

_DAY = 24 * 3600
_TICK_SECONDS = 0.05
# There is no market here: Spot capacity costs this share of what the same time costs on demand.
_SPOT_SHARE = 0.3
_log = logging.getLogger("local_cloud.sagemaker.jobs")
_STARTING = ("Starting", "Preparing the instances for training")
_ENDINGS: dict[type[Exception], tuple[str, str]] = {
    JobStopped: ("Stopped", "Training job stopped"),
    WaitedTooLong: ("MaxWaitTimeExceeded", "Training job wait time exceeded MaxWaitTimeInSeconds provided"),
    JobTimedOut: ("MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds provided"),
}


def first_members(request: Record, name: str) -> Record:
    """Members of the record that a training job begins with: where its model will be, if it leaves one."""
    record: Record = {"ModelArtifacts": {"S3ModelArtifacts": _artifact(request, name, "model")}}
    lifecycle.transition(record, *_STARTING)
    return record


def work(run: Run) -> None:
    """The whole job: the model artifact is uploaded when it ended well or was stopped.

    Raises
    ------
    JobFailed, JobStopped, JobTimedOut
        As the job ends.
    """
    _Training(run).drive()


class _Training:
    def __init__(self, run: Run) -> None:
        self.run = run
        self.client = run.ctx.client("s3", run.request["RoleArn"])
        self.members = cluster.members(run.request["ResourceConfig"])
        self.retries = run.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        self.began = time.monotonic()
        self.trained = 0.0
        self.waited = 0.0

    def drive(self) -> None:
        """Attempts until one ends the job, and what becomes of it."""
        try:
            containers = self._trained()
            self._enter("Uploading", "Uploading generated training model")
            self._upload(containers)
        except (JobStopped, JobTimedOut) as ended:
            self._enter(*_ENDINGS[type(ended)])
            raise
        except Exception:
            self._enter("Failed", "Training job failed")
            raise
        self._enter("Completed", "Training job completed")

    def _trained(self) -> list[Container]:
        """The hosts of the attempt that trained to the end; what they have is uploaded also after a stop."""
        while True:
            self._enter(*_STARTING)
            attempt = Attempt(self.run, self.client, self.members, self._verdict, self._enter)
            try:
                self._timed(attempt)
                return attempt.containers
            except Interrupted:
                self._enter("Interrupted", "Training job interrupted: the Spot capacity was taken away")
                self._wait_for_capacity()
            except (JobStopped, JobTimedOut):
                self._upload(attempt.containers)
                raise
            except (JobFailed, *AWS_ERRORS):
                raise
            except Exception:
                if self.retries <= 0:
                    raise
                self.retries -= 1  # what would be an InternalServerError: the job itself is not to blame
                _log.exception("training job %s is tried again", self.run.name)
            for container in attempt.containers:  # new instances have nothing of the old ones
                shutil.rmtree(container.root, ignore_errors=True)

    def _timed(self, attempt: Attempt) -> None:
        began = time.monotonic()
        try:
            attempt.run()
        finally:
            self.trained += time.monotonic() - began
            seconds = max(1, math.ceil(self.trained))
            spot = self.run.request.get("EnableManagedSpotTraining")
            billed = max(1, math.floor(self.trained * _SPOT_SHARE)) if spot else seconds
            self.run.note(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=billed)
            if self.run.request["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
                # Processes are not kept: the pool ends with the job.
                over = {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 0}
                self.run.note(WarmPoolStatus=over)

    def _verdict(self, training: float) -> Exception | None:
        """What ends an attempt that has run for so many seconds, if anything."""
        stopping = self.run.request.get("StoppingCondition", {})
        if self.run.stop.is_set():
            self._enter("Stopping", "Stopping the training job")
            return JobStopped()
        if self.trained + training >= stopping.get("MaxRuntimeInSeconds", _DAY):
            return JobTimedOut()
        if self._waited_too_long():
            return WaitedTooLong()
        if self.run.interruption.is_set():
            self.run.interruption.clear()
            return Interrupted()
        return None

    def _waited_too_long(self) -> bool:
        longest = self.run.request.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds")
        # Only the wait for capacity passes faster on a fast clock.
        faster = self.waited / self.run.ctx.clock.real(1.0) - self.waited
        return longest is not None and time.monotonic() - self.began + faster >= longest

    def _wait_for_capacity(self) -> None:
        earlier, began = self.waited, time.monotonic()
        back = began + self.run.ctx.clock.real(self.run.capacity_after)
        while time.monotonic() < back:
            self.waited = earlier + time.monotonic() - began
            if self._waited_too_long():
                raise WaitedTooLong
            if self.run.stop.wait(min(_TICK_SECONDS, max(0.0, back - time.monotonic()))):
                raise JobStopped

    def _upload(self, containers: list[Container]) -> None:
        """The model and the output of all hosts, as one archive each or, uncompressed, below a prefix."""
        key_id = self.run.request["OutputDataConfig"].get("KmsKeyId")
        for folder, name in (("model", "model"), ("output/data", "output")):
            filled = [one.ml / folder for one in containers if any((one.ml / folder).glob("*"))]
            uri = _artifact(self.run.request, self.run.name, name)
            if filled and uri.endswith("/"):
                for one in reversed(filled):  # of two files of one name, the first host's stays
                    transfer.upload(self.client, one, uri, key_id)
            elif filled:
                archive = self.run.folder / f"{name}.tar.gz"
                transfer.pack(filled, archive)
                transfer.upload_file(self.client, archive, uri, key_id)

    def _enter(self, status: str, message: str) -> None:
        def change(record: Record) -> None:
            if record.get("SecondaryStatus") != status or "SecondaryStatusTransitions" not in record:
                lifecycle.transition(record, status, message)

        record: dict[str, Any] = self.run.ctx.store.modify(self.run.kind.name, self.run.name, change)
        _log.debug("training job %s: %s", self.run.name, record["SecondaryStatus"])


def _artifact(request: Record, name: str, what: str) -> str:
    """Where the model or the output of a job goes: an archive or, uncompressed, a prefix."""
    target = request["OutputDataConfig"]
    plain = target.get("CompressionType", "GZIP") == "NONE"
    return f"{target['S3OutputPath'].rstrip('/')}/{name}/output/{what}{'/' if plain else '.tar.gz'}"
