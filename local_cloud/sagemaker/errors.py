"""Errors the SageMaker service answers with, under the codes the real service uses for each resource."""

from __future__ import annotations

RESOURCE_NOT_FOUND = "ResourceNotFound"
RESOURCE_IN_USE = "ResourceInUse"
VALIDATION = "ValidationException"
LIMIT_EXCEEDED = "ResourceLimitExceeded"
CONFLICT = "ConflictException"

# The older SageMaker resources answer ValidationException where the newer ones answer ResourceNotFound.
_FOUND_BY_VALIDATION = {"Model", "EndpointConfig", "Endpoint", "ModelPackage", "ModelPackageGroup"}
_TAKEN_BY_IN_USE = {"TrainingJob", "ProcessingJob", "FeatureGroup", "TransformJob", "Experiment"}


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


def not_found(kind: str, name: str) -> ServiceError:
    """The error for a resource that does not exist, under the code SageMaker uses for that kind."""
    if kind in _FOUND_BY_VALIDATION:
        return ServiceError(VALIDATION, f'Could not find {_words(kind)} "{name}".')
    return ServiceError(RESOURCE_NOT_FOUND, f"{kind} '{name}' does not exist.")


def already_exists(kind: str, name: str) -> ServiceError:
    """The error for creating a resource whose name is taken."""
    if kind in _TAKEN_BY_IN_USE:
        return ServiceError(RESOURCE_IN_USE, f"{kind} names must be unique: '{name}' already exists.")
    return ServiceError(VALIDATION, f'Cannot create already existing {_words(kind)} "{name}".')


def in_use(kind: str, name: str, why: str) -> ServiceError:
    """The error for changing or deleting a resource that something else holds or that is busy."""
    code = CONFLICT if kind in {"ModelPackageGroup", "Pipeline"} else RESOURCE_IN_USE
    return ServiceError(code, f"{kind} '{name}' is in use: {why}")


def _words(kind: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()
