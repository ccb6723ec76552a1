"""What the function is told: by its environment variables, and by the arguments of the step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from .errors import ConfigurationError, RequestError


@dataclass(frozen=True)
class Config:
    """Names of the endpoint and of the model package group it is deployed from."""

    endpoint: str
    model_package_group: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read ENDPOINT_NAME and MODEL_PACKAGE_GROUP_NAME.

        Raises
        ------
        ConfigurationError
            When one is missing.
        """
        return cls(
            endpoint=_required(environment, "ENDPOINT_NAME"),
            model_package_group=_required(environment, "MODEL_PACKAGE_GROUP_NAME"),
        )


def read_contract_uri(arguments: Mapping[str, Any]) -> str:
    """Return the S3 URI that stands in for the artifact while no model is live.

    Raises
    ------
    RequestError
        When the step handed over none.
    """
    value = arguments.get("ContractUri")
    if not isinstance(value, str) or not value:
        raise RequestError(
            f"argument ContractUri must be an S3 URI, not {value!r}: deploy the pipeline again"
        )
    return value


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise ConfigurationError(f"environment variable {name} is missing: deploy the training stack again")
    return value
