"""Decide what to create for a model package: names, machines and environment, with no call to AWS."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .config import Config
from .errors import PackageError


@dataclass(frozen=True)
class Plan:
    """A model and an endpoint configuration to be.

    The names hold the version and a hash of everything the two consist of. So a second try finds what the
    first one made, and anything different gets another name.
    """

    package: str
    version: str
    instance_type: str
    instance_count: int
    volume_key: str | None
    fingerprint: str
    prefix: str

    @property
    def model(self) -> str:
        """Name of the model."""
        return f"{self.prefix}-v{self.version}-{self.fingerprint}"

    @property
    def endpoint_config(self) -> str:
        """Name of the endpoint configuration."""
        return self.model


def make_plan(package: Mapping[str, Any], config: Config) -> Plan:
    """Plan the deployment of a described model package.

    Raises
    ------
    PackageError
        When the package has no version, belongs to another group or asks for impossible machines.
    """
    arn = package["ModelPackageArn"]
    group = config.model_package_group
    if package.get("ModelPackageGroupName") != group or "ModelPackageVersion" not in package:
        raise PackageError(f"{arn}: not a version of the group {group!r}")
    wishes = package.get("CustomerMetadataProperties", {})
    instance_type = _instance_type(arn, wishes.get("DeployInstanceType", config.instance_type), config)
    instance_count = _instance_count(arn, wishes.get("DeployInstanceCount", str(config.instance_count)))
    parts = {
        "package": arn,
        "containers": package["InferenceSpecification"]["Containers"],
        "role": config.model_role,
        "instance_type": instance_type,
        "instance_count": instance_count,
        "volume_key": config.volume_key_for(instance_type),
    }
    return Plan(
        package=arn,
        version=str(package["ModelPackageVersion"]),
        instance_type=instance_type,
        instance_count=instance_count,
        volume_key=config.volume_key_for(instance_type),
        fingerprint=_fingerprint(parts),
        prefix=config.endpoint,
    )


def describe_plan(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain data for the log."""
    return {**asdict(plan), "model": plan.model, "endpoint_config": plan.endpoint_config}


def _fingerprint(parts: Mapping[str, Any]) -> str:
    canonical = json.dumps(parts, sort_keys=True, default=str).encode()
    return hashlib.sha256(canonical).hexdigest()[:10]


def _instance_type(arn: str, value: str, config: Config) -> str:
    if value.count(".") != 2 or not value.startswith("ml."):
        raise PackageError(f"{arn}: DeployInstanceType {value!r} is no instance type: register it again")
    if re.match(config.arm_family, value.split(".")[1]):
        raise PackageError(
            f"{arn}: DeployInstanceType {value!r} has ARM processors and the image is built for x86: "
            "register the model again with another type"
        )
    return value


def _instance_count(arn: str, value: str) -> int:
    if not value.isdigit() or int(value) < 1:
        raise PackageError(
            f"{arn}: DeployInstanceCount {value!r} is no positive number: register the model again"
        )
    return int(value)
