"""Pipeline parameters: declarations, and the values an execution is started with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.pipelines.errors import DefinitionError


def _boolean(text: str) -> bool:
    found = {"true": True, "false": False}.get(text.strip().lower())
    if found is None:
        raise ValueError(text)
    return found


_PARSERS: dict[str, Callable[[str], Any]] = {
    "String": str,
    "Integer": int,
    "Float": float,
    "Boolean": _boolean,
}


_MEMBERS = frozenset({"Name", "Type", "DefaultValue", "EnumValues", "Description"})


@dataclass(frozen=True)
class Parameter:
    """A declared parameter; `default` is None when it has none."""

    name: str
    type: str
    default: Any
    enum: tuple[Any, ...]

    def parse(self, value: object) -> Any:
        """A value as the declared type.

        Raises
        ------
        ValueError
            The message names the parameter, the value and what would do.
        """
        written = str(value).lower() if isinstance(value, bool) else str(value)
        try:
            parsed = _PARSERS[self.type](written)
        except ValueError:
            raise ValueError(f"parameter '{self.name}' must be of type {self.type}, got '{value}'") from None
        if self.enum and parsed not in self.enum:
            allowed = ", ".join(str(one) for one in self.enum)
            raise ValueError(f"parameter '{self.name}' must be one of [{allowed}], got '{value}'")
        return parsed


def declare(item: Any) -> Parameter:
    """A parameter of a definition; DefinitionError names what is wrong with it."""
    if not isinstance(item, Mapping):
        raise DefinitionError(f"a parameter must be an object, got {item!r:.100}")
    name, type_ = item.get("Name"), item.get("Type", "String")
    if not isinstance(name, str) or not name:
        raise DefinitionError(f"a parameter has no Name: {dict(item)}")
    unknown = sorted(set(item) - _MEMBERS)
    if unknown:
        known = ", ".join(sorted(_MEMBERS))
        raise DefinitionError(f"parameter '{name}' has no member {', '.join(unknown)}; known: {known}")
    if not isinstance(type_, str) or type_ not in _PARSERS:
        raise DefinitionError(f"parameter '{name}' has type '{type_}'; supported: {', '.join(_PARSERS)}")
    allowed = item.get("EnumValues", [])
    if not isinstance(allowed, list):
        raise DefinitionError(f"EnumValues of parameter '{name}' must be a list, got {allowed!r:.100}")
    parameter = Parameter(name, type_, item.get("DefaultValue"), tuple(allowed))
    if parameter.default is not None:
        try:
            parameter.parse(parameter.default)
        except ValueError as error:
            raise DefinitionError(f"DefaultValue of {error}") from None
    return parameter


def values(declared: Mapping[str, Parameter], given: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The values of an execution: what was given, else the default.

    Raises
    ------
    ServiceError
        ValidationException that names each unknown, doubled, missing or ill-typed parameter.
    """
    problems: list[str] = []
    found: dict[str, Any] = {}
    for item in given:
        name = item["Name"]
        if name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            problems.append(f"unknown parameter '{name}'; the pipeline declares: {known}")
        elif name in found:
            problems.append(f"parameter '{name}' is given twice")
        elif not item["Value"]:
            # The words of the service, which takes an empty string as a default only.
            problems.append(f"parameter '{name}': string \"\" is too short (length: 0, required minimum: 1)")
        else:
            _put(found, declared[name], item["Value"], problems)
    for name, parameter in declared.items():
        if name not in found and name not in {item["Name"] for item in given}:
            if parameter.default is None:
                problems.append(f"parameter '{name}' has no default value and was not given")
            else:
                found[name] = parameter.parse(parameter.default)
    if problems:
        raise validation(f"Invalid pipeline parameters: {'; '.join(problems)}")
    return found


def _put(found: dict[str, Any], parameter: Parameter, value: str, problems: list[str]) -> None:
    try:
        found[parameter.name] = parameter.parse(value)
    except ValueError as error:
        found[parameter.name] = None
        problems.append(str(error))
