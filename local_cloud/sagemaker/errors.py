"""Errors the SageMaker service answers with, under the codes the real service uses for each resource."""

from __future__ import annotations

RESOURCE_NOT_FOUND = "ResourceNotFound"
RESOURCE_IN_USE = "ResourceInUse"
VALIDATION = "ValidationException"
LIMIT_EXCEEDED = "ResourceLimitExceeded"
CONFLICT = "ConflictException"

# How the service words a missing and a taken name, by kind; what is not listed has the wording of the newer
# resources. {name} and {arn} are filled in, {words} is the kind in words.
_OLDER_MISSING = (VALIDATION, 'Could not find {words} "{arn}".')
_REGISTRY_MISSING = (VALIDATION, "{kind} {arn} does not exist.")
_JOB_MISSING = (VALIDATION, "Could not find requested job with name: {name}")
_MISSING = {
    "Model": _OLDER_MISSING,
    "EndpointConfig": _OLDER_MISSING,
    "Endpoint": _OLDER_MISSING,
    "ModelPackage": _REGISTRY_MISSING,
    "ModelPackageGroup": _REGISTRY_MISSING,
    "TrainingJob": (VALIDATION, "Requested resource not found."),
    "ProcessingJob": _JOB_MISSING,
    "TransformJob": _JOB_MISSING,
    "FeatureGroup": (
        RESOURCE_NOT_FOUND,
        "Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}",
    ),
}
_OLDER_TAKEN = (VALIDATION, 'Cannot create already existing {words} "{arn}".')
_REGISTRY_TAKEN = (VALIDATION, "{kind} already exists: {arn}")
_JOB_TAKEN = (
    RESOURCE_IN_USE,
    "Job name must be unique within an AWS account and region, and a job with this name already exists "
    "({arn})",
)
_TAKEN = {
    "Model": _OLDER_TAKEN,
    "EndpointConfig": _OLDER_TAKEN,
    "Endpoint": _OLDER_TAKEN,
    "ModelPackage": _REGISTRY_TAKEN,
    "ModelPackageGroup": _REGISTRY_TAKEN,
    "TrainingJob": (
        RESOURCE_IN_USE,
        "Training job names must be unique within an AWS account and region, and a training job with this "
        "name already exists ({arn})",
    ),
    "ProcessingJob": _JOB_TAKEN,
    "TransformJob": _JOB_TAKEN,
    "HyperParameterTuningJob": _JOB_TAKEN,
    "FeatureGroup": (
        RESOURCE_IN_USE,
        "Resource Already Exists: FeatureGroup with name {name} already exists. Choose a different name.\n"
        "Info: Feature Group '{name}' already exists.",
    ),
    "ModelCard": (CONFLICT, "Modelcard {name} already exists"),
}
_WORDS = {"EndpointConfig": "endpoint configuration"}


class ServiceError(Exception):
    """An error response: the exception boto3 raises is named after `code`.

    Parameters
    ----------
    code : str
        Error code, for example ``ValidationException``.
    message : str
        What is wrong and with which input.
    status : int
        HTTP status of the response.
    extra : dict, optional
        Further members of the error document (``OriginalStatusCode`` of ModelError, for example).
    """

    def __init__(
        self, code: str, message: str, status: int = 400, extra: dict[str, object] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = dict(extra or {})


def validation(message: str) -> ServiceError:
    """A ValidationException."""
    return ServiceError(VALIDATION, message)


def not_found(kind: str, name: str, arn: str = "") -> ServiceError:
    """The error for a resource that does not exist, under the code and in the words of its kind."""
    code, text = _MISSING.get(kind, (RESOURCE_NOT_FOUND, "{kind} '{arn}' does not exist."))
    return ServiceError(code, _filled(text, kind, name, arn))


def already_exists(kind: str, name: str, arn: str = "") -> ServiceError:
    """The error for creating a resource whose name is taken."""
    newer = (
        "{kind} names must be unique within an AWS account and region. "
        "{kind} with name ({name}) already exists."
    )
    code, text = _TAKEN.get(kind, (VALIDATION, newer))
    return ServiceError(code, _filled(text, kind, name, arn))


def in_use(kind: str, name: str, why: str) -> ServiceError:
    """The error for changing or deleting a resource that something else holds or that is busy."""
    code = CONFLICT if kind in {"ModelPackageGroup", "Pipeline"} else RESOURCE_IN_USE
    return ServiceError(code, f"{kind} '{name}' is in use: {why}")


def _filled(text: str, kind: str, name: str, arn: str) -> str:
    words = _WORDS.get(kind) or "".join(f" {one.lower()}" if one.isupper() else one for one in kind).strip()
    return text.format(kind=kind, words=words, name=name, arn=arn or name)
