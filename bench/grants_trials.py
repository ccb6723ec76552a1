"""What is run to see whether a grant is needed: the steps, functions or endpoint that use its role."""

import itertools
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bench.grants_world import Grant, World, selected, start_selected
from bertline import approval, watch
from bertline.data import times

PATIENCE = 90.0
_lengths = itertools.count(16)
_JOBS = ("Validate", "Prepare", "Baselines", "Train", "Evaluate")


@dataclass(frozen=True)
class Failure:
    """What failed, and the reason given for it."""

    step: str
    reason: str


Trial = Callable[[World, Grant, str | None], Failure | None]


def trial_of(who: str) -> Trial:
    """The trial of a role, by its stack and construct.

    Raises
    ------
    ValueError
        A new role that nothing here runs.
    """
    for job in _JOBS:
        if who == f"training-JobRoles{job}":
            return _step(job)
    trials: dict[str, Trial] = {
        "training-PipelineRole": _pipeline,
        "training-LiveModelRole": _live_model,
        "experiments-JobRole": _experiment,
        "experiments-PipelineRole": _experiment,
        "serving-DeployRole": _serving,
        "serving-VerifyRole": _serving,
        "serving-ModelRole": _serving,
        "data-ReviewFeaturesOfflineStoreRole": _offline_store,
    }
    if who not in trials:
        raise ValueError(f"no trial uses the role {who}: say in bench/grants_trials.py what runs with it")
    return trials[who]


def _step(name: str) -> Trial:
    def trial(world: World, grant: Grant, action: str | None) -> Failure | None:
        if action == "logs:CreateLogGroup":
            _forget_log_groups(world)
        for changed in _ways(name):
            failure = _failure(selected(world, name, **changed))
            if failure is not None:
                return failure
        return None

    return trial


def _ways(step: str) -> list[dict[str, str | None]]:
    """The parameters with which a step does all that it can do."""
    if step == "Train":  # it alone reads nothing else from where the deployed contract lies
        return [{"ContractUri": None}]
    if (
        step == "Prepare"
    ):  # features that are new are written, and those of a time read from the offline store
        return [{"MaxSeqLength": str(next(_lengths))}, {"FeaturesAsOf": times.as_of("now")}]
    return [{}]


def _pipeline(world: World, grant: Grant, action: str | None) -> Failure | None:
    """Run a step of each type, those first that the actions speak of; a stop, too, where they do."""
    text = " ".join([action] if action else grant.actions)
    if action and ":Stop" in action:
        return _stopped(world, "Train" if "Training" in action else "Validate")
    if action == "sagemaker:CreateModelPackageGroup":
        return _register_first(world)
    named = {"Processing": "Validate", "Training": "Train", "lambda": "LiveModel", "ModelPackage": "Register"}
    first = [step for word, step in named.items() if word in text]
    for step in dict.fromkeys([*first, "Gate", "LiveModel", "Register", "Train", "Validate"]):
        failure = _failure(selected(world, step))
        if failure is not None:
            return failure
    return None


def _stopped(world: World, step: str) -> Failure | None:
    """Start a step, stop the execution, and see whether its job was stopped."""
    sagemaker = world.client("sagemaker")
    arn = start_selected(world, step)
    deadline = time.monotonic() + PATIENCE
    while watch.look(world.target, arn).step(step).job is None:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{step} does not start")
        time.sleep(0.05)
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
    execution = watch.wait(world.target, arn)
    return Failure(step, _reason(execution, step)) if execution.state != "Stopped" else None


def _register_first(world: World) -> Failure | None:
    """Register when the group is not there: the service makes it."""
    sagemaker, group = world.client("sagemaker"), world.place.model_package_group
    definition = sagemaker.describe_pipeline(PipelineName=world.place.pipeline)["PipelineDefinition"]
    other = f"{group}-other"
    try:
        sagemaker.update_pipeline(
            PipelineName=world.place.pipeline,
            PipelineDefinition=definition.replace(
                f'"ModelPackageGroupName": "{group}"', f'"ModelPackageGroupName": "{other}"'
            ),
        )
        return _failure(selected(world, "Register"))
    finally:
        sagemaker.update_pipeline(PipelineName=world.place.pipeline, PipelineDefinition=definition)


def _live_model(world: World, grant: Grant, action: str | None) -> Failure | None:
    """Ask which model is live: first of an endpoint that serves, then with none."""
    _serve(world)
    failure = _failure(selected(world, "LiveModel"))
    if failure is None and "sagemaker:ListModelPackages" in grant.actions:
        _delete_endpoint(world)
        failure = _failure(selected(world, "LiveModel"))
    return failure


def _experiment(world: World, grant: Grant, action: str | None) -> Failure | None:
    if action == "logs:CreateLogGroup":
        _forget_log_groups(world)
    sagemaker = world.client("sagemaker")
    started = sagemaker.start_pipeline_execution(
        PipelineName=f"{world.place.pipeline}-experiments",
        PipelineParameters=[{"Name": name, "Value": value} for name, value in world.experiment.items()],
    )
    arn = str(started["PipelineExecutionArn"])
    if action and ":Stop" in action:
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
        execution = watch.wait(world.target, arn)
        return (
            None if execution.state == "Stopped" else Failure("Experiment", _reason(execution, "Experiment"))
        )
    return _failure(watch.wait(world.target, arn))


def _serving(world: World, grant: Grant, action: str | None) -> Failure | None:
    """Deploy a version, approve another while the endpoint comes up, and go back to the first."""
    _delete_endpoint(world)
    if action == "logs:CreateLogGroup":
        _forget_log_groups(world)
    since = int(time.time() * 1000)
    older, newer = world.packages
    approval.approve(world.target, older, "a trial")
    failure = _wait_for(world, since, lambda: _state(world) is not None)
    if failure is None:
        approval.approve(world.target, newer, "a trial")
        failure = _wait_for(world, since, lambda: _serves(world, newer))
    if failure is None:
        approval.approve(world.target, older, "a trial")
        failure = _wait_for(world, since, lambda: _serves(world, older))
    return failure


def _offline_store(world: World, grant: Grant, action: str | None) -> Failure | None:
    """Make a feature group like that of the platform, put a record and have it written offline."""
    sagemaker = world.client("sagemaker")
    model = sagemaker.describe_feature_group(FeatureGroupName=world.place.feature_group)
    name = f"{world.place.feature_group}-{uuid.uuid4().hex[:8]}"
    offline = {"S3StorageConfig": dict(model["OfflineStoreConfig"]["S3StorageConfig"])}
    offline["S3StorageConfig"].pop("ResolvedOutputS3Uri", None)
    try:
        sagemaker.create_feature_group(
            FeatureGroupName=name,
            RecordIdentifierFeatureName=model["RecordIdentifierFeatureName"],
            EventTimeFeatureName=model["EventTimeFeatureName"],
            FeatureDefinitions=[
                {key: one[key] for key in ("FeatureName", "FeatureType")}
                for one in model["FeatureDefinitions"]
            ],
            OfflineStoreConfig=offline,
            RoleArn=model["RoleArn"],
        )
    except ClientError as error:
        return Failure("CreateFeatureGroup", str(error))
    made = sagemaker.describe_feature_group(FeatureGroupName=name)
    if made["FeatureGroupStatus"] == "CreateFailed":
        return Failure("CreateFeatureGroup", str(made.get("FailureReason")))
    return _written(world, name, model)


def _written(world: World, name: str, model: dict[str, object]) -> Failure | None:
    import urllib.error
    import urllib.request

    values = {
        model["RecordIdentifierFeatureName"]: "1",
        model["EventTimeFeatureName"]: "1767225600.0",
    }
    record = [{"FeatureName": str(key), "ValueAsString": value} for key, value in values.items()]
    try:
        runtime = world.client("sagemaker-featurestore-runtime")
        runtime.put_record(FeatureGroupName=name, Record=record)
        url = f"{world.target.endpoint_url}/_local_cloud/feature-store/flush"
        with urllib.request.urlopen(url, timeout=60):  # noqa: S310
            return None
    except ClientError as error:
        return Failure("PutRecord", str(error))
    except urllib.error.HTTPError as error:
        return Failure("the offline store", error.read().decode())
    finally:
        world.client("sagemaker").delete_feature_group(FeatureGroupName=name)


def _failure(execution: watch.Execution) -> Failure | None:
    failed = next((step for step in execution.steps if step.state == "Failed"), None)
    if failed is not None:
        return Failure(failed.name, failed.reason)
    return Failure("the execution", execution.reason) if execution.state == "Failed" else None


def _reason(execution: watch.Execution, step: str) -> str:
    return " ".join(filter(None, (execution.state, execution.reason, execution.step(step).reason)))


def _forget_log_groups(world: World) -> None:
    logs = world.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])


def _state(world: World) -> str | None:
    try:
        found = world.client("sagemaker").describe_endpoint(EndpointName=world.place.endpoint)
    except ClientError:
        return None
    return str(found["EndpointStatus"])


def _serves(world: World, package: str) -> bool:
    state, found = approval.served(world.client("sagemaker"), world.place.endpoint)
    return state == "InService" and found == package


def _serve(world: World) -> None:
    """Have the first version served, unless one is."""
    if _state(world) == "InService":
        return
    _delete_endpoint(world)
    since = int(time.time() * 1000)
    approval.approve(world.target, world.packages[0], "to be asked about")
    failure = _wait_for(world, since, lambda: _serves(world, world.packages[0]))
    if failure is not None:
        raise RuntimeError(f"the endpoint does not come up: {failure}")


def _wait_for(world: World, since: int, good: Callable[[], bool]) -> Failure | None:
    """Wait until it is good, or a function says that it may not, or the endpoint has failed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        failure = _refused_function(world, since) or _failed_endpoint(world)
        if failure is not None:
            return failure
        if good():
            return None
        time.sleep(0.1)
    return Failure("the endpoint", "it does not serve what was approved")


def _refused_function(world: World, since: int) -> Failure | None:
    logs = world.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/cloudformation/")["logGroups"]:
        name = group["logGroupName"]
        found = logs.filter_log_events(
            logGroupName=name, startTime=since, filterPattern='"is not authorized to perform"'
        )["events"]
        if found:
            return Failure("Deploy" if "Deploy" in name else "Verify", found[0]["message"])
    return None


def _failed_endpoint(world: World) -> Failure | None:
    if _state(world) not in ("Failed", "UpdateRollbackFailed"):
        return None
    found = world.client("sagemaker").describe_endpoint(EndpointName=world.place.endpoint)
    return Failure("the endpoint", str(found.get("FailureReason")))


def _delete_endpoint(world: World) -> None:
    """Delete the endpoint with its configurations and models, once it has settled."""
    sagemaker, name = world.client("sagemaker"), world.place.endpoint
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state = _state(world)
        if state is None:
            _delete_what_it_served(sagemaker, f"{name}-")
            if _state(world) is None:  # a function may have made one meanwhile
                return
            continue
        if state in ("InService", "Failed", "UpdateRollbackFailed", "OutOfService"):
            sagemaker.delete_endpoint(EndpointName=name)
        time.sleep(0.1)
    raise RuntimeError(f"the endpoint {name} cannot be deleted: it is {_state(world)}")


def _delete_what_it_served(sagemaker: Any, prefix: str) -> None:
    for one in sagemaker.list_endpoint_configs(NameContains=prefix)["EndpointConfigs"]:
        sagemaker.delete_endpoint_config(EndpointConfigName=one["EndpointConfigName"])
    for one in sagemaker.list_models(NameContains=prefix)["Models"]:
        sagemaker.delete_model(ModelName=one["ModelName"])
