"""Conditions of Condition steps."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed

Resolve = Callable[[Any], Any]
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
TYPES = ("Equals", *_ORDER, "In", "Not", "Or")


def check(condition: Mapping[str, Any]) -> None:
    """Refuse a condition that cannot be evaluated.

    Raises
    ------
    DefinitionError
        Names the type, or the member that is missing.
    """
    kind = condition.get("Type")
    if kind not in TYPES:
        raise DefinitionError(f"condition type '{kind}' is not supported; supported: {', '.join(TYPES)}")
    if kind == "Not":
        check(_inner(condition))
    elif kind == "Or":
        _needs(condition, "Conditions")
        for inner in condition["Conditions"]:
            check(inner)
    elif kind == "In":
        _needs(condition, "QueryValue", "Values")
    else:
        _needs(condition, "LeftValue", "RightValue")


def holds(condition: Mapping[str, Any], resolve: Resolve) -> bool:
    """Whether a condition is true, its values resolved by `resolve`.

    Raises
    ------
    StepFailed
        A value is missing, or two values cannot be ordered.
    """
    kind = condition["Type"]
    if kind == "Not":
        return not holds(_inner(condition), resolve)
    if kind == "Or":
        return any(holds(inner, resolve) for inner in condition["Conditions"])
    if kind == "In":
        wanted = resolve(condition["QueryValue"])
        return any(_equal(wanted, resolve(value)) for value in condition["Values"])
    left, right = resolve(condition["LeftValue"]), resolve(condition["RightValue"])
    if kind == "Equals":
        return _equal(left, right)
    first, second = _number(left), _number(right)
    if first is None or second is None:
        raise StepFailed(f"{kind} needs two numbers, got {left!r} and {right!r}")
    return _ORDER[kind](first, second)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return str(left).lower() == str(right).lower()
    first, second = _number(left), _number(right)
    if first is not None and second is not None and not (isinstance(left, str) and isinstance(right, str)):
        return first == second
    return bool(left == right)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _inner(condition: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = condition.get("Condition", condition.get("Expression"))
    if not isinstance(inner, Mapping):
        raise DefinitionError("condition Not needs the member Condition")
    return inner


def _needs(condition: Mapping[str, Any], *members: str) -> None:
    missing = [member for member in members if member not in condition]
    if missing:
        raise DefinitionError(f"condition {condition['Type']} needs the member {', '.join(missing)}")
