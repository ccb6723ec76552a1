"""What the functions are told by their environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from .errors import ConfigurationError

VARIANT = "AllTraffic"


@dataclass(frozen=True)
class Config:
    """Settings of both functions.

    Parameters
    ----------
    endpoint, model_package_group
        Names; the endpoint is created on the first approval.
    model_role, volume_key
        ARNs of the role of the model and of the key of the endpoint's volumes.
    instance_type, instance_count
        Used when the model package does not say.
    local_storage_families
        Instance families that take no customer key for their volumes.
    arm_family
        Regular expression of the instance families that the images do not run on.
    """

    endpoint: str
    model_package_group: str
    model_role: str
    volume_key: str
    instance_type: str
    instance_count: int
    local_storage_families: frozenset[str]
    arm_family: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises
        ------
        ConfigurationError
            When a variable is missing or its value is wrong.
        """
        return cls(
            endpoint=_required(environment, "ENDPOINT_NAME"),
            model_package_group=_required(environment, "MODEL_PACKAGE_GROUP_NAME"),
            model_role=_required(environment, "MODEL_ROLE_ARN"),
            volume_key=_required(environment, "VOLUME_KEY_ARN"),
            instance_type=_required(environment, "INSTANCE_TYPE"),
            instance_count=_count(environment, "INSTANCE_COUNT"),
            local_storage_families=frozenset(_required(environment, "LOCAL_STORAGE_FAMILIES").split(",")),
            arm_family=_required(environment, "ARM_FAMILY"),
        )

    def volume_key_for(self, instance_type: str) -> str | None:
        """Key for the volumes of an instance type; None where its disks are encrypted in hardware."""
        return None if instance_type.split(".")[1] in self.local_storage_families else self.volume_key


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise ConfigurationError(f"environment variable {name} is missing: deploy the serving stack again")
    return value


def _count(environment: Mapping[str, str], name: str) -> int:
    value = _required(environment, name)
    if not value.isdigit() or int(value) < 1:
        raise ConfigurationError(f"environment variable {name} must be a positive number, not {value!r}")
    return int(value)
