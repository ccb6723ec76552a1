"""Lambda steps: the function that a step names, its invocation, and what it must answer with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from local_cloud.sagemaker.pipelines import faults, outputs
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed
from local_cloud.sagemaker.pipelines.expressions import text

LONGEST_SECONDS = 600  # what the service waits for a Lambda step, however long the function itself may run
_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]{1,64}(:[\w$-]+)?", re.ASCII)


@dataclass(frozen=True)
class Function:
    """The function of a step: its ARN, and the type of each output parameter by name."""

    arn: str
    outputs: Mapping[str, str]


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
    return Function(arn, outputs.declared(item))


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
    except (BotoCoreError, ClientError) as error:
        raise faults.of_call(error, f"invoking {function.arn}") from error
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
        if type_ == "String" and isinstance(answer[name], dict | list):
            answer[name] = json.dumps(answer[name], separators=(",", ":"))  # nested values become one text
        if not outputs.is_a(answer[name], type_):
            raise StepFailed(f"{function.arn} answered with '{name}' = {answer[name]!r}, which is no {type_}")
        if len(text(answer[name])) > outputs.LONGEST_VALUE:
            raise StepFailed(f"{function.arn}: '{name}' is longer than {outputs.LONGEST_VALUE} characters")
    return {name: answer[name] for name in function.outputs}


def metadata(function: Function, values: Mapping[str, Any]) -> dict[str, Any]:
    """The Metadata of a step whose function has answered with output parameters."""
    return {"Lambda": {"Arn": function.arn, "OutputParameters": outputs.listed(values)}}


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
