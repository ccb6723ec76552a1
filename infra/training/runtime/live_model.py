"""Decide which model is live."""

from dataclasses import dataclass

from .config import Config
from .sagemaker import SageMaker


@dataclass(frozen=True)
class LiveModel:
    """A version of the model: ARN of its package and S3 URI of its model.tar.gz."""

    package: str
    uri: str


def find_live_model(config: Config, sagemaker: SageMaker) -> LiveModel | None:
    """Return what the endpoint serves; while nothing serves, the newest approved version; else None.

    Raises
    ------
    UnknownModelError
        When the endpoint serves something that is no version of the group, or the version has no artifact.
    """
    package = sagemaker.served_package(config.endpoint)
    if package is None:
        package = sagemaker.newest_approved(config.model_package_group)
    return None if package is None else LiveModel(package, sagemaker.artifact_of(package))
