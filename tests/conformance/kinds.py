"""The kinds of resources that cases are made from: how one is made, what it is called, how it is missed.

Sources of codes and messages, by the letter in `Kind.source`: A = the errors that the AWS controllers for
Kubernetes expect (their generator.yaml), S = what the public SageMaker SDK matches on, M = answers recorded
in moto's tests, E = what botocore models for the operation, D = the Errors section of the API reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from . import makers
from .conftest import Account

MODEL = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
OPERATIONS = frozenset(MODEL.operation_names)
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


_OLDER = (VALIDATION, 'Could not find {words} "{arn}".')
_OLDER_TAKEN = (VALIDATION, 'Cannot create already existing {words} "{arn}".')
_NEWER = (MISSING, "{kind} '{arn}' does not exist.")
_NEWER_TAKEN = (VALIDATION, "already exists")
_JOB_TAKEN = "name already exists ({arn})"

KINDS = (
    Kind("Model", "model", makers.model, _OLDER, _OLDER_TAKEN, "AS"),
    Kind("EndpointConfig", "endpoint-config", makers.endpoint_config, _OLDER, _OLDER_TAKEN, "AM"),
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
        makers.model_package,
        (VALIDATION, "ModelPackage {arn} does not exist."),
        (VALIDATION, "ModelPackage already exists: {arn}"),
        "AS",
    ),
    Kind(
        "FeatureGroup",
        "feature-group",
        makers.feature_group,
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
        makers.pipeline,
        _NEWER,
        (
            VALIDATION,
            "Pipeline names must be unique within an AWS account and region. "
            "Pipeline with name ({name}) already exists.",
        ),
        "SE",
    ),
    Kind("Experiment", "experiment", lambda account: {"DisplayName": "E"}, _NEWER, _NEWER_TAKEN, "SE"),
    Kind("Trial", "experiment-trial", makers.trial, _NEWER, _NEWER_TAKEN, "ME"),
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
        makers.processing,
        (VALIDATION, "Could not find requested job with name: {name}"),
        (IN_USE, _JOB_TAKEN),
        "A",
    ),
    Kind(
        "TrainingJob",
        "training-job",
        makers.training,
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
        makers.transform,
        (VALIDATION, "Could not find requested job with name: {name}"),
        (IN_USE, _JOB_TAKEN),
        "A",
    ),
    Kind(
        "HyperParameterTuningJob",
        "hyper-parameter-tuning-job",
        makers.tuning,
        (MISSING, "{name}"),
        (IN_USE, "name already exists"),
        "AE",
    ),
)
