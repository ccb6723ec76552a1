"""The model registry: groups and their policies, package versions, model cards, and the events of all."""

from local_cloud.sagemaker.registry import cards as cards
from local_cloud.sagemaker.registry import groups as groups
from local_cloud.sagemaker.registry import policies as policies
from local_cloud.sagemaker.registry.packages import GROUP, PACKAGE, package

__all__ = ["GROUP", "PACKAGE", "package"]
