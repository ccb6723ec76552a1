"""What the infrastructure must know about instance types."""

import re

# Families whose volumes are local disks. Those are encrypted in hardware, and SageMaker takes no customer key
# for them (SageMaker API reference: ProcessingClusterConfig, ResourceConfig and CreateEndpointConfig).
LOCAL_STORAGE_FAMILIES = (
    "c5d", "c6gd", "c6id", "c7gd", "g4dn", "g5", "g6", "g6e", "g6f", "g7e", "gr6", "i3en", "m5d", "m6gd",
    "m6id", "m7gd", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "r5d", "r6gd", "r6id",
    "r7gd", "trn1", "trn1n", "trn2",
)  # fmt: skip
_GPU_FAMILY = re.compile(r"^(g|p)\d")


def family(instance_type: str) -> str:
    """Return the family of an instance type: `g5` of `ml.g5.xlarge`."""
    return instance_type.split(".")[1]


def takes_volume_key(instance_type: str) -> bool:
    """Say whether SageMaker accepts a customer key for the volumes of this instance type."""
    return family(instance_type) not in LOCAL_STORAGE_FAMILIES


def has_gpu(instance_type: str) -> bool:
    """Say whether the instance type carries NVIDIA GPUs."""
    return bool(_GPU_FAMILY.match(family(instance_type)))
