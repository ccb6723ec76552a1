"""The kinds of resources that cases are made from: how one is made, what it is called, how it is missed.

Sources of codes and messages, by the letter in `Kind.source`: A = the errors that the AWS controllers for
Kubernetes expect (their generator.yaml), S = what the public SageMaker SDK matches on, M = answers recorded
in moto's tests, E = what botocore models for the operation, D = the Errors section of the API reference.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from .conftest import Account

MODEL = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
OPERATIONS = frozenset(MODEL.operation_names)
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/reviews:1"
Params = dict[str, Any]
VALIDATION, MISSING, IN_USE = "ValidationException", "ResourceNotFound", "ResourceInUse"


@dataclass(frozen=True)
class Kind:
    """A kind of resource.

    Parameters
    ----------
    name : str
        As operations spell it, ``Model``.
    segment : str
        As ARNs spell it.
    params : callable
        What Create takes beside the name and tags; makes what the resource needs.
    missing, taken : pair of str
        Code, and message with {name} and {arn} to be filled in.
    source : str
        Where codes and messages are from; see above.
    """

    name: str
    segment: str
    params: Callable[[Account], Params]
    missing: tuple[str, str]
    taken: tuple[str, str]
    source: str

    @property
    def id(self) -> str:
        return f"{self.name}Name"

    def has(self, verb: str, member: str = "") -> bool:
        """Whether the service has the operation, with an input member of that name."""
        operation = self.operation(verb)
        if operation not in OPERATIONS:
            return False
        shape = MODEL.operation_model(operation).input_shape
        return not member or (shape is not None and member in shape.members)

    def operation(self, verb: str) -> str:
        return f"{verb}{self.name}{'s' if verb == 'List' else ''}"

    def call(self, account: Account, verb: str, **params: Any) -> Params:
        found: Params = getattr(account.sagemaker, method(self.operation(verb)))(**params)
        return found

    def make(self, account: Account, name: str = "one", **more: Any) -> Params:
        return self.call(account, "Create", **{self.id: name}, **self.params(account), **more)

    def arn(self, account: Account, name: str) -> str:
        return account.arn(f"{self.segment}/{name}")

    def summaries(self, answer: Params) -> list[Params]:
        """The list of a List answer."""
        return next(value for value in answer.values() if isinstance(value, list))


def method(operation: str) -> str:
    """``CreateModel`` -> ``create_model``."""
    from botocore import xform_name

    return str(xform_name(operation))


def _once(account: Account, make: Callable[[], Any]) -> None:
    """Make what a resource needs, unless an earlier one of the case has made it."""
    try:
        make()
    except account.sagemaker.exceptions.ClientError as error:
        if "already exist" not in str(error):
            raise


def model(account: Account) -> Params:
    return {"PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": account.role}


def variant(name: str = "all", **more: Any) -> Params:
    base = {"VariantName": name, "ModelName": "needed", "InitialInstanceCount": 1}
    return {**base, "InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0, **more}


def endpoint_config(account: Account) -> Params:
    _once(account, lambda: account.sagemaker.create_model(ModelName="needed", **model(account)))
    return {"ProductionVariants": [variant()]}


def feature_group(account: Account) -> Params:
    return {
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "at",
        "FeatureDefinitions": [
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "Fractional"},
            {"FeatureName": "stars", "FeatureType": "Integral"},
        ],
        "OnlineStoreConfig": {"EnableOnlineStore": True},
    }


def definition(*steps: Params, **more: Any) -> str:
    fail = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "as told"}}
    return json.dumps({"Version": "2020-12-01", "Steps": list(steps) or [fail], **more})


def pipeline(account: Account) -> Params:
    return {
        "PipelineDefinition": definition(),
        "RoleArn": account.role,
        "ClientRequestToken": uuid.uuid4().hex,
    }


def processing(account: Account) -> Params:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    return {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["true"]},
        "RoleArn": account.role,
    }


def training(account: Account) -> Params:
    return {
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["true"],
        },
        "RoleArn": account.role,
        "OutputDataConfig": {"S3OutputPath": f"s3://none-{account.number}/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def transform(account: Account) -> Params:
    uri = f"s3://none-{account.number}"
    container = {"Image": IMAGE, "ModelDataUrl": f"{uri}/model.tar.gz"}
    given = {"PrimaryContainer": container, "ExecutionRoleArn": account.role}
    _once(account, lambda: account.sagemaker.create_model(ModelName="needed", **given))
    return {
        "ModelName": "needed",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{uri}/in"}}},
        "TransformOutput": {"S3OutputPath": f"{uri}/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }


def tuning(account: Account) -> Params:
    job = training(account)
    job["StaticHyperParameters"] = {"epochs": "1"}
    metrics = [{"Name": "f1", "Regex": "f1=([0-9.]+)"}]
    job["AlgorithmSpecification"] = {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": metrics,
    }
    ranges = {"ContinuousParameterRanges": [{"Name": "rate", "MinValue": "0.1", "MaxValue": "0.2"}]}
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "f1"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
        "ParameterRanges": ranges,
    }
    return {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": job}


def trial(account: Account) -> Params:
    _once(account, lambda: account.sagemaker.create_experiment(ExperimentName="needed"))
    return {"ExperimentName": "needed"}


def model_package(account: Account) -> Params:
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/m.tar.gz"}
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
        "SupportedTransformInstanceTypes": ["ml.m5.large"],
        "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
    }
    return {"InferenceSpecification": specification}


_OLDER = (VALIDATION, 'Could not find {words} "{arn}".')
_OLDER_TAKEN = (VALIDATION, 'Cannot create already existing {words} "{arn}".')
_NEWER = (MISSING, "{kind} '{arn}' does not exist.")
_NEWER_TAKEN = (VALIDATION, "already exists")
_JOB_TAKEN = "name already exists ({arn})"

KINDS = (
    Kind("Model", "model", model, _OLDER, _OLDER_TAKEN, "AS"),
    Kind("EndpointConfig", "endpoint-config", endpoint_config, _OLDER, _OLDER_TAKEN, "AM"),
    Kind(
        "ModelPackageGroup",
        "model-package-group",
        lambda account: {"ModelPackageGroupDescription": "of reviews"},
        (VALIDATION, "ModelPackageGroup {arn} does not exist."),
        (VALIDATION, "already exists: {arn}"),
        "AS",
    ),
    Kind(
        "ModelPackage",
        "model-package",
        model_package,
        (VALIDATION, "ModelPackage {arn} does not exist."),
        (VALIDATION, "ModelPackage already exists: {arn}"),
        "AS",
    ),
    Kind(
        "FeatureGroup",
        "feature-group",
        feature_group,
        (MISSING, "Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"),
        (
            IN_USE,
            "Resource Already Exists: FeatureGroup with name {name} already exists. Choose a different name.",
        ),
        "EM",
    ),
    Kind(
        "Pipeline",
        "pipeline",
        pipeline,
        _NEWER,
        (
            VALIDATION,
            "Pipeline names must be unique within an AWS account and region. "
            "Pipeline with name ({name}) already exists.",
        ),
        "SE",
    ),
    Kind("Experiment", "experiment", lambda account: {"DisplayName": "E"}, _NEWER, _NEWER_TAKEN, "SE"),
    Kind("Trial", "experiment-trial", trial, _NEWER, _NEWER_TAKEN, "ME"),
    Kind(
        "TrialComponent",
        "experiment-trial-component",
        lambda account: {"DisplayName": "T"},
        _NEWER,
        _NEWER_TAKEN,
        "E",
    ),
    Kind(
        "Action",
        "action",
        lambda account: {"Source": {"SourceUri": "s3://a/b"}, "ActionType": "Approval"},
        _NEWER,
        _NEWER_TAKEN,
        "E",
    ),
    Kind(
        "Context",
        "context",
        lambda account: {"Source": {"SourceUri": "s3://a/b"}, "ContextType": "Endpoint"},
        _NEWER,
        _NEWER_TAKEN,
        "E",
    ),
    Kind(
        "ModelCard",
        "model-card",
        lambda account: {"Content": "{}", "ModelCardStatus": "Draft"},
        (MISSING, "does not exist"),
        ("ConflictException", "Modelcard {name} already exists"),
        "M",
    ),
    Kind(
        "ProcessingJob",
        "processing-job",
        processing,
        (VALIDATION, "Could not find requested job with name: {name}"),
        (IN_USE, _JOB_TAKEN),
        "A",
    ),
    Kind(
        "TrainingJob",
        "training-job",
        training,
        (VALIDATION, "Requested resource not found."),
        (
            IN_USE,
            "Training job names must be unique within an AWS account and region, "
            "and a training job with this " + _JOB_TAKEN,
        ),
        "AD",
    ),
    Kind(
        "TransformJob",
        "transform-job",
        transform,
        (VALIDATION, "Could not find requested job with name: {name}"),
        (IN_USE, _JOB_TAKEN),
        "A",
    ),
    Kind(
        "HyperParameterTuningJob",
        "hyper-parameter-tuning-job",
        tuning,
        (MISSING, "{name}"),
        (IN_USE, "name already exists"),
        "AE",
    ),
)
