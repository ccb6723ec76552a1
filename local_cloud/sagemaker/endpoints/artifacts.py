"""What a model consists of: its container, merged with the model package it names, and its files from S3."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker import grants, operations, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints.errors import DeploymentFailed
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs import transfer
from local_cloud.sagemaker.jobs.errors import JobFailed

# Members that bring more than one model to a container, or bring it in ways that are not served here.
_REFUSED = (
    "AdditionalModelDataSources",
    "AdditionalS3DataSource",
    "MultiModelConfig",
    "HubAccessConfig",
    "ManifestS3Uri",
)


@dataclass(frozen=True)
class ModelContainer:
    """What a variant's instances run.

    Parameters
    ----------
    image
        The image named by the model; nothing is pulled, only described.
    uri
        S3 URI of the model: an archive, or a prefix when `compressed` is false.
    environment
        Variables of the package, overridden by those of the model.
    role
        Execution role of the model.
    """

    image: str
    uri: str
    compressed: bool
    environment: dict[str, str]
    role: str | None


def resolve(ctx: Context, model_name: str) -> ModelContainer:
    """Return the container of a model.

    Raises
    ------
    ServiceError
        The model or its package does not exist, is of a kind that cannot be served here, or has no role
        where permissions are enforced: it would read, write and run with those of the account itself.
    """
    model = resources.get(ctx, "Model", model_name)
    if ctx.authority is not None and not model.get("ExecutionRoleArn"):
        raise validation(f'Model "{model_name}" has no ExecutionRoleArn: give it a role to be served as.')
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    if len(containers) != 1:
        raise validation(f'Model "{model_name}" has {len(containers)} containers; one is served here.')
    container = containers[0]
    if "ModelPackageName" in container:
        container = _merged(_packaged(ctx, container), container)
    _check_served(model_name, container)
    uri, compressed = _data(container)
    if uri is None:
        raise validation(f'Model "{model_name}" has no model data (ModelDataUrl or ModelDataSource).')
    return ModelContainer(
        image=container.get("Image", ""),
        uri=uri,
        compressed=compressed,
        environment=dict(container.get("Environment", {})),
        role=model.get("ExecutionRoleArn"),
    )


def fetch(ctx: Context, container: ModelContainer, folder: Path) -> None:
    """Put the files of a model into a folder, read with the model's role, which may pull its image, too.

    Raises
    ------
    DeploymentFailed
        The data is missing, may not be read, or is not an archive that can be unpacked safely.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder.with_name("model.tar.gz")
    try:
        if container.role:
            grants.check_pull(ctx, container.role, container.image)
        client = ctx.client("s3", container.role)
        if not container.compressed:
            transfer.download(client, container.uri, folder)
            return
        bucket, key = transfer.split_uri(container.uri)
        client.download_file(bucket, key, str(archive))
        with tarfile.open(archive, "r:*") as tar:
            tar.extractall(folder, filter="data")
    except (JobFailed, BotoCoreError, ClientError) as error:
        raise DeploymentFailed(f"Failed to download model data from {container.uri}: {error}") from error
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DeploymentFailed(f"Failed to extract model data from {container.uri}: {error}") from error
    finally:
        archive.unlink(missing_ok=True)


def _check_served(model_name: str, container: dict[str, Any]) -> None:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    given = [member for member in _REFUSED if member in container or member in source]
    given += ["Mode MultiModel"] if container.get("Mode") == "MultiModel" else []
    if given:
        raise validation(f'Model "{model_name}" has {" and ".join(given)}, which is not served here.')


def _packaged(ctx: Context, container: dict[str, Any]) -> dict[str, Any]:
    """The container of the package that a model names, in the specification of it that it names, if any."""
    name, wanted = container["ModelPackageName"], container.get("InferenceSpecificationName")
    package = operations.call(ctx, "DescribeModelPackage", {"ModelPackageName": name})
    found = package.get("InferenceSpecification", {})
    if wanted is not None:
        listed = package.get("AdditionalInferenceSpecifications", [])
        found = next((one for one in listed if one["Name"] == wanted), None)
        if found is None:
            raise validation(f'Model package "{name}" has no inference specification named "{wanted}".')
    containers: list[dict[str, Any]] = found.get("Containers", [])
    if len(containers) != 1:
        raise validation(f'Model package "{name}" has {len(containers)} inference containers; one is needed.')
    return containers[0]


def _merged(package: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    environment = {**package.get("Environment", {}), **own.get("Environment", {})}
    return {**package, **own, "Environment": environment}


def _data(container: dict[str, Any]) -> tuple[str | None, bool]:
    """Return the S3 URI of the model data and whether it is an archive."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source:
        return source["S3Uri"], source["CompressionType"] == "Gzip"
    return container.get("ModelDataUrl"), True
