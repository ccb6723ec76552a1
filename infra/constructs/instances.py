"""What the infrastructure must know about instance types."""

import re

# Families whose volumes are local disks. Those are encrypted in hardware, and SageMaker takes no customer key
# for them (SageMaker API reference: ProcessingClusterConfig, ResourceConfig and CreateEndpointConfig).
LOCAL_STORAGE_FAMILIES = (
    "c5d", "c6gd", "c6id", "c7gd", "g4dn", "g5", "g6", "g6e", "g6f", "g7", "g7e", "gr6", "i3en", "m5d",
    "m6gd", "m6id", "m7gd", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "r5d", "r6gd",
    "r6id", "r7gd", "trn1", "trn1n", "trn2",
)  # fmt: skip
# Graviton and Grace, such as `m6g`, `c7gd`, `g5g`, `a1`, `p6e-gb200`: the images are built for x86 alone.
ARM_FAMILY = r"^([a-z]+\d+g[a-z]*|a1|p6e-gb\d+)$"
_GPU_FAMILY = re.compile(r"^(g|gr|p)\d")
_SIZES = {
    "m5": "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge",
    "c5": "xlarge 2xlarge 4xlarge 9xlarge 18xlarge",
    "r5": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge",
    "m6i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "c6i": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "m7i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "p3": "2xlarge 8xlarge 16xlarge",
    "g4dn": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "g5": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g6": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g6e": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
}
# What processing and training jobs both run on.
JOB_TYPES = tuple(f"ml.{name}.{size}" for name, sizes in _SIZES.items() for size in sizes.split())


def family(instance_type: str) -> str:
    """Return the family of an instance type: `g5` of `ml.g5.xlarge`."""
    return instance_type.split(".")[1]


def takes_volume_key(instance_type: str) -> bool:
    """Say whether SageMaker accepts a customer key for the volumes of this instance type."""
    return family(instance_type) not in LOCAL_STORAGE_FAMILIES


def has_gpu(instance_type: str) -> bool:
    """Say whether the instance type carries NVIDIA GPUs."""
    return bool(_GPU_FAMILY.match(family(instance_type)))


def is_arm(instance_type: str) -> bool:
    """Say whether the instance type has ARM processors, which no image of the platform runs on."""
    return bool(re.match(ARM_FAMILY, family(instance_type)))


def alternatives(instance_type: str) -> tuple[str, ...]:
    """Return the job types that may stand in for this one, itself first.

    A definition either holds `VolumeKmsKeyId` or not, whatever type a start chooses. So all of these are like
    the given one: with volumes that take the customer key, or with local disks that SageMaker refuses it for.
    """
    keyed = takes_volume_key(instance_type)
    alike = (other for other in JOB_TYPES if takes_volume_key(other) is keyed and other != instance_type)
    return (instance_type, *alike)
