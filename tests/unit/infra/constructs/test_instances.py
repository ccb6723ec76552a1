"""Which instance types take a customer key for their volumes, and which have GPUs."""

import pytest

from infra.constructs.instances import has_gpu, takes_volume_key


@pytest.mark.parametrize(
    ("instance_type", "key", "gpu"),
    [
        ("ml.m5.xlarge", True, False),
        ("ml.m5d.xlarge", False, False),
        ("ml.c5.9xlarge", True, False),
        ("ml.c5d.xlarge", False, False),
        ("ml.g4dn.xlarge", False, True),
        ("ml.g5.xlarge", False, True),
        ("ml.p3.2xlarge", True, True),
        ("ml.p4d.24xlarge", False, True),
        ("ml.trn1.2xlarge", False, False),
    ],
)
def test_instance_types(instance_type: str, key: bool, gpu: bool) -> None:
    assert takes_volume_key(instance_type) is key
    assert has_gpu(instance_type) is gpu
