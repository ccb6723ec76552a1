"""Output parameters of Lambda and Callback steps: what a step declares and the values it is answered with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local_cloud.sagemaker.pipelines.errors import DefinitionError
from local_cloud.sagemaker.pipelines.expressions import text

_TYPES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}
# The bounds of OutputParameter and OutputParameterList in the API model.
_MOST_OUTPUTS, _LONGEST_NAME, LONGEST_VALUE = 50, 256, 1024
_REFERENCE = re.compile(r"\.OutputParameters\[['\"](?P<name>[^'\"]+)['\"]\]")


def declared(item: Mapping[str, Any]) -> dict[str, str]:
    """The type of each output parameter of a step of a definition, by name.

    Raises
    ------
    DefinitionError
        Names the parameter that is wrong.
    """
    listed = item.get("OutputParameters", [])
    if not isinstance(listed, list) or len(listed) > _MOST_OUTPUTS:
        raise DefinitionError(f"OutputParameters must be a list of at most {_MOST_OUTPUTS}, got {listed!r}")
    found: dict[str, str] = {}
    for one in listed:
        name, type_ = _output(one)
        if name in found:
            raise DefinitionError(f"output parameter '{name}' is declared twice")
        found[name] = type_
    return found


def check_reference(outputs: Mapping[str, str], path: str, kind: str) -> None:
    """Refuse a path below a step that names none of its output parameters.

    Raises
    ------
    DefinitionError
        Names the parameters that there are.
    """
    found = _REFERENCE.fullmatch(path)
    if not found or found["name"] not in outputs:
        known = ", ".join(f"OutputParameters['{name}']" for name in outputs) or "nothing"
        raise DefinitionError(f"'{path.lstrip('.')}', which a {kind} step has not; it has: {known}")


def is_a(value: Any, type_: str) -> bool:
    """Whether a JSON value is of an output type."""
    # In Python a bool is an int.
    return isinstance(value, _TYPES[type_]) and (type_ == "Boolean" or not isinstance(value, bool))


def from_text(written: str, type_: str) -> Any:
    """A value that came as text, as its output type; ValueError when it is none."""
    if type_ == "Boolean":
        return {"true": True, "false": False}[written.strip().lower()]
    return {"String": str, "Integer": int, "Float": float}[type_](written)


def listed(outputs: Mapping[str, Any]) -> list[dict[str, str]]:
    """Values as the metadata of a step shows them."""
    return [{"Name": name, "Value": text(value)} for name, value in outputs.items()]


def _output(one: Any) -> tuple[str, str]:
    name = one.get("OutputName") if isinstance(one, Mapping) else None
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise DefinitionError(
            f"an output parameter needs an OutputName of 1 to {_LONGEST_NAME} characters: {one!r}"
        )
    type_ = one.get("OutputType", "String")
    if type_ not in _TYPES:
        raise DefinitionError(f"output parameter '{name}' has type '{type_}'; supported: {', '.join(_TYPES)}")
    return name, str(type_)
