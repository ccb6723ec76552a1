"""Checks a value against a botocore shape: type, required members, enum, pattern, length and range."""

from __future__ import annotations

import base64
import functools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
}


@dataclass
class Problems:
    """What is wrong with a request, one sentence each, in the wording of the AWS validators."""

    found: list[str] = field(default_factory=list)

    def add(self, path: str, value: object, constraint: str) -> None:
        """Note that `value` at `path` breaks a constraint."""
        text = str(value) if len(str(value)) <= 200 else str(value)[:200] + "..."
        shown = "null" if value is None else f"'{text}'"
        self.found.append(f"Value {shown} at '{path}' failed to satisfy constraint: Member must {constraint}")

    def told(self) -> str:
        """All that was found, as the services say it."""
        count = len(self.found)
        errors = "error" if count == 1 else "errors"
        return f"{count} validation {errors} detected: {'; '.join(self.found)}"


def check(shape: Shape, value: Any, path: str, problems: Problems) -> Any:
    """Check a value, note what is wrong in `problems`, and return it parsed."""
    kind = shape.type_name
    if kind == "timestamp":
        return _timestamp(value, path, problems)
    if kind == "blob":
        return base64.b64decode(value) if isinstance(value, str) else value
    allowed = _TYPES.get(kind)
    if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and kind != "boolean")):
        problems.add(path, value, f"be of type {kind}")
        return value
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path, problems)
    _size(shape, value, path, problems)
    if isinstance(shape, ListShape):
        return [
            check(shape.member, item, f"{path}.{at}.member", problems) for at, item in enumerate(value, 1)
        ]
    if isinstance(shape, MapShape):
        return {
            check(shape.key, key, f"{path} key", problems): check(
                shape.value, item, f"{path}.{key}", problems
            )
            for key, item in value.items()
        }
    if isinstance(shape, StringShape):
        _string(shape, value, path, problems)
    return value


def _structure(shape: StructureShape, value: dict[str, Any], path: str, problems: Problems) -> dict[str, Any]:
    lead = f"{path}." if path else ""
    for name in shape.required_members:
        if value.get(name) is None:
            problems.add(lead + _spelt(name), None, "not be null")
    parsed = {}
    for name, item in value.items():
        if name not in shape.members:
            known = ", ".join(sorted(shape.members)[:40])
            problems.found.append(f"Unknown parameter '{lead}{name}'; known here: {known}")
        elif item is not None:
            parsed[name] = check(shape.members[name], item, lead + _spelt(name), problems)
    return parsed


def _spelt(name: str) -> str:
    """A member as the service's validator spells it: ``productionVariants.1.member.modelName``."""
    return name[:1].lower() + name[1:]


def _string(shape: StringShape, value: str, path: str, problems: Problems) -> None:
    if shape.enum and value not in shape.enum:
        problems.add(path, value, f"satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    compiled = _compile(pattern) if pattern else None
    if compiled and not compiled.fullmatch(value):
        problems.add(path, value, f"satisfy regular expression pattern: {pattern}")


def _size(shape: Shape, value: Any, path: str, problems: Problems) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is None and most is None:
        return
    sized = isinstance(value, str | list | tuple | dict)
    amount = len(value) if sized else value
    what = "have length" if sized else "have value"
    if least is not None and amount < least:
        problems.add(path, value, f"{what} greater than or equal to {least}")
    if most is not None and amount > most:
        problems.add(path, value, f"{what} less than or equal to {most}")


def _timestamp(value: Any, path: str, problems: Problems) -> Any:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError):
        problems.add(path, value, "be a timestamp")
        return value


@functools.cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:  # a Java-only pattern: not checkable here
        return None
