"""Arguments of steps against the operations they are for: what none of them takes is refused at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_cloud.sagemaker import model
from local_cloud.sagemaker.pipelines.errors import DefinitionError

_OPERATIONS = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "Transform": "CreateTransformJob",
    "Tuning": "CreateHyperParameterTuningJob",
    "Model": "CreateModel",
    "RegisterModel": "CreateModelPackage",
    "EndpointConfig": "CreateEndpointConfig",
    "Endpoint": "CreateEndpoint",
}
_MEMBERS = {
    "Condition": {"Conditions", "IfSteps", "ElseSteps"},
    "Fail": {"ErrorMessage"},
    "Lineage": {"Actions", "Artifacts", "Contexts", "Associations"},
}
_LISTED = {"Actions": "CreateAction", "Artifacts": "CreateArtifact", "Contexts": "CreateContext"}


def check(type_: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that the operation of a step type does not take.

    Names and the kind of container count; values are checked by the operation when the step runs, once
    the expressions in them are resolved.

    Raises
    ------
    DefinitionError
        Names the first argument that is wrong, and what is known there.
    """
    known = _MEMBERS.get(type_)
    unknown = sorted(set(arguments) - known) if known else []
    if unknown:
        listed = ", ".join(sorted(known or ()))
        raise DefinitionError(f"Arguments of a {type_} step have no member {unknown[0]}; known: {listed}")
    if type_ in _OPERATIONS:
        _check(_OPERATIONS[type_], arguments, "Arguments")
    for name, operation in _LISTED.items() if type_ == "Lineage" else ():
        for at, item in enumerate(arguments.get(name, [])):
            _check(operation, item, f"Arguments.{name}[{at}]")


def _check(operation: str, arguments: Any, path: str) -> None:
    shape = model.operation_model(operation).input_shape
    wrong = next(_wrong(shape, arguments, path), None) if shape else None
    if wrong:
        raise DefinitionError(f"{wrong} ({operation})")


def _wrong(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if value is None or _is_expression(value):
        return
    if isinstance(shape, StructureShape):
        if not isinstance(value, Mapping):
            yield f"{path} must be an object, got {value!r:.100}"
            return
        for name, item in value.items():
            if name not in shape.members:
                yield f"{path} has no member {name}; known: {', '.join(sorted(shape.members))}"
            else:
                yield from _wrong(shape.members[name], item, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{path} must be a list, got {value!r:.100}"
            return
        for at, item in enumerate(value):
            yield from _wrong(shape.member, item, f"{path}[{at}]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, Mapping):
            yield f"{path} must be an object, got {value!r:.100}"
            return
        for name, item in value.items():
            yield from _wrong(shape.value, item, f"{path}.{name}")
    elif isinstance(value, Mapping | list):
        yield f"{path} must be a single value, got {value!r:.100}"


def _is_expression(value: Any) -> bool:
    return (
        isinstance(value, Mapping) and len(value) == 1 and str(next(iter(value))).startswith(("Get", "Std:"))
    )
