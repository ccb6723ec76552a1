"""Runs a processing job: inputs down, one process an instance, outputs up."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs import credentials, drivers, logs, supervise, transfer
from local_cloud.sagemaker.jobs.container import Container
from local_cloud.sagemaker.jobs.errors import JobFailed, JobStopped, JobTimedOut
from local_cloud.sagemaker.jobs.lifecycle import Run
from local_cloud.sagemaker.jobs.mirror import Mirror
from local_cloud.sagemaker.store import Record

_PREFIX = "/opt/ml/processing"
_MESSAGE = "opt/ml/output/message"
_LONGEST_MESSAGE = 1024
_DAY = 24 * 3600
_TYPES = ("S3Prefix", "ManifestFile")


def check(request: Record) -> None:
    """Refuse what cannot run here.

    Raises
    ------
    ServiceError
        Names the input or output and what is wrong with it.
    """
    if not request["AppSpecification"].get("ContainerEntrypoint"):
        raise validation(
            "AppSpecification.ContainerEntrypoint is missing; no image is here that it could be taken from"
        )
    names = [item["InputName"] for item in request.get("ProcessingInputs", [])]
    names += [item["OutputName"] for item in _outputs(request)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise validation(f"Input and output names of a processing job must be unique: {', '.join(doubled)}")
    for item in request.get("ProcessingInputs", []):
        _check_input(item)
    for item in _outputs(request):
        target = _member(item, "S3Output", item["OutputName"])
        if not _managed_by_job(item):
            _inside(item["OutputName"], target.get("LocalPath", ""))


def _check_input(item: dict[str, Any]) -> None:
    name, source = item["InputName"], _member(item, "S3Input", item["InputName"])
    if source["S3DataType"] not in _TYPES:
        raise validation(
            f"ProcessingInput '{name}': S3DataType {source['S3DataType']} is not supported here; "
            f"use {' or '.join(_TYPES)}"
        )
    if source.get("S3InputMode", "File") != "File":
        raise validation(f"ProcessingInput '{name}': only S3InputMode File is supported here")
    if source.get("S3CompressionType", "None") != "None":
        raise validation(
            f"ProcessingInput '{name}': S3CompressionType Gzip is for Pipe mode, which is not here"
        )
    if not _managed_by_job(item):
        _inside(name, source.get("LocalPath", ""))


def work(run: Run) -> None:
    """The whole job.

    Raises
    ------
    JobFailed, JobStopped, JobTimedOut
        As the job ends.
    """
    count = run.request["ProcessingResources"]["ClusterConfig"]["InstanceCount"]
    containers = [run.container(f"algo-{at}", at) for at in range(1, count + 1)]
    client = run.ctx.client("s3", run.request["RoleArn"])
    for container in containers:
        _prepare(container, run, client, count)
    commands = [
        supervise.Command(one, _words(run.request, one), _environment(run, one)) for one in containers
    ]
    key_id = run.request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
    mirror = Mirror(client, _targets(run.request, containers, "Continuous"), run.name, key_id)
    try:
        _run(run, commands)
    except Exception:
        mirror.abandon()
        raise
    mirror.finish()
    for folder, uri in _targets(run.request, containers, "EndOfJob"):
        transfer.upload(client, folder, uri, key_id)


def _targets(request: Record, containers: list[Container], mode: str) -> list[tuple[Path, str]]:
    """What goes where of the outputs of an upload mode."""
    return [
        (container.path(item["S3Output"]["LocalPath"]), item["S3Output"]["S3Uri"])
        for item in _outputs(request)
        if item["S3Output"]["S3UploadMode"] == mode and not _managed_by_job(item)
        for container in containers
    ]


def _run(run: Run, commands: list[supervise.Command]) -> None:
    limit = run.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY)
    shipper = logs.LogShipper(run.ctx, run.request["RoleArn"], run.kind.log_group, run.name)
    deadline = time.monotonic() + limit

    def ended() -> Exception | None:
        if run.stop.is_set():
            return JobStopped()
        return JobTimedOut() if time.monotonic() >= deadline else None

    try:
        exits = supervise.run(commands, ended=ended, on_line=shipper.line, grace=run.grace)
    finally:
        shipper.close()
        _keep_message(run, [one.container for one in commands])
    reason = supervise.failure_of(exits, _MESSAGE)
    if reason:
        raise JobFailed(reason)


def _keep_message(run: Run, containers: list[Container]) -> None:
    """The ExitMessage: what the first instance that left one says, however the job ended."""
    written = [one.path(_MESSAGE) for one in containers if one.path(_MESSAGE).is_file()]
    if written:
        run.note(ExitMessage=written[0].read_text(errors="replace").strip()[:_LONGEST_MESSAGE])


def _prepare(container: Container, run: Run, client: Any, count: int) -> None:
    request = run.request
    for folder in ("opt/ml/config", "opt/ml/output", "opt/ml/processing"):
        container.path(folder).mkdir(parents=True, exist_ok=True)
    hosts = [f"algo-{at}" for at in range(1, count + 1)]
    container.write_json(
        "opt/ml/config/resourceconfig.json", {"current_host": container.host, "hosts": hosts}
    )
    job = {"ProcessingJobArn": run.ctx.store.get(run.kind.name, run.name)["ProcessingJobArn"], **request}
    container.write_json("opt/ml/config/processingjobconfig.json", container.localize(job))
    for item in request.get("ProcessingInputs", []):
        if run.stop.is_set():
            raise JobStopped
        if _managed_by_job(item):
            continue
        source = item["S3Input"]
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        share = (container.number - 1, count) if sharded else (0, 1)
        found = transfer.objects(client, source["S3DataType"], source["S3Uri"])
        transfer.fetch_all(client, transfer.shared(found, share), container.path(source["LocalPath"]))
    drivers.localize(container)
    for item in _outputs(request):
        if not _managed_by_job(item):
            container.path(item["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)


def _words(request: Record, container: Container) -> list[str]:
    application = request["AppSpecification"]
    words = [*application["ContainerEntrypoint"], *application.get("ContainerArguments", [])]
    localized: list[str] = container.localize(words)
    return localized


def _environment(run: Run, container: Container) -> dict[str, str]:
    """The whole environment of an instance."""
    isolated = run.request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
    aws = credentials.of_job(run.ctx, run.request["RoleArn"], isolated=isolated)
    own = {
        "PROCESSING_JOB_ARN": str(run.ctx.store.get(run.kind.name, run.name)["ProcessingJobArn"]),
        **run.request.get("Environment", {}),
    }
    return container.environment(aws, own)


def _managed_by_job(item: dict[str, Any]) -> bool:
    """Whether the job itself moves an input or output (AppManaged)."""
    return bool(item.get("AppManaged", False))


def _outputs(request: Record) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return outputs


def _member(item: dict[str, Any], member: str, name: str) -> dict[str, Any]:
    if member not in item:
        given = ", ".join(sorted(set(item) - {"InputName", "OutputName", "AppManaged"})) or "nothing"
        raise validation(f"'{name}' of the processing job: {given} is not supported here; use {member}")
    found: dict[str, Any] = item[member]
    return found


def _inside(name: str, path: str) -> None:
    if (path != _PREFIX and not path.startswith(f"{_PREFIX}/")) or ".." in path.split("/"):
        raise validation(f"LocalPath '{path}' of '{name}' must be a path below {_PREFIX}")
