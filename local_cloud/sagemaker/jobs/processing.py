"""Runs a processing job: inputs down, one process an instance, outputs up."""

from __future__ import annotations

import logging
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs import logs, supervise, transfer
from local_cloud.sagemaker.jobs.container import Container
from local_cloud.sagemaker.jobs.errors import JobFailed, JobStopped, JobTimedOut
from local_cloud.sagemaker.jobs.lifecycle import Run
from local_cloud.sagemaker.store import Record

_log = logging.getLogger("local_cloud.sagemaker.jobs")
_PREFIX = "/opt/ml/processing"
_MESSAGE = "opt/ml/output/message"
_DAY = 24 * 3600


def check(request: Record) -> None:
    """Refuse what cannot run here.

    Raises
    ------
    ServiceError
        Names the input or output and what is wrong with it.
    """
    names = [item["InputName"] for item in request.get("ProcessingInputs", [])]
    names += [item["OutputName"] for item in _outputs(request)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise validation(f"Input and output names of a processing job must be unique: {', '.join(doubled)}")
    for item in request.get("ProcessingInputs", []):
        source = _member(item, "S3Input", item["InputName"])
        if source["S3DataType"] != "S3Prefix":
            raise validation(f"ProcessingInput '{item['InputName']}': only S3DataType S3Prefix is supported")
        if source.get("S3InputMode", "File") != "File":
            raise validation(f"ProcessingInput '{item['InputName']}': only S3InputMode File is supported")
        _inside(item["InputName"], source.get("LocalPath", ""))
    for item in _outputs(request):
        _inside(item["OutputName"], _member(item, "S3Output", item["OutputName"]).get("LocalPath", ""))


def work(run: Run) -> None:
    """The whole job.

    Raises
    ------
    JobFailed, JobStopped, JobTimedOut
        As the job ends.
    """
    request, ctx = run.request, run.ctx
    count = request["ProcessingResources"]["ClusterConfig"]["InstanceCount"]
    containers = [run.container(f"algo-{at}", at) for at in range(1, count + 1)]
    client = ctx.client("s3", request["RoleArn"])
    for container in containers:
        _prepare(container, run, client, count)
    commands = [
        supervise.Command(one, _words(request, one), _environment(ctx, request, one)) for one in containers
    ]
    try:
        _run(run, commands)
    except (JobFailed, JobStopped, JobTimedOut):
        _upload_continuous(run, containers, client)
        raise
    _upload(_outputs(request), containers, client)


def _upload(outputs: list[dict[str, Any]], containers: list[Container], client: Any) -> None:
    for container in containers:
        for item in outputs:
            target = item["S3Output"]
            transfer.upload(client, container.path(target["LocalPath"]), target["S3Uri"])


def _upload_continuous(run: Run, containers: list[Container], client: Any) -> None:
    """What the service would have sent while the job ran; the job's own end stays the one that is told."""
    outputs = [item for item in _outputs(run.request) if item["S3Output"]["S3UploadMode"] == "Continuous"]
    try:
        _upload(outputs, containers, client)
    except (JobFailed, BotoCoreError, ClientError, S3UploadFailedError) as error:
        _log.warning("Continuous outputs of %s not uploaded: %s", run.name, error)


def _run(run: Run, commands: list[supervise.Command]) -> None:
    limit = run.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY)
    shipper = logs.LogShipper(run.ctx, run.request["RoleArn"], run.kind.log_group, run.name)
    try:
        exits = supervise.run(commands, stop=run.stop, seconds=limit, on_line=shipper.line)
    finally:
        shipper.close()
    reason = supervise.failure_of(exits, _MESSAGE)
    if reason:
        run.note(ExitMessage=reason)
        raise JobFailed(reason)


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
        source = item["S3Input"]
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        share = (container.number - 1, count) if sharded else (0, 1)
        found = transfer.objects(client, source["S3DataType"], source["S3Uri"])
        transfer.fetch_all(client, transfer.shared(found, share), container.path(source["LocalPath"]))
    for item in _outputs(request):
        container.path(item["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)


def _words(request: Record, container: Container) -> list[str]:
    application = request["AppSpecification"]
    words = [*application.get("ContainerEntrypoint", []), *application.get("ContainerArguments", [])]
    if not application.get("ContainerEntrypoint"):
        raise JobFailed(
            "ClientError: AppSpecification.ContainerEntrypoint is missing; no image is here to take it from"
        )
    localized: list[str] = container.localize(words)
    return localized


def _environment(ctx: Context, request: Record, container: Container) -> dict[str, str]:
    return container.environment(ctx.job_environment(request["RoleArn"]), request.get("Environment", {}))


def _outputs(request: Record) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return outputs


def _member(item: dict[str, Any], member: str, name: str) -> dict[str, Any]:
    if member not in item:
        raise validation(f"'{name}' of the processing job: only {member} is supported here")
    found: dict[str, Any] = item[member]
    return found


def _inside(name: str, path: str) -> None:
    if (path != _PREFIX and not path.startswith(f"{_PREFIX}/")) or ".." in path.split("/"):
        raise validation(f"LocalPath '{path}' of '{name}' must be a path below {_PREFIX}")
