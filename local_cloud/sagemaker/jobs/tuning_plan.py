"""What a tuning job is asked for: its training definitions, objectives, ranges, limits and strategy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs import ranges, search, training
from local_cloud.sagemaker.jobs.bayesian import BayesianSearch
from local_cloud.sagemaker.jobs.ranges import Candidate
from local_cloud.sagemaker.store import Record

# What CreateTrainingJob takes of a HyperParameterTrainingJobDefinition as it is.
_CARRIED = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
)
_DRAWING: dict[str, Callable[[list[ranges.Range], int | None], search.Search]] = {
    "Random": search.RandomSearch,
    "Bayesian": BayesianSearch,
}
_OBJECTIVE_PARAMETER = "_tuning_objective_metric"


@dataclass(frozen=True)
class Definition:
    """One kind of training job that a tuning job starts."""

    name: str | None
    request: Record
    metric: str
    maximize: bool
    search: search.Search

    def training_request(self, name: str, tuned: Candidate) -> Record:
        """The CreateTrainingJob request of a training job with these values."""
        hyperparameters = {
            **self.request.get("StaticHyperParameters", {}),
            **tuned,
            _OBJECTIVE_PARAMETER: self.metric,
        }
        carried = {key: self.request[key] for key in _CARRIED if key in self.request}
        if "CheckpointConfig" in carried:  # one training job must not go on from another's checkpoints
            saved = carried["CheckpointConfig"]
            carried["CheckpointConfig"] = {**saved, "S3Uri": f"{saved['S3Uri'].rstrip('/')}/{name}"}
        return {
            "TrainingJobName": name,
            **carried,
            "ResourceConfig": _resources(self.request),
            "HyperParameters": hyperparameters,
        }

    def loss(self, value: float) -> float:
        """An objective as something to make small."""
        return -value if self.maximize else value


@dataclass(frozen=True)
class Limits:
    """When a tuning job is done. None: no such limit."""

    jobs: int | None
    parallel: int
    seconds: float | None
    target: float | None
    not_improving: int | None
    early_stopping: bool


@dataclass(frozen=True)
class Plan:
    """A whole tuning job."""

    definitions: list[Definition]
    limits: Limits


def check(request: Record) -> None:
    """Refuse what cannot run here.

    Raises
    ------
    ServiceError
        Names the member and what is wrong with it.
    """
    plan_of(request)


def first_members(request: Record) -> Record:
    """Members of the record that a tuning job begins with, beside its request."""
    config = request["HyperParameterTuningJobConfig"]
    statuses = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
    return {
        "Strategy": config["Strategy"],
        "ResourceLimits": config["ResourceLimits"],
        "TrainingJobStatusCounters": dict.fromkeys(statuses, 0),
        "ObjectiveStatusCounters": dict.fromkeys(("Succeeded", "Pending", "Failed"), 0),
    }


def plan_of(request: Record) -> Plan:
    """The plan of a CreateHyperParameterTuningJob request; ServiceError when it cannot run here."""
    config = request["HyperParameterTuningJobConfig"]
    for member, what in (("WarmStartConfig", "Warm start"), ("Autotune", "Autotune")):
        if member in request:
            raise validation(f"{what} ({member}) is not supported here; leave it out")
    one, many = request.get("TrainingJobDefinition"), request.get("TrainingJobDefinitions")
    if (one is None) == (not many):
        raise validation("Give either TrainingJobDefinition or TrainingJobDefinitions")
    definitions = many or [one]
    _check_names(definitions, several=bool(many))
    return Plan([_definition(config, item, several=bool(many)) for item in definitions], _limits(config))


def _definition(config: dict[str, Any], item: Record, *, several: bool) -> Definition:
    where = "of TrainingJobDefinition " + item.get("DefinitionName", "") if several else "of the tuning job"
    given = item.get("HyperParameterRanges") if several else config.get("ParameterRanges")
    objective = (
        item.get("TuningObjective") if several else config.get("HyperParameterTuningJobObjective")
    ) or item.get("TuningObjective")
    if objective is None:
        raise validation(f"The objective {where} is missing")
    found = ranges.read(
        given or item.get("HyperParameterRanges") or {}, item.get("StaticHyperParameters", {})
    )
    metrics = [one["Name"] for one in item["AlgorithmSpecification"].get("MetricDefinitions", [])]
    if objective["MetricName"] not in metrics:
        raise validation(
            f"Objective metric '{objective['MetricName']}' is not among the MetricDefinitions: "
            f"{', '.join(metrics) or 'there are none'}"
        )
    definition = Definition(
        item.get("DefinitionName"),
        item,
        objective["MetricName"],
        objective["Type"] == "Maximize",
        _search(config, found),
    )
    training.check(definition.training_request("check", {}))
    return definition


def _search(config: dict[str, Any], found: list[ranges.Range]) -> search.Search:
    strategy, most = config["Strategy"], config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if strategy == "Grid":
        size = search.grid_size(found)
        if size is None:
            raise validation("Grid search only supports categorical hyperparameters")
        if most is not None and most != size:
            raise validation(
                f"MaxNumberOfTrainingJobs must be the number of combinations of a grid search, {size}, "
                f"or be left out; it is {most}"
            )
        return search.GridSearch(found)
    if strategy not in _DRAWING:
        raise validation(f"Strategy {strategy} is not supported here; use Grid or {' or '.join(_DRAWING)}")
    if most is None and not config["ResourceLimits"].get("MaxRuntimeInSeconds"):
        raise validation("ResourceLimits.MaxNumberOfTrainingJobs or MaxRuntimeInSeconds must be given")
    return _DRAWING[strategy](found, config.get("RandomSeed"))


def _limits(config: dict[str, Any]) -> Limits:
    given, criteria = config["ResourceLimits"], config.get("TuningJobCompletionCriteria", {})
    if criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled":
        raise validation("TuningJobCompletionCriteria.ConvergenceDetected is not supported here")
    return Limits(
        given.get("MaxNumberOfTrainingJobs"),
        given["MaxParallelTrainingJobs"],
        given.get("MaxRuntimeInSeconds"),
        criteria.get("TargetObjectiveMetricValue"),
        criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving"),
        config.get("TrainingJobEarlyStoppingType", "Off") == "Auto",
    )


def _check_names(definitions: list[Record], *, several: bool) -> None:
    names = [item.get("DefinitionName") for item in definitions]
    if several and (None in names or len(set(names)) != len(names)):
        raise validation("Each of the TrainingJobDefinitions needs a DefinitionName of its own")


def _resources(item: Record) -> dict[str, Any]:
    if "ResourceConfig" in item:
        found: dict[str, Any] = item["ResourceConfig"]
        return found
    given = item.get("HyperParameterTuningResourceConfig", {})
    if given.get("InstanceConfigs") or given.get("AllocationStrategy"):
        raise validation("HyperParameterTuningResourceConfig.InstanceConfigs is not supported here")
    return dict(given)
