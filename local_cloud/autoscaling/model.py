"""The service model of Application Auto Scaling (from botocore): checks requests and shapes answers."""

from __future__ import annotations

import functools
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from local_cloud.sagemaker.checks import Problems, check
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.model import shape_value

SERVICE = "application-autoscaling"


@functools.cache
def service_model() -> ServiceModel:
    """The service model of the pinned botocore."""
    return ServiceModel(Loader().load_service_model(SERVICE, "service-2"), SERVICE)


@functools.cache
def operation_names() -> frozenset[str]:
    """Every operation of the service."""
    return frozenset(service_model().operation_names)


def parse_input(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Check the parameters of an operation; timestamps become aware datetimes.

    Raises
    ------
    ServiceError
        ValidationException that names the path of each wrong field.
    """
    shape = service_model().operation_model(name).input_shape
    problems = Problems()
    parsed: dict[str, Any] = check(shape, params, "", problems) if shape else {}
    if problems.found:
        raise validation(problems.told())
    return parsed


def shape_output(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """Keep of a result what the output shape of the operation has."""
    shape = service_model().operation_model(name).output_shape
    shaped: dict[str, Any] = shape_value(shape, result) if shape else {}
    return shaped
