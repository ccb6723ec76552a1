"""Holds every answer of the service against botocore's output shapes: members, types, bounds, error codes."""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

# What any operation of the service may answer, modelled or not ("Common Errors" of the API reference).
COMMON_ERRORS = {"ValidationException", "AccessDeniedException", "ThrottlingException"}
# Members that the model requires and the service leaves out. A version of a group has no name of its own: the
# public SDK takes the ARN where there is none.
LEFT_OUT = {"DescribeModelPackageOutput": {"ModelPackageName"}}
# Values that the public SDK documents and the pinned model lacks (StepDependency of sagemaker 3.27).
NEWER = {"PipelineExecutionStatus": {"CompletedWithFailures"}}
# What this cloud answers for an operation that it does not serve.
REFUSED = "UnsupportedOperation"
_NUMBERS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}
_PROPERTIES = {"Alnum": "a-zA-Z0-9", "L": r"\w", "M": r"\w", "N": r"\d", "Z": r"\s", "S": r"\W", "P": r"\W"}
_PLAIN: dict[str, type] = {"string": str, "boolean": bool, "structure": dict, "map": dict, "list": list}


class NotAsModelled(AssertionError):
    """An answer that the service model does not allow; names the operation and each wrong member."""


def watch(client: Any) -> Any:
    """Hold every answer that a boto3 client gets against its service model; returns the client.

    Raises
    ------
    NotAsModelled
        From the call whose answer is wrong.
    """
    client.meta.events.register("after-call", _check)
    return client


def problems(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """What of a JSON value the shape does not allow, one sentence each."""
    kind = shape.type_name
    if not _is_a(kind, value):
        yield f"{path or 'the body'} is {value!r:.80}, not a {kind}"
    elif isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _sized(shape, len(value), path)
        for at, item in enumerate(value):
            yield from problems(shape.member, item, f"{path}[{at}]")
    elif isinstance(shape, MapShape):
        yield from _sized(shape, len(value), path)
        for key, item in value.items():
            yield from problems(shape.key, key, f"key of {path}")
            yield from problems(shape.value, item, f"{path}[{key!r}]")
    elif isinstance(shape, StringShape):
        yield from _sized(shape, len(value), path)
        yield from _string(shape, value, path)
    elif kind in _NUMBERS and kind != "timestamp":
        yield from _sized(shape, value, path)


def _check(http_response: Any, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
    found = [*_wrong(http_response, parsed, model)]
    if found:
        raise NotAsModelled(f"{model.name}: " + "; ".join(found))


def _wrong(http_response: Any, parsed: dict[str, Any], model: OperationModel) -> Iterator[str]:
    if http_response.status_code >= 300:
        yield from _error(parsed, model)
    elif model.output_shape is not None and not model.has_streaming_output:
        payload = model.output_shape.serialization.get("payload")
        shape = model.output_shape.members[payload] if payload else model.output_shape
        yield from problems(shape, json.loads(http_response.content or b"{}"))


def _error(parsed: dict[str, Any], model: OperationModel) -> Iterator[str]:
    error = parsed.get("Error", {})
    known = {shape.name for shape in model.error_shapes} | COMMON_ERRORS | {REFUSED}
    if error.get("Code") not in known:
        yield f"error {error.get('Code')} ({error.get('Message')}) is not one of {', '.join(sorted(known))}"
    if not error.get("Message"):
        yield f"error {error.get('Code')} has no message"


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    lead = f"{path}." if path else ""
    body = {name: one for name, one in shape.members.items() if not one.serialization.get("location")}
    yield from (f"{lead}{name} is not in the model" for name in value if name not in body)
    required = set(shape.required_members) - LEFT_OUT.get(shape.name, set())
    yield from (f"{lead}{name} is missing" for name in sorted(required) if name not in value)
    for name in body.keys() & value.keys():
        yield from problems(body[name], value[name], lead + name)


def _string(shape: StringShape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in {*shape.enum, *NEWER.get(shape.name, ())}:
        yield f"{path} is {value!r}, not one of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled and not compiled.fullmatch(value):
        yield f"{path} is {value!r:.200}, which does not match {pattern}"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern of the model, which are Java's; None for the few that only Java can read."""
    for name, python in _PROPERTIES.items():
        pattern = pattern.replace(f"\\p{{{name}}}", python)
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None


def _sized(shape: Shape, size: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{path} has {size}, less than {least}"
    if most is not None and size > most:
        yield f"{path} has {size}, more than {most}"


def _is_a(kind: str, value: Any) -> bool:
    if kind in _NUMBERS:
        return isinstance(value, _NUMBERS[kind]) and not isinstance(value, bool)
    if kind == "blob":
        try:
            return isinstance(value, str) and base64.b64decode(value, validate=True) is not None
        except binascii.Error:
            return False
    return isinstance(value, _PLAIN[kind])
