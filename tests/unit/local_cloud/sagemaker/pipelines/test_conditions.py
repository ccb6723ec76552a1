"""Every operator, on the values that parameters, properties and JSON files give."""

from typing import Any

import pytest

from local_cloud.sagemaker.pipelines import conditions
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed


def _holds(condition: dict[str, Any]) -> bool:
    conditions.check(condition)
    return conditions.holds(condition, lambda value: value)


def _two(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("kind", "results"),
    [
        ("GreaterThan", (False, False, True)),
        ("GreaterThanOrEqualTo", (False, True, True)),
        ("LessThan", (True, False, False)),
        ("LessThanOrEqualTo", (True, True, False)),
        ("Equals", (False, True, False)),
    ],
)
def test_order(kind: str, results: tuple[bool, ...]) -> None:
    assert tuple(_holds(_two(kind, left, 2)) for left in (1.5, 2.0, 3)) == results


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("1.0", "1", False),
        (1.0, "1", True),
        (True, "True", True),
        (True, True, True),
        (True, 1, False),
        (None, "None", False),
        (False, "true", False),
    ],
)
def test_equality(left: Any, right: Any, same: bool) -> None:
    assert _holds(_two("Equals", left, right)) is same
    assert _holds(_two("Equals", right, left)) is same


def test_in_or_and_not() -> None:
    one = {"Type": "In", "QueryValue": "b", "Values": ["a", "b"]}
    none = {"Type": "In", "QueryValue": "c", "Values": ["a", "b"]}
    assert _holds(one)
    assert not _holds(none)
    assert _holds({"Type": "Or", "Conditions": [none, one]})
    assert not _holds({"Type": "Or", "Conditions": [none, none]})
    assert _holds({"Type": "Not", "Condition": none})
    assert not _holds({"Type": "Not", "Expression": one})


@pytest.mark.parametrize(("left", "right"), [("high", 1), (None, 1), (1, True)])
def test_what_has_no_order_is_an_error(left: Any, right: Any) -> None:
    with pytest.raises(StepFailed, match="two numbers"):
        _holds(_two("LessThan", left, right))


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ({"Type": "Matches"}, "Matches"),
        ({"Type": "Equals", "LeftValue": 1}, "RightValue"),
        ({"Type": "In", "Values": []}, "QueryValue"),
        ({"Type": "Not"}, "Condition"),
        ({"Type": "Or", "Conditions": [{"Type": "Xor"}]}, "Xor"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(condition: dict[str, Any], named: str) -> None:
    with pytest.raises(DefinitionError, match=named):
        conditions.check(condition)
