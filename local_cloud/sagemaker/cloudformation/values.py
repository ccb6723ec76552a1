"""Property values of templates as operations take them."""

from __future__ import annotations

from typing import Any

Properties = dict[str, Any]


def typed(members: dict[str, Any], params: Properties) -> Properties:
    """Properties as the operation takes them: known members only, numbers and booleans out of strings."""
    return {key: _convert(members[key], value) for key, value in params.items() if key in members}


def _convert(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            key: _convert(shape.members[key], item) if key in shape.members else item
            for key, item in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_convert(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _convert(shape.value, item) for key, item in value.items()}
    if shape.type_name == "boolean" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    if shape.type_name == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if shape.type_name in ("integer", "long", "float", "double") and isinstance(value, str):
        return _number(value, whole=shape.type_name in ("integer", "long"))
    return value


def _number(text: str, *, whole: bool) -> object:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text  # the operation's own check names it
