"""Lambda steps: the function that a step names, its invocation, and what it must answer with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed
from local_cloud.sagemaker.pipelines.expressions import text

LONGEST_SECONDS = 600  # what the service waits for a Lambda step, however long the function itself may run
_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]{1,64}(:[\w$-]+)?", re.ASCII)
_TYPES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}
# The bounds of OutputParameter and OutputParameterList in the API model.
_MOST_OUTPUTS, _LONGEST_NAME, _LONGEST_VALUE = 50, 256, 1024
_REFERENCE = re.compile(r"\.OutputParameters\[['\"](?P<name>[^'\"]+)['\"]\]")


@dataclass(frozen=True)
class Function:
    """The function of a step: its ARN, and the type of each output parameter by name."""

    arn: str
    outputs: Mapping[str, str]

    def check_reference(self, path: str) -> None:
        """Refuse a path below the step that names none of its output parameters.

        Raises
        ------
        DefinitionError
            Names the parameters that there are.
        """
        found = _REFERENCE.fullmatch(path)
        if not found or found["name"] not in self.outputs:
            known = ", ".join(f"OutputParameters['{name}']" for name in self.outputs) or "nothing"
            raise DefinitionError(f"'{path.lstrip('.')}', which a Lambda step has not; it has: {known}")


def parse(item: Mapping[str, Any]) -> Function:
    """The function of a step of a definition.

    Raises
    ------
    DefinitionError
        Names the member that is missing or wrong.
    """
    arn = item.get("FunctionArn")
    if not isinstance(arn, str) or not _ARN.fullmatch(arn):
        raise DefinitionError(f"FunctionArn must be the ARN of a Lambda function, got {arn!r}")
    declared = item.get("OutputParameters", [])
    if not isinstance(declared, list) or len(declared) > _MOST_OUTPUTS:
        raise DefinitionError(f"OutputParameters must be a list of at most {_MOST_OUTPUTS}, got {declared!r}")
    outputs: dict[str, str] = {}
    for one in declared:
        name, type_ = _output(one)
        if name in outputs:
            raise DefinitionError(f"output parameter '{name}' is declared twice")
        outputs[name] = type_
    return Function(arn, outputs)


def invoke(client: Any, function: Function, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call a function with the resolved arguments as its event and return its output parameters, by name.

    Raises
    ------
    StepFailed
        The function is not there, failed, took too long, or did not answer with what the step declares.
    """
    try:
        response = client.invoke(
            FunctionName=function.arn,
            InvocationType="RequestResponse",
            Payload=json.dumps(arguments).encode(),
        )
        payload = response["Payload"].read()
    except ReadTimeoutError as error:
        raise StepFailed(f"{function.arn} has not answered within {LONGEST_SECONDS} seconds") from error
    except ClientError as error:
        found = error.response["Error"]
        raise StepFailed(
            f"ClientError: {found['Code']} when invoking {function.arn}: {found['Message']}"
        ) from error
    except BotoCoreError as error:
        raise StepFailed(f"{function.arn} could not be invoked: {error}") from error
    if response.get("FunctionError"):
        raise StepFailed(f"{function.arn} failed: {_reason(payload)}")
    return outputs_of(function, payload)


def outputs_of(function: Function, payload: bytes) -> dict[str, Any]:
    """The declared output parameters in the answer of a function; what else it answers is left out.

    Raises
    ------
    StepFailed
        The answer is no JSON object, or a parameter is missing, of another type or too long.
    """
    try:
        answer = json.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise StepFailed(f"{function.arn} must answer with a JSON object, got {_shown(payload)}")
    for name, type_ in function.outputs.items():
        if name not in answer:
            raise StepFailed(f"{function.arn} did not answer with '{name}', got {_shown(payload)}")
        if not _is_a(answer[name], type_):
            raise StepFailed(f"{function.arn} answered with '{name}' = {answer[name]!r}, which is no {type_}")
        if len(text(answer[name])) > _LONGEST_VALUE:
            raise StepFailed(f"{function.arn}: '{name}' is longer than {_LONGEST_VALUE} characters")
    return {name: answer[name] for name in function.outputs}


def metadata(function: Function, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The Metadata of a step whose function has answered."""
    listed = [{"Name": name, "Value": text(value)} for name, value in outputs.items()]
    return {"Lambda": {"Arn": function.arn, "OutputParameters": listed}}


def _output(one: Any) -> tuple[str, str]:
    name = one.get("OutputName") if isinstance(one, Mapping) else None
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise DefinitionError(
            f"an output parameter needs an OutputName of 1 to {_LONGEST_NAME} characters: {one!r}"
        )
    type_ = one.get("OutputType")
    if type_ not in _TYPES:
        raise DefinitionError(f"output parameter '{name}' has type '{type_}'; supported: {', '.join(_TYPES)}")
    return name, str(type_)


def _is_a(value: Any, type_: str) -> bool:
    # In Python a bool is an int.
    return isinstance(value, _TYPES[type_]) and (type_ == "Boolean" or not isinstance(value, bool))


def _reason(payload: bytes) -> str:
    """Type and message of the error that a function has raised."""
    try:
        error = json.loads(payload)
        named = [str(error[key]) for key in ("errorType", "errorMessage") if error.get(key)]
    except (ValueError, AttributeError):
        named = []
    return ": ".join(named) or _shown(payload)


def _shown(payload: bytes) -> str:
    return payload.decode(errors="replace")[:200] or "nothing"
