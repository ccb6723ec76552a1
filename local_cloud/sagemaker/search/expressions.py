"""Search expressions: filters, nested filters and expressions in expressions, joined by And or Or."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.search.properties import values
from local_cloud.sagemaker.store import Record

Test = Callable[[Record], bool]
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThan": lambda one, other: one > other,
    "GreaterThanOrEqualTo": lambda one, other: one >= other,
    "LessThan": lambda one, other: one < other,
    "LessThanOrEqualTo": lambda one, other: one <= other,
}
# Where Contains may be used more than once in an expression.
_MANY_CONTAINS = (
    "DisplayName",
    "ExperimentName",
    "TrialName",
    "TrialComponentName",
    "Tags",
    "InputArtifacts",
    "OutputArtifacts",
)


def compiled(expression: dict[str, Any], check: Callable[[str], None]) -> Test:
    """The test that an expression is; an empty one holds for everything.

    Parameters
    ----------
    check
        Raises ServiceError for a property that the resource does not have.

    Raises
    ------
    ServiceError
        ValidationException for an operator that does not fit its value.
    """
    if sum(_counted(expression)) > 1:
        raise validation("'CONTAINS' operator usage limit of 1 exceeded.")
    return _joined(expression, check)


def _joined(expression: dict[str, Any], check: Callable[[str], None]) -> Test:
    tests = [_filter(one, check) for one in expression.get("Filters", [])]
    tests += [_nested(one, check) for one in expression.get("NestedFilters", [])]
    tests += [_joined(one, check) for one in expression.get("SubExpressions", [])]
    if not tests:
        return lambda record: True
    together = any if expression.get("Operator", "And") == "Or" else all
    return lambda record: together(test(record) for test in tests)


def _counted(expression: dict[str, Any]) -> list[int]:
    filters = [*expression.get("Filters", [])]
    filters += [one for nested in expression.get("NestedFilters", []) for one in nested["Filters"]]
    own = [
        one.get("Operator") == "Contains" and not one["Name"].startswith(_MANY_CONTAINS) for one in filters
    ]
    inner = [count for one in expression.get("SubExpressions", []) for count in _counted(one)]
    return [*map(int, own), *inner]


def _nested(nested: dict[str, Any], check: Callable[[str], None]) -> Test:
    """A test of the objects of a list: one of them must pass all filters."""
    path = nested["NestedPropertyName"]
    check(path)
    lead = f"{path}."
    tests = []
    for one in nested["Filters"]:
        if not one["Name"].startswith(lead):
            raise validation(f"The filter '{one['Name']}' must name a property below {path}.")
        tests.append(_filter({**one, "Name": one["Name"].removeprefix(lead)}, lambda name: None))
    return lambda record: any(
        all(test(item) for test in tests) for item in values(record, path) if isinstance(item, dict)
    )


def _filter(one: dict[str, Any], check: Callable[[str], None]) -> Test:
    name, wanted = one["Name"], one.get("Value")
    operator = one.get("Operator", "Equals" if wanted is not None else "Exists")
    check(name)
    if operator in ("Exists", "NotExists"):
        if wanted is not None:
            raise validation(f"The operator {operator} of '{name}' takes no Value.")
        return lambda record: any(True for _ in values(record, name)) == (operator == "Exists")
    if wanted is None:
        raise validation(f"The operator {operator} of '{name}' needs a Value.")
    matches = _comparison(name, operator, wanted)
    if operator == "NotEquals":
        return lambda record: not any(matches(value) for value in values(record, name))
    return lambda record: any(matches(value) for value in values(record, name))


def _comparison(name: str, operator: str, wanted: str) -> Callable[[Any], bool]:
    if operator in _ORDERS:
        limit = number(wanted)
        if limit is None:
            raise validation(f"The operator {operator} of '{name}' needs a number or a time, not '{wanted}'.")
        return lambda value: _ordered(operator, number(value), limit)
    if operator == "Contains":
        return lambda value: isinstance(value, str) and wanted in value
    if operator == "In":
        listed = {item.strip() for item in wanted.split(",")}
        return lambda value: _written(value) in listed
    return lambda value: _equal(value, wanted)


def _ordered(operator: str, value: float | None, limit: float) -> bool:
    return value is not None and _ORDERS[operator](value, limit)


def _equal(value: Any, wanted: str) -> bool:
    if _written(value) == wanted:
        return True
    # 0.10 and 0.1 are one number, "0.10" and "0.1" two texts.
    return not isinstance(value, str) and number(value) is not None and number(value) == number(wanted)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def number(value: Any) -> float | None:
    """A number, or a time as seconds of the epoch; None for what is neither."""
    if isinstance(value, datetime):
        return value.timestamp()
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    try:
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
