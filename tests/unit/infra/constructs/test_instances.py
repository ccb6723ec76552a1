"""Which instance types take a customer key for their volumes, and which have GPUs."""

import pytest
from botocore.loaders import Loader

from infra.constructs.instances import JOB_TYPES, alternatives, has_gpu, is_arm, takes_volume_key


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
        ("ml.gr6.4xlarge", False, True),
        ("ml.g7e.2xlarge", False, True),
        ("ml.trn1.2xlarge", False, False),
        ("ml.inf2.xlarge", True, False),
    ],
)
def test_instance_types(instance_type: str, key: bool, gpu: bool) -> None:
    assert takes_volume_key(instance_type) is key
    assert has_gpu(instance_type) is gpu


@pytest.mark.parametrize(
    "family", ["m6g", "m6gd", "c6gn", "c7g", "r8g", "t4g", "x2gd", "im4gn", "g5g", "a1", "p6e-gb200"]
)
def test_arm_families_are_known(family: str) -> None:
    assert is_arm(f"ml.{family}.xlarge")


@pytest.mark.parametrize(
    "family", ["m5", "m5d", "g4dn", "g5", "g6e", "g6f", "gr6", "g7e", "p4de", "m7i-flex", "i3en", "p6-b200"]
)
def test_other_families_are_no_arm(family: str) -> None:
    assert not is_arm(f"ml.{family}.xlarge")


@pytest.mark.parametrize("shape", ["ProcessingInstanceType", "TrainingInstanceType"])
def test_sagemaker_knows_the_job_types(shape: str) -> None:
    model = Loader().load_service_model("sagemaker", "service-2")
    assert set(JOB_TYPES) <= set(model["shapes"][shape]["enum"])


@pytest.mark.parametrize("instance_type", ["ml.m5.large", "ml.g5.xlarge", "ml.p5.48xlarge"])
def test_alternatives_treat_the_key_alike(instance_type: str) -> None:
    found = alternatives(instance_type)
    assert found[0] == instance_type
    assert {takes_volume_key(one) for one in found} == {takes_volume_key(instance_type)}
