"""Runs a training job with the real toolkit: channels, hosts, metrics, model artifact, checkpoints."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

from local_cloud.defaults import HOST
from local_cloud.sagemaker.context import now
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs import logs, supervise, transfer
from local_cloud.sagemaker.jobs.container import Container, venv_bin
from local_cloud.sagemaker.jobs.errors import JobFailed, JobStopped, JobTimedOut
from local_cloud.sagemaker.jobs.lifecycle import Run
from local_cloud.sagemaker.jobs.metrics import MetricReader, compile_definition
from local_cloud.sagemaker.store import Record

_FAILURE = "opt/ml/output/failure"
_DAY = 24 * 3600
_MODES = ("File", "FastFile")
_CHECKPOINTS = "/opt/ml/checkpoints"
_LOOPBACK_HOSTS = 254


def first_members(request: Record, name: str) -> Record:
    """Members of the record that a training job begins with: where its model will be, if it leaves one."""
    where = f"{_base(request, name)}/model.tar.gz"
    begun = {
        "Status": "Starting",
        "StartTime": now(),
        "StatusMessage": "Preparing the instances for training",
    }
    return {
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [begun],
        "ModelArtifacts": {"S3ModelArtifacts": where},
    }


def check(request: Record) -> None:
    """Refuse what cannot run here.

    Raises
    ------
    ServiceError
        Names the member and what is wrong with it.
    """
    resources = request.get("ResourceConfig", {})
    if resources.get("InstanceGroups"):
        raise validation(
            "ResourceConfig.InstanceGroups is not supported here; give InstanceCount and InstanceType"
        )
    if not 1 <= resources.get("InstanceCount", 0) <= _LOOPBACK_HOSTS:
        raise validation(f"ResourceConfig.InstanceCount must be from 1 to {_LOOPBACK_HOSTS}")
    algorithm = request.get("AlgorithmSpecification", {})
    default = algorithm.get("TrainingInputMode", "File")
    for channel in request.get("InputDataConfig", []):
        mode = channel.get("InputMode", default)
        if mode not in _MODES:
            raise validation(f"Channel '{channel['ChannelName']}': input mode {mode} is not supported here")
        source = channel["DataSource"].get("S3DataSource")
        if source is None or source["S3DataType"] != "S3Prefix":
            raise validation(
                f"Channel '{channel['ChannelName']}': only an S3DataSource of S3Prefix is supported"
            )
    if default not in _MODES:
        raise validation(f"TrainingInputMode {default} is not supported here; use one of {', '.join(_MODES)}")
    for definition in algorithm.get("MetricDefinitions", []):
        compile_definition(definition)


def work(run: Run) -> None:
    """The whole job: the model artifact is uploaded when it ended well or was stopped.

    Raises
    ------
    JobFailed, JobStopped, JobTimedOut
        As the job ends.
    """
    client = run.ctx.client("s3", run.request["RoleArn"])
    hosts = _hosts(run.request["ResourceConfig"]["InstanceCount"])
    containers = [run.container(host, at) for at, host in enumerate(hosts, start=1)]
    _secondary(run, "Downloading", "Downloading the training data")
    for container in containers:
        _prepare(container, run, client, hosts)
    _secondary(run, "Training", "Training in progress")
    try:
        _train(run, containers)
    except (JobStopped, JobTimedOut) as ended:
        timed_out = isinstance(ended, JobTimedOut)
        _upload(run, containers, client)
        _secondary(run, "MaxRuntimeExceeded" if timed_out else "Stopped", "The job was stopped")
        raise
    except JobFailed as failure:
        _checkpoints(run, containers, client)
        _secondary(run, "Failed", str(failure))
        raise
    _secondary(run, "Uploading", "Uploading the trained model")
    _upload(run, containers, client)
    _secondary(run, "Completed", "Training job completed")


def _train(run: Run, containers: list[Container]) -> None:
    reader = MetricReader(run.request["AlgorithmSpecification"].get("MetricDefinitions", []))
    shipper = logs.LogShipper(
        run.ctx, run.request["RoleArn"], run.kind.log_group, run.name, dimension="TrainingJobName"
    )

    def line(number: int, text: str) -> None:
        shipper.line(number, text)
        found = reader.feed(text)
        for metric in found:
            shipper.metric(metric)
        if found:
            run.note(FinalMetricDataList=reader.final())

    meeting = _meeting_point() if len(containers) > 1 else {}
    commands = [
        supervise.Command(one, _words(run.request, one), _environment(run, one, meeting))
        for one in containers
    ]
    limit = run.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY)
    began = now()
    try:
        exits = supervise.run(commands, stop=run.stop, seconds=limit, on_line=line)
    finally:
        shipper.close()
        seconds = max(1, round((now() - began).total_seconds()))
        run.note(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=seconds)
    reason = supervise.failure_of(exits, _FAILURE)
    if reason:
        raise JobFailed(reason)


def _prepare(container: Container, run: Run, client: Any, hosts: list[str]) -> None:
    request = run.request
    for folder in ("input/config", "input/data", "model", "output/data", "code", "checkpoints"):
        (container.ml / folder).mkdir(parents=True, exist_ok=True)
    container.write_json("opt/ml/input/config/hyperparameters.json", request.get("HyperParameters", {}))
    instance = request["ResourceConfig"].get("InstanceType", "local")
    resource_config = {
        "current_host": container.host,
        "hosts": hosts,
        "current_instance_type": instance,
        "current_group_name": "homogeneousCluster",
        "instance_groups": [
            {"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": hosts}
        ],
        "network_interface_name": "lo0" if sys.platform == "darwin" else "lo",
    }
    container.write_json("opt/ml/input/config/resourceconfig.json", resource_config)
    channels = request.get("InputDataConfig", [])
    default = request["AlgorithmSpecification"].get("TrainingInputMode", "File")
    described = {one["ChannelName"]: _described(one, default) for one in channels}
    container.write_json("opt/ml/input/config/inputdataconfig.json", described)
    for channel in channels:
        if run.stop.is_set():
            raise JobStopped
        source = channel["DataSource"]["S3DataSource"]
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        share = (container.number - 1, len(hosts)) if sharded else (0, 1)
        target = container.ml / "input" / "data" / channel["ChannelName"]
        found = transfer.objects(client, source["S3DataType"], source["S3Uri"])
        transfer.fetch_all(client, transfer.shared(found, share), target)
    checkpoints = request.get("CheckpointConfig")
    if checkpoints and transfer.listed(client, checkpoints["S3Uri"]):
        transfer.download(client, checkpoints["S3Uri"], _checkpoint_path(container, checkpoints))


def _described(channel: dict[str, Any], default: str) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    return {
        "TrainingInputMode": channel.get("InputMode", default),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
    }


def _words(request: Record, container: Container) -> list[str]:
    algorithm = request["AlgorithmSpecification"]
    entrypoint = algorithm.get("ContainerEntrypoint")
    if not entrypoint:
        toolkit = venv_bin() / "train"
        if not toolkit.exists():
            raise JobFailed(f"ClientError: {toolkit} is missing; install the package sagemaker-training")
        return [str(toolkit)]
    words: list[str] = container.localize([*entrypoint, *algorithm.get("ContainerArguments", [])])
    return words


def _environment(run: Run, container: Container, meeting: dict[str, str]) -> dict[str, str]:
    own = {
        **meeting,
        "SAGEMAKER_BASE_DIR": str(container.ml),
        "TRAINING_JOB_NAME": run.name,
        "TRAINING_JOB_ARN": str(run.ctx.store.get(run.kind.name, run.name)["TrainingJobArn"]),
        **run.request.get("Environment", {}),
    }
    return container.environment(run.ctx.job_environment(run.request["RoleArn"]), own)


def _upload(run: Run, containers: list[Container], client: Any) -> None:
    """The first instance's model and output, as one archive each; checkpoints beside them."""
    first = containers[0]
    base = _base(run.request, run.name)
    for folder, name in (("model", "model.tar.gz"), ("output/data", "output.tar.gz")):
        if not any((first.ml / folder).iterdir()):
            continue
        archive = run.folder / name
        transfer.pack(first.ml / folder, archive)
        transfer.upload_file(client, archive, f"{base}/{name}")
        if name == "output.tar.gz":
            run.note(OutputArtifacts={"S3OutputArtifacts": f"{base}/{name}"})
    _checkpoints(run, containers, client)


def _base(request: Record, name: str) -> str:
    return f"{request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/output"


def _checkpoints(run: Run, containers: list[Container], client: Any) -> None:
    config = run.request.get("CheckpointConfig")
    if config:
        for container in containers:
            transfer.upload(client, _checkpoint_path(container, config), config["S3Uri"])


def _checkpoint_path(container: Container, config: dict[str, str]) -> Path:
    return container.path(config.get("LocalPath", _CHECKPOINTS))


def _meeting_point() -> dict[str, str]:
    """Where the hosts of a job meet: all jobs run on this machine, so each gets a free port of its own."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return {"MASTER_ADDR": HOST, "MASTER_PORT": str(probe.getsockname()[1])}


def _hosts(count: int) -> list[str]:
    """Host names that resolve at once: a name of their own would cost minutes of retries at start."""
    return ["localhost"] if count == 1 else [f"127.0.0.{at}" for at in range(1, count + 1)]


def _secondary(run: Run, status: str, message: str) -> None:
    at = now()

    def change(record: Record) -> None:
        transitions = record.setdefault("SecondaryStatusTransitions", [])
        if transitions:
            transitions[-1]["EndTime"] = at
        transitions.append({"Status": status, "StartTime": at, "StatusMessage": message[:1024]})
        record["SecondaryStatus"] = status

    run.ctx.store.modify(run.kind.name, run.name, change)
