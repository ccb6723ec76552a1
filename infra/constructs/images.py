"""The images of the jobs and of the endpoint: AWS Deep Learning Containers, pinned in this one place."""

from dataclasses import dataclass

from aws_cdk import region_info

from infra.constructs.instances import has_gpu

# One image for all jobs. AWS publishes this version with CUDA only; on CPU types it runs on the CPU.
TRAINING_REPOSITORY = "huggingface-pytorch-training"
TRAINING_TAG = "2.9.0-transformers5.3.0-gpu-py312-cu130-ubuntu22.04"
INFERENCE_REPOSITORY = "huggingface-pytorch-inference"
INFERENCE_CPU_TAG = "2.6.0-transformers5.5.3-cpu-py312-ubuntu22.04"
INFERENCE_GPU_TAG = "2.6.0-transformers5.5.3-gpu-py312-cu124-ubuntu22.04"


class NoImageError(ValueError):
    """AWS Deep Learning Containers are not published in the chosen region."""


@dataclass(frozen=True)
class Image:
    """A repository and tag in the Deep Learning Containers registry of one region."""

    region: str
    repository: str
    tag: str

    @property
    def uri(self) -> str:
        """Address to pull the image from."""
        suffix = region_info.RegionInfo.get(self.region).domain_suffix or "amazonaws.com"
        return f"{self.account}.dkr.ecr.{self.region}.{suffix}/{self.repository}:{self.tag}"

    @property
    def account(self) -> str:
        """Account that owns the registry in this region.

        Raises
        ------
        NoImageError
            When the CDK library knows no registry there.
        """
        account = region_info.RegionInfo.get(self.region).dlc_repository_account
        if account is None:
            raise NoImageError(f"region {self.region!r} has no Deep Learning Containers: choose another one")
        return account


def training_image(region: str) -> Image:
    """Return the image that every job of the pipeline runs in."""
    return Image(region, TRAINING_REPOSITORY, TRAINING_TAG)


def inference_image(region: str, instance_type: str) -> Image:
    """Return the image of the endpoint, built for the CPU or GPU of the instance type."""
    tag = INFERENCE_GPU_TAG if has_gpu(instance_type) else INFERENCE_CPU_TAG
    return Image(region, INFERENCE_REPOSITORY, tag)
