"""What a training job may ask for here; everything else is refused by name."""

from __future__ import annotations

from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs import channels, cluster
from local_cloud.sagemaker.jobs.metrics import compile_definition
from local_cloud.sagemaker.store import Record

# Members that ask for what does not exist here, so that leaving them without effect would be a lie.
_REFUSED = (
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "ProfilerRuleConfigurations",
    "ServerlessJobConfig",
    "MlflowConfig",
    "ModelPackageConfig",
)
_ML = "/opt/ml/"


def check(request: Record) -> None:
    """Refuse what cannot run here.

    Raises
    ------
    ServiceError
        Names the member and what is wrong with it.
    """
    for member in _REFUSED:
        if request.get(member):
            raise validation(f"{member} is not supported here; leave it out")
    if request.get("RemoteDebugConfig", {}).get("EnableRemoteDebug"):
        raise validation("RemoteDebugConfig.EnableRemoteDebug is not supported here; use false")
    _check_algorithm(request)
    resources = request.get("ResourceConfig", {})
    cluster.check(resources)
    groups = {one.group for one in cluster.members(resources)} if resources.get("InstanceGroups") else set()
    default = request.get("AlgorithmSpecification", {}).get("TrainingInputMode", "File")
    channels.check(request.get("InputDataConfig", []), default, groups)
    _check_times(request)
    for member in ("CheckpointConfig", "TensorBoardOutputConfig"):
        path = request.get(member, {}).get("LocalPath", _ML)
        if not path.startswith(_ML) or ".." in path.split("/"):
            raise validation(f"{member}.LocalPath '{path}' must be a path below {_ML}")


def _check_algorithm(request: Record) -> None:
    algorithm = request.get("AlgorithmSpecification")
    if algorithm is None:
        raise validation("AlgorithmSpecification is missing")
    if "AlgorithmName" in algorithm:
        raise validation("AlgorithmSpecification.AlgorithmName is not supported here; use TrainingImage")
    for definition in algorithm.get("MetricDefinitions", []):
        compile_definition(definition)


def _check_times(request: Record) -> None:
    stopping, spot = request.get("StoppingCondition", {}), request.get("EnableManagedSpotTraining", False)
    longest, wait = stopping.get("MaxRuntimeInSeconds"), stopping.get("MaxWaitTimeInSeconds")
    if spot and (wait is None or wait < (longest or 0)):
        raise validation(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds"
        )
    if wait is not None and not spot:
        raise validation("MaxWaitTimeInSeconds can only be given when EnableManagedSpotTraining is true")
    if spot and request.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds"):
        raise validation("KeepAlivePeriodInSeconds cannot be given when EnableManagedSpotTraining is true")
