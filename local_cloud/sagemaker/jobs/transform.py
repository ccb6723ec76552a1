"""Runs a batch transform job: objects from S3 through model servers, one output object for each."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local_cloud.sagemaker import grants
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import artifacts
from local_cloud.sagemaker.endpoints.errors import DeploymentFailed
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs import association, logs, transfer
from local_cloud.sagemaker.jobs.errors import AWS_ERRORS, JobFailed, JobStopped
from local_cloud.sagemaker.jobs.lifecycle import Run
from local_cloud.sagemaker.jobs.records import MEGABYTE, Cutter
from local_cloud.sagemaker.jobs.transform_fleet import Fleet, Refused, Settings
from local_cloud.sagemaker.store import Record

_MOST_MEGABYTES = 100
_DEFAULT_MEGABYTES = 6
_DEFAULT_TIMEOUT_S = 600
_DEFAULT_RETRIES = 3
_SEE_LOGS = "See job logs for more information"


def check(ctx: Context, request: Record) -> None:
    """Refuse what cannot run here.

    Raises
    ------
    ServiceError
        Names the member and what is wrong with it.
    """
    artifacts.resolve(ctx, request["ModelName"])
    source, split = request["TransformInput"], request["TransformInput"].get("SplitType", "None")
    kind = source["DataSource"]["S3DataSource"]["S3DataType"]
    if kind not in ("S3Prefix", "ManifestFile"):
        raise validation(f"TransformInput: S3DataType {kind} is not supported; use S3Prefix or ManifestFile")
    if split not in ("None", "Line"):
        raise validation(f"TransformInput.SplitType {split} is not supported here; use None or Line")
    if "DataCaptureConfig" in request:
        raise validation("DataCaptureConfig of a transform job is not supported here")
    settings = _settings(request)
    if settings.megabytes > _MOST_MEGABYTES:
        raise validation(f"MaxPayloadInMB cannot be greater than {_MOST_MEGABYTES}")
    if settings.concurrency * settings.megabytes > _MOST_MEGABYTES:
        raise validation(
            f"MaxConcurrentTransforms * MaxPayloadInMB cannot be greater than {_MOST_MEGABYTES} MB"
        )
    association.of(request)


def work(run: Run) -> None:
    """The whole job: an output object is uploaded as soon as all of its input went through.

    Raises
    ------
    JobFailed, JobStopped
        As the job ends.
    """
    model = artifacts.resolve(run.ctx, run.request["ModelName"])
    grants.check_job(run.ctx, {**run.request, "RoleArn": model.role})
    client = run.ctx.client("s3", model.role)
    shipper = logs.LogShipper(run.ctx, model.role, run.kind.log_group, run.name)
    try:
        objects = _objects(run, client)
        try:
            artifacts.fetch(run.ctx, model, run.folder / "model")
        except DeploymentFailed as error:
            raise JobFailed(f"ClientError: {error}") from error
        with Fleet(run, model, _settings(run.request), shipper) as fleet:
            _Transform(run, client, fleet).drive(objects)
    finally:
        shipper.close()


class _Transform:
    def __init__(self, run: Run, client: Any, fleet: Fleet) -> None:
        self.run, self.client, self.fleet = run, client, fleet
        request = run.request
        self.source, self.target = request["TransformInput"], request["TransformOutput"]
        self.association = association.of(request)
        self.cutter = Cutter(
            lines=self.source.get("SplitType", "None") == "Line",
            several=request.get("BatchStrategy", "MultiRecord") == "MultiRecord",
            most=fleet.settings.megabytes * MEGABYTE,
            before=self.association.before,
        )

    def drive(self, objects: list[transfer.Object]) -> None:
        """Put all objects through; those that fail do not keep the others from it."""
        shares = [objects[at :: self.fleet.size] for at in range(self.fleet.size)]
        abreast = self.fleet.settings.concurrency
        with ThreadPoolExecutor(self.fleet.size * abreast, thread_name_prefix="transform") as pool:
            pending = [
                (one, pool.submit(self._put_through, one, at))
                for at, share in enumerate(shares)
                for one in share
            ]
            failures = [(one, reason) for one, done in pending if (reason := done.result()) is not None]
        if self.run.stop.is_set():
            raise JobStopped
        if failures:
            first, reason = failures[0]
            kind, _, detail = reason.partition(": ")
            raise JobFailed(f"{kind}: {_SEE_LOGS}: {first.bucket}/{first.key}: {detail}")

    def _put_through(self, one: transfer.Object, instance: int) -> str | None:
        """One object; what went wrong, or None."""
        if self.run.stop.is_set():
            return None
        number = hashlib.sha256(f"{one.bucket}/{one.key}".encode()).hexdigest()[:16]
        folder = self.run.folder / "objects" / number
        try:
            folder.mkdir(parents=True)
            transfer.fetch(self.client, one, folder / "in")
            if self._answers(folder, instance):
                transfer.upload_file(self.client, folder / "out", self._uri(one), self.target.get("KmsKeyId"))
            return None
        except (Refused, association.BadRecord) as error:
            reason = str(error) if isinstance(error, Refused) else f"ClientError: {error}"
        except (*AWS_ERRORS, OSError, EOFError, JobFailed) as error:
            reason = f"ClientError: {error}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self.fleet.say(instance, f"{one.bucket}/{one.key}: {reason}")
        return reason

    def _answers(self, folder: Path, instance: int) -> bool:
        """Write the answers to an object, in order; false when the job was stopped meanwhile."""
        zipped = self.source.get("CompressionType", "None") == "Gzip"
        with (folder / "out").open("wb") as out:
            batches = self.cutter.batches(folder / "in", zipped=zipped)
            for batch, answer in self.fleet.answers(instance, batches):
                if self.run.stop.is_set():
                    return False
                out.write(self._assembled(batch.records, answer))
        return True

    def _assembled(self, records: tuple[bytes, ...], answer: bytes) -> bytes:
        if self.association.per_record:
            kept = [
                self.association.after(record, part)
                for record, part in zip(records, _parts(records, answer), strict=True)
            ]
            answer = b"\n".join(kept)
        lines = self.target.get("AssembleWith", "None") == "Line"
        return answer + b"\n" if lines and not answer.endswith(b"\n") else answer

    def _uri(self, one: transfer.Object) -> str:
        return f"{self.target['S3OutputPath'].rstrip('/')}/{one.below}.out"


def _parts(records: tuple[bytes, ...], answer: bytes) -> list[bytes]:
    """The answers to the single records of a request."""
    if len(records) == 1:
        return [answer]
    lines = [line for line in answer.split(b"\n") if line.strip()]
    if len(lines) != len(records):
        raise association.BadRecord(f"{len(lines)} lines came back for {len(records)} records")
    return lines


def _objects(run: Run, client: Any) -> list[transfer.Object]:
    source = run.request["TransformInput"]["DataSource"]["S3DataSource"]
    return transfer.objects(client, source["S3DataType"], source["S3Uri"])


def _settings(request: Record) -> Settings:
    patience = request.get("ModelClientConfig", {})
    return Settings(
        instances=request["TransformResources"]["InstanceCount"],
        concurrency=request.get("MaxConcurrentTransforms") or 1,
        megabytes=request.get("MaxPayloadInMB", _DEFAULT_MEGABYTES),
        strategy=request.get("BatchStrategy", "MultiRecord"),
        timeout_s=patience.get("InvocationsTimeoutInSeconds", _DEFAULT_TIMEOUT_S),
        retries=patience.get("InvocationsMaxRetries", _DEFAULT_RETRIES),
        content_type=request["TransformInput"].get("ContentType"),
        accept=request["TransformOutput"].get("Accept"),
        environment=request.get("Environment", {}),
    )
