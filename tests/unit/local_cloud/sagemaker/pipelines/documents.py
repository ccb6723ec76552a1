"""Small pipeline definitions to test with."""

from __future__ import annotations

import json
from typing import Any


def processing(name: str, *, outputs: tuple[str, ...] = ("out",), **more: Any) -> dict[str, Any]:
    """A Processing step whose arguments take members of `arguments`."""
    arguments = {
        "AppSpecification": {"ImageUri": "i", "ContainerEntrypoint": ["run"]},
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": one, "S3Output": {"S3Uri": f"s3://b/{name}/{one}"}} for one in outputs]
        },
        **more.pop("arguments", {}),
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **more}


def condition(
    name: str, conditions: list[Any], then: list[Any], otherwise: list[Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A Condition step."""
    arguments = {"Conditions": conditions, "IfSteps": then, "ElseSteps": otherwise or []}
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **more}


def equals(left: Any, right: Any) -> dict[str, Any]:
    """The condition that two values are the same."""
    return {"Type": "Equals", "LeftValue": left, "RightValue": right}


def fail(name: str, message: Any) -> dict[str, Any]:
    """A Fail step."""
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:look"


def lambda_step(name: str, *, outputs: Any = (("Uri", "String"),), **more: Any) -> dict[str, Any]:
    """A Lambda step with output parameters of these names and types."""
    declared = [{"OutputName": one, "OutputType": type_} for one, type_ in outputs]
    step = {"Name": name, "Type": "Lambda", "Arguments": {}, "FunctionArn": FUNCTION}
    return {**step, "OutputParameters": declared, **more}


def callback(name: str, *, outputs: Any = (("Uri", "String"),), **more: Any) -> dict[str, Any]:
    """A Callback step with output parameters of these names and types."""
    declared = [{"OutputName": one, "OutputType": type_} for one, type_ in outputs]
    step = {"Name": name, "Type": "Callback", "Arguments": {}, "SqsQueueUrl": "http://127.0.0.1/queue"}
    return {**step, "OutputParameters": declared, **more}


def step(name: str, type_: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A step of any type."""
    return {"Name": name, "Type": type_, "Arguments": arguments, **more}


def document(*steps: dict[str, Any], parameters: tuple[dict[str, Any], ...] = ()) -> str:
    """A definition."""
    return json.dumps({"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)})


def parameter(name: str, type_: str = "String", default: Any = None, **more: Any) -> dict[str, Any]:
    """A parameter declaration."""
    given = {} if default is None else {"DefaultValue": default}
    return {"Name": name, "Type": type_, **given, **more}
