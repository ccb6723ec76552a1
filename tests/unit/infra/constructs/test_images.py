"""The pinned images are those that the SageMaker SDK knows."""

import pytest

from infra.constructs.images import Image, NoImageError, inference_image, training_image
from tests.unit.infra.sagemaker_sdk import image_uris

REGIONS = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1", "sa-east-1", "me-south-1"]


def known(region: str, scope: str, instance_type: str, version: str, framework: str) -> str:
    return image_uris.retrieve(
        "huggingface",
        region,
        version=version,
        base_framework_version=framework,
        py_version="py312",
        image_scope=scope,
        instance_type=instance_type,
    )


@pytest.mark.parametrize("region", REGIONS)
def test_the_training_image_is_known(region: str) -> None:
    expected = known(region, "training", "ml.g5.xlarge", "5.3.0", "pytorch2.9.0")
    assert training_image(region).uri == expected


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("instance_type", ["ml.m5.large", "ml.g5.xlarge"])
def test_the_inference_image_is_known(region: str, instance_type: str) -> None:
    expected = known(region, "inference", instance_type, "5.5.3", "pytorch2.6.0")
    assert inference_image(region, instance_type).uri == expected


def test_a_region_without_images_is_refused() -> None:
    with pytest.raises(NoImageError, match="'xx-nowhere-1'"):
        _ = Image("xx-nowhere-1", "repository", "tag").uri
