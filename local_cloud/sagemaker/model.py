"""SageMaker's own service model (from botocore): checks requests, names operations and shapes responses."""

from __future__ import annotations

import functools
import os
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from local_cloud.sagemaker.checks import Problems, check
from local_cloud.sagemaker.errors import validation

# Set to 1 in tests: an answer that lacks a member which the service model requires is an error.
STRICT = "LOCAL_CLOUD_STRICT"
# What the service leaves out though its model says that it never does: a version has no name of its own.
_LEFT_OUT = {"DescribeModelPackageOutput": {"ModelPackageName"}}


@functools.cache
def service_model() -> ServiceModel:
    """The service model of the pinned botocore."""
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


@functools.cache
def operation_names() -> frozenset[str]:
    """Every operation of the SageMaker API."""
    return frozenset(service_model().operation_names)


@functools.cache
def operation_model(name: str) -> OperationModel:
    """The model of one operation."""
    return service_model().operation_model(name)


def input_members(name: str) -> dict[str, Shape]:
    """The members an operation takes."""
    return _members(operation_model(name).input_shape)


def output_members(name: str) -> dict[str, Shape]:
    """The members an operation answers with."""
    return _members(operation_model(name).output_shape)


def required_members(name: str) -> list[str]:
    """The members an operation cannot do without."""
    shape = operation_model(name).input_shape
    return list(shape.required_members) if shape else []


def parse_input(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Check parameters and turn them into what operations work with (timestamps as aware datetimes).

    Raises
    ------
    ServiceError
        ValidationException that names the path of each wrong field.
    """
    shape = operation_model(name).input_shape
    if shape is None:
        return {}
    problems = Problems()
    parsed = check(shape, params, "", problems)
    if problems.found:
        raise validation(problems.told())
    result: dict[str, Any] = parsed
    return result


class IncompleteAnswer(LookupError):
    """An answer lacks members that its shape requires; raised where `STRICT` asks for it."""


def shape_output(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """Keep of a result what the output shape of the operation has.

    Raises
    ------
    IncompleteAnswer
        Required members are missing, and the environment says LOCAL_CLOUD_STRICT=1.
    """
    shape = operation_model(name).output_shape
    shaped: dict[str, Any] = shape_value(shape, result) if shape else {}
    missing = missing_members(shape, shaped) if shape and os.environ.get(STRICT) == "1" else []
    if missing:
        raise IncompleteAnswer(f"{name} answers without {', '.join(missing)}")
    return shaped


def missing_members(shape: Shape, value: Any, path: str = "") -> list[str]:
    """The paths of all members that a shape requires and a value lacks."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        lead = f"{path}." if path else ""
        spared = {*value, *_LEFT_OUT.get(shape.name, ())}
        lacking = [lead + name for name in shape.required_members if name not in spared]
        held = ((shape.members[name], item, lead + name) for name, item in value.items())
        return [*lacking, *(one for part in held for one in missing_members(*part))]
    if isinstance(shape, ListShape) and isinstance(value, list):
        parts = ((shape.member, item, f"{path}[{at}]") for at, item in enumerate(value))
        return [one for part in parts for one in missing_members(*part)]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        parts = ((shape.value, item, f"{path}[{key!r}]") for key, item in value.items())
        return [one for part in parts for one in missing_members(*part)]
    return []


def shape_value(shape: Shape, value: Any) -> Any:
    """Keep of a value what the shape has: unknown members and None are dropped at every depth."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            key: shape_value(shape.members[key], item)
            for key, item in value.items()
            if key in shape.members and item is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [shape_value(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: shape_value(shape.value, item) for key, item in value.items()}
    return value


def _members(shape: StructureShape | None) -> dict[str, Shape]:
    return dict(shape.members) if shape else {}
