"""What all processing steps have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from infra.constructs.instances import takes_volume_key
from infra.settings import Settings
from infra.training.expressions import EXECUTION_ID, Json, join, parameter

ROOT = "/opt/ml/processing"
# SageMaker reports the content of this file as the ExitMessage of a failed job.
EXIT_MESSAGE = "/opt/ml/output/message"
DATASETS = "datasets"
# SageMaker takes at most 256 characters an entry and no line breaks; "$@" are the container arguments.
_SCRIPT = (
    "mkdir -p {root}/code && tar -xzf {root}/input/code/{file} -C {root}/code "
    '&& cd {root}/code && exec python3 -m "$@"'
)


class JobInputs(Protocol):
    """What a processing step needs of the inputs of its pipeline's definition."""

    @property
    def settings(self) -> Settings:
        """The environment's settings."""
        ...

    @property
    def region(self) -> str:
        """Region of the pipeline."""
        ...

    @property
    def code_uri(self) -> str:
        """S3 URI of the job code."""
        ...

    @property
    def code_file(self) -> str:
        """File name of the job code inside a job."""
        ...

    @property
    def artifact_uri(self) -> str:
        """S3 URI of the artifact bucket, without a slash at the end."""
        ...

    @property
    def key_arn(self) -> str:
        """ARN of the customer key."""
        ...

    @property
    def job_image(self) -> str:
        """Address of the image."""
        ...


@dataclass(frozen=True)
class Source:
    """An input of a processing job, copied to `input/<name>`."""

    name: str
    uri: str | Json
    sharded: bool = False


@dataclass(frozen=True)
class Product:
    """An output of a processing job, copied from `output/<name>`.

    At the end of a job that succeeds; `continuous` ones while it runs, so that they outlive a failure.
    """

    name: str
    uri: str | Json
    continuous: bool = False


@dataclass(frozen=True)
class ProcessingJob:
    """One processing job: which module runs with which arguments, on what, writing what.

    A job without network access is isolated: SageMaker itself brings the inputs and takes the outputs.
    `max_runtime_minutes` is the settings' limit of processing jobs unless it is given.
    """

    module: str
    role: str
    arguments: Sequence[str | Json]
    sources: Sequence[Source]
    products: Sequence[Product]
    network: bool = False
    instance_count: int | Json = 1
    environment: dict[str, str | Json] = field(default_factory=dict)
    max_runtime_minutes: int | None = None


def execution_uri(inputs: JobInputs, *folders: str) -> Json:
    """S3 URI below the folder of this execution in the artifact bucket."""
    return join("/", f"{inputs.artifact_uri}/executions", EXECUTION_ID, *folders)


def dataset_product(inputs: JobInputs) -> Product:
    """What a dataset was made of, as one file that the dataset's hash names: equal datasets share it."""
    return Product("dataset", f"{inputs.artifact_uri}/{DATASETS}")


def contract_source() -> Source:
    """The data contract, an input of every job."""
    return Source("contract", parameter("ContractUri"))


def cache_config(inputs: JobInputs) -> Json:
    """Let SageMaker reuse an equal step: inputs lie below keys that name their content."""
    return {"Enabled": True, "ExpireAfter": f"P{inputs.settings.cache_days}D"}


def processing_step(name: str, inputs: JobInputs, job: ProcessingJob) -> Json:
    """Return a step of type Processing."""
    minutes = job.max_runtime_minutes or inputs.settings.processing.max_runtime_minutes
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "RoleArn": job.role,
            "ProcessingResources": {"ClusterConfig": _cluster(inputs, job)},
            "AppSpecification": _application(inputs, job),
            "Environment": {
                "AWS_DEFAULT_REGION": inputs.region,
                "BERTLINE_EXIT_MESSAGE": EXIT_MESSAGE,
                **job.environment,
            },
            "NetworkConfig": {
                "EnableNetworkIsolation": not job.network,
                "EnableInterContainerTrafficEncryption": job.instance_count != 1,
            },
            "ProcessingInputs": [
                _input(source) for source in (Source("code", inputs.code_uri), *job.sources)
            ],
            "ProcessingOutputConfig": {
                "KmsKeyId": inputs.key_arn,
                "Outputs": [_output(product) for product in job.products],
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": minutes * 60},
        },
        "CacheConfig": cache_config(inputs),
    }


def _cluster(inputs: JobInputs, job: ProcessingJob) -> Json:
    machines = inputs.settings.processing
    cluster: Json = {
        "InstanceCount": job.instance_count,
        "InstanceType": parameter("ProcessingInstanceType"),
        "VolumeSizeInGB": machines.volume_gb,
    }
    # Local disks take no customer key; a start may choose among types of the default's kind only.
    keyed = takes_volume_key(machines.instance_type)
    return {**cluster, "VolumeKmsKeyId": inputs.key_arn} if keyed else cluster


def _application(inputs: JobInputs, job: ProcessingJob) -> Json:
    script = _SCRIPT.format(root=ROOT, file=inputs.code_file)
    return {
        "ImageUri": inputs.job_image,
        "ContainerEntrypoint": ["/bin/bash", "-ec", script, "bertline"],
        "ContainerArguments": [job.module, *job.arguments],
    }


def _input(source: Source) -> Json:
    return {
        "InputName": source.name,
        "S3Input": {
            "S3Uri": source.uri,
            "LocalPath": f"{ROOT}/input/{source.name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "ShardedByS3Key" if source.sharded else "FullyReplicated",
        },
    }


def _output(product: Product) -> Json:
    return {
        "OutputName": product.name,
        "S3Output": {
            "S3Uri": product.uri,
            "LocalPath": f"{ROOT}/output/{product.name}",
            "S3UploadMode": "Continuous" if product.continuous else "EndOfJob",
        },
    }
