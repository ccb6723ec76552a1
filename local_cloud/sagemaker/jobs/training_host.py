"""One host of a training job under the container contract: folders, configuration, command, environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from local_cloud.sagemaker.jobs import cluster, credentials
from local_cloud.sagemaker.jobs.channels import described
from local_cloud.sagemaker.jobs.container import Container, venv_bin
from local_cloud.sagemaker.jobs.errors import JobFailed
from local_cloud.sagemaker.jobs.lifecycle import Run
from local_cloud.sagemaker.store import Record

_CONFIG = "opt/ml/input/config"
_CHECKPOINTS = "/opt/ml/checkpoints"
_TENSORBOARD = "/opt/ml/output/tensorboard"
_METRICS = "/opt/ml/output/metrics/sagemaker"
_FOLDERS = (
    "input/config",
    "input/data",
    "model",
    "output/data",
    "output/metrics/sagemaker",
    "code",
    "checkpoints",
)


def lay_out(
    container: Container, request: Record, mine: cluster.Member, everyone: Sequence[cluster.Member]
) -> None:
    """Make the folders of a host, and the files that tell it about its job."""
    for folder in _FOLDERS:
        (container.ml / folder).mkdir(parents=True, exist_ok=True)
    algorithm = request["AlgorithmSpecification"]
    files = {
        "hyperparameters": request.get("HyperParameters", {}),
        "resourceconfig": cluster.described(mine, everyone),
        "inputdataconfig": described(
            request.get("InputDataConfig", []), algorithm.get("TrainingInputMode", "File")
        ),
        "metric-definition-regex": algorithm.get("MetricDefinitions", []),
        "trainingjobconfig": container.localize(request),
    }
    if "CheckpointConfig" in request:
        files["checkpointconfig"] = container.localize(
            {"LocalPath": _CHECKPOINTS, **request["CheckpointConfig"]}
        )
        checkpoint_folder(container, request).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        container.write_json(f"{_CONFIG}/{name}.json", content)


def words(request: Record, container: Container) -> list[str]:
    """The command of a host: its own entry point, else the training toolkit; JobFailed without either."""
    algorithm = request["AlgorithmSpecification"]
    entrypoint = algorithm.get("ContainerEntrypoint")
    if not entrypoint:
        toolkit = venv_bin() / "train"
        if not toolkit.exists():
            raise JobFailed(f"ClientError: {toolkit} is missing; install the package sagemaker-training")
        entrypoint = [str(toolkit)]
    localized: list[str] = container.localize([*entrypoint, *algorithm.get("ContainerArguments", [])])
    return localized


def environment(run: Run, container: Container, meeting: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a host."""
    own = {
        **meeting,
        "SAGEMAKER_BASE_DIR": str(container.ml),
        "SAGEMAKER_METRICS_DIRECTORY": _METRICS,
        "TRAINING_JOB_NAME": run.name,
        "TRAINING_JOB_ARN": str(run.ctx.store.get(run.kind.name, run.name)["TrainingJobArn"]),
        **run.request.get("Environment", {}),
    }
    isolated = run.request.get("EnableNetworkIsolation", False)
    aws = credentials.of_job(run.ctx, run.request["RoleArn"], isolated=isolated)
    return container.environment(aws, own)


def checkpoint_folder(container: Container, request: Record) -> Path:
    """Where a host keeps its checkpoints."""
    return container.path(request.get("CheckpointConfig", {}).get("LocalPath", _CHECKPOINTS))


def mirrored(container: Container, run: Run) -> list[tuple[Path, str]]:
    """What goes to S3 while the job runs: (folder, S3 URI)."""
    pairs = []
    if "CheckpointConfig" in run.request:
        pairs.append((checkpoint_folder(container, run.request), run.request["CheckpointConfig"]["S3Uri"]))
    board = run.request.get("TensorBoardOutputConfig")
    if board:
        target = f"{board['S3OutputPath'].rstrip('/')}/{run.name}/tensorboard-output"
        pairs.append((container.path(board.get("LocalPath", _TENSORBOARD)), target))
    return pairs
