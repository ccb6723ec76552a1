"""What is run to see whether a grant is needed: the steps, functions or endpoint that use its role."""

import itertools
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable

from botocore.exceptions import ClientError

from bench.grants_serving import PATIENCE, delete_endpoint, forget_log_groups, serve, serving
from bench.grants_world import Failure, Grant, World, selected, start_selected
from bertline import watch
from bertline.data import times

_lengths = itertools.count(16)
_JOBS = ("Validate", "Prepare", "Baselines", "Train", "Evaluate")


# The statement, and the action or resource that is taken from it; None is all of it.
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
        "serving-DeployRole": serving,
        "serving-VerifyRole": serving,
        "serving-ModelRole": serving,
        "data-ReviewFeaturesOfflineStoreRole": _offline_store,
    }
    if who not in trials:
        raise ValueError(f"no trial uses the role {who}: say in bench/grants_trials.py what runs with it")
    return trials[who]


def _step(name: str) -> Trial:
    def trial(world: World, grant: Grant, part: str | None) -> Failure | None:
        if part == "logs:CreateLogGroup":
            forget_log_groups(world)
        for changed in _ways(name, part):
            failure = _failure(selected(world, name, **changed))
            if failure is not None:
                return failure
        # Features that are new are written; both steps want the same length.
        new = {"MaxSeqLength": str(next(_lengths))}
        return _failure(selected(world, "Validate", name, **new)) if name == "Prepare" else None

    return trial


def _ways(step: str, part: str | None) -> list[dict[str, str | None]]:
    """The parameters with which a step does all that it can do."""
    # Of the assets, Train reads by prefix the deployed contract alone; the others list their code, too.
    if part and part.endswith(".toml"):
        return [{"ContractUri": None}]
    if step == "Train":
        return [{}, {"ContractUri": None}]
    if step == "Prepare":  # features of a time are read from the offline store
        return [{}, {"FeaturesAsOf": times.as_of("now")}]
    return [{}]


def _pipeline(world: World, grant: Grant, part: str | None) -> Failure | None:
    """Run a step of each type, those first that the actions speak of; a stop, too, where they do."""
    text = " ".join([part] if part else grant.actions)
    if part and ":Stop" in part:
        return _stopped(world, "Train" if "Training" in part else "Validate")
    if part == "sagemaker:CreateModelPackageGroup":
        return _register_first(world)
    named = {"Processing": "Validate", "Training": "Train", "lambda": "LiveModel", "ModelPackage": "Register"}
    first = [step for word, step in named.items() if word in text]
    first = [step for step in _JOBS if f"JobRoles{step}" in text] or first
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
    """Register when the group is not there: the service makes it. Somebody makes it in the end."""
    sagemaker, group = world.client("sagemaker"), world.place.model_package_group
    found = sagemaker.list_model_packages(ModelPackageGroupName=group)
    for one in found["ModelPackageSummaryList"]:
        sagemaker.delete_model_package(ModelPackageName=one["ModelPackageArn"])
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    failure = _failure(selected(world, "Register"))
    if failure is not None:
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    return failure


def _live_model(world: World, grant: Grant, part: str | None) -> Failure | None:
    """Ask which model is live: first of an endpoint that serves, then with none."""
    serve(world)
    failure = _failure(selected(world, "LiveModel"))
    if failure is None and "sagemaker:ListModelPackages" in grant.actions:
        delete_endpoint(world)
        failure = _failure(selected(world, "LiveModel"))
    return failure


def _experiment(world: World, grant: Grant, part: str | None) -> Failure | None:
    if part == "logs:CreateLogGroup":
        forget_log_groups(world)
    sagemaker = world.client("sagemaker")
    started = sagemaker.start_pipeline_execution(
        PipelineName=f"{world.place.pipeline}-experiments",
        PipelineParameters=[{"Name": name, "Value": value} for name, value in world.experiment.items()],
    )
    arn = str(started["PipelineExecutionArn"])
    if part and ":Stop" in part:
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
        execution = watch.wait(world.target, arn)
        return (
            None if execution.state == "Stopped" else Failure("Experiment", _reason(execution, "Experiment"))
        )
    return _failure(watch.wait(world.target, arn))


def _offline_store(world: World, grant: Grant, part: str | None) -> Failure | None:
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


def _failure(execution: watch.Execution) -> Failure | None:
    failed = next((step for step in execution.steps if step.state == "Failed"), None)
    if failed is not None:
        return Failure(failed.name, failed.reason)
    return Failure("the execution", execution.reason) if execution.state == "Failed" else None


def _reason(execution: watch.Execution, step: str) -> str:
    return " ".join(filter(None, (execution.state, execution.reason, execution.step(step).reason)))
