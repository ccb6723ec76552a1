"""Declared parameters and the values an execution gets."""

from typing import Any

import pytest

from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.pipelines.errors import DefinitionError
from local_cloud.sagemaker.pipelines.parameters import Parameter, declare, values

from .documents import parameter

DECLARED = {
    item["Name"]: declare(item)
    for item in (
        parameter("Name"),
        parameter("Epochs", "Integer", 3),
        parameter("Rate", "Float", 1e-4),
        parameter("Flag", "Boolean", False),
        parameter("Mode", "String", "File", EnumValues=["File", "FastFile"]),
    )
}


def _given(**written: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in written.items()]


def test_values_take_the_declared_type() -> None:
    found = values(DECLARED, _given(Name="n", Epochs="5", Rate="2", Flag="True", Mode="FastFile"))
    assert found == {"Name": "n", "Epochs": 5, "Rate": 2.0, "Flag": True, "Mode": "FastFile"}
    assert [type(one) for one in found.values()] == [str, int, float, bool, str]


def test_defaults_fill_what_is_not_given() -> None:
    assert values(DECLARED, _given(Name="n")) == {
        "Name": "n",
        "Epochs": 3,
        "Rate": 1e-4,
        "Flag": False,
        "Mode": "File",
    }


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (_given(), "'Name' has no default"),
        (_given(Name="n", Colour="red"), "unknown parameter 'Colour'"),
        (_given(Name="n", Epochs="three"), "'Epochs' must be of type Integer, got 'three'"),
        (_given(Name="n", Epochs="3.5"), "'Epochs' must be of type Integer"),
        (_given(Name="n", Flag="yes"), "'Flag' must be of type Boolean"),
        (_given(Name="n", Mode="Pipe"), r"'Mode' must be one of \[File, FastFile\], got 'Pipe'"),
        (_given(Name="n") * 2, "'Name' is given twice"),
        (_given(Name=""), "'Name': string \"\" is too short"),
    ],
)
def test_wrong_values_are_refused_by_name(given: list[dict[str, str]], named: str) -> None:
    with pytest.raises(ServiceError, match=named) as caught:
        values(DECLARED, given)
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize(
    "item",
    [
        {"Type": "String"},
        parameter("A", "List"),
        parameter("A", "Integer", "x"),
        parameter("A", "String", "c", EnumValues=["a", "b"]),
        parameter("A", "String", MinLength=1),
    ],
)
def test_wrong_declarations_are_refused(item: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError):
        declare(item)


def test_a_parameter_keeps_its_declaration() -> None:
    assert DECLARED["Mode"] == Parameter("Mode", "String", "File", ("File", "FastFile"))
