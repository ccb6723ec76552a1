"""The expression language of definitions: Get, Std:Join and Std:JsonGet."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed

EXECUTION_VARIABLES = frozenset(
    {
        "PipelineExecutionId",
        "PipelineExecutionArn",
        "PipelineName",
        "PipelineArn",
        "StartDateTime",
        "CurrentDateTime",
        "TrainingJobName",
        "ProcessingJobName",
    }
)
FUNCTIONS = ("Std:Join", "Std:JsonGet")
ITEM = "ForEach.CurrentItem"
_LOOP = re.compile(
    r"(?:ForEach\.CurrentItem|IterationOutput\.(?P<step>[A-Za-z0-9_\-]+))(?P<path>([.\[].*)?)", re.DOTALL
)
_STEP = re.compile(r"Steps\.(?P<step>[A-Za-z0-9_\-]+)(?P<path>.*)", re.DOTALL)
_FILE = re.compile(r"\.PropertyFiles(?:\.(?P<plain>[\w\-]+)|\[['\"](?P<quoted>[^'\"]+)['\"]\])")
_TOKEN = re.compile(r"\.?(?P<name>[A-Za-z0-9_\-:]+)|\[['\"](?P<key>[^'\"]+)['\"]\]|\[(?P<index>\d+)\]")
# The members by which a list of a job description is looked up, as in Outputs['train'].
_KEYS = ("OutputName", "InputName", "ChannelName", "MetricName", "Name", "Key")

JsonReader = Callable[[str], Any]


@dataclass(frozen=True)
class Reference:
    """What a Get names.

    Parameters
    ----------
    kind : str
        ``parameter``, ``execution``, ``step``, ``file`` (a step's property file), ``item`` (what a ForEach
        step has come to) or ``iteration`` (the output of a step of a ForEach step, for its selector).
    """

    kind: str
    name: str
    path: str = ""


@dataclass
class Scope:
    """What expressions of one execution can see.

    Parameters
    ----------
    parameters : mapping
        Values by name, of the declared types.
    execution : mapping
        Values of `EXECUTION_VARIABLES`.
    properties : mapping
        What a step that has ended left behind, by step.
    file_uri : callable
        The S3 URI of a step's property file: ``(step, file name) -> uri``.
    read_json : callable
        Reads a JSON document from an S3 URI.
    item : optional
        What the ForEach step around has come to.
    """

    parameters: Mapping[str, Any]
    execution: Mapping[str, Any]
    properties: Mapping[str, Mapping[str, Any]]
    file_uri: Callable[[str, str], str] = lambda step, file: ""
    read_json: JsonReader = lambda uri: None
    item: Any = None

    def resolve(self, value: Any) -> Any:
        """A JSON value with every expression in it replaced by what it stands for.

        Raises
        ------
        StepFailed
            A property, file or path is not there.
        """
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Get"}:
            return self._get(str(value["Get"]))
        if set(value) == {"Std:Join"}:
            join = value["Std:Join"]
            return str(join["On"]).join(text(self.resolve(item)) for item in join["Values"])
        if set(value) == {"Std:JsonGet"}:
            return self._json_get(value["Std:JsonGet"])
        return {key: self.resolve(item) for key, item in value.items()}

    def _get(self, path: str) -> Any:
        reference = parse_reference(path)
        if reference.kind == "parameter":
            return self.parameters[reference.name]
        if reference.kind == "execution":
            return self.execution[reference.name]
        if reference.kind == "file":
            return self.file_uri(reference.name, reference.path)
        if reference.kind == "item":
            return walk(_parsed(self.item) if reference.path else self.item, reference.path, ITEM)
        if reference.name not in self.properties:
            raise StepFailed(f"{path}: step '{reference.name}' has not run")
        return walk(self.properties[reference.name], reference.path, f"Steps.{reference.name}")

    def _json_get(self, call: Mapping[str, Any]) -> Any:
        uri = self.resolve(call["PropertyFile"] if "PropertyFile" in call else call["S3Uri"])
        path = str(self.resolve(call["Path"])).removeprefix("$")
        return walk(self.read_json(uri), path, f"JsonGet of {uri}: ")


def parse_reference(path: str) -> Reference:
    """What a Get path names.

    Raises
    ------
    DefinitionError
        It is none of Parameters.X, Execution.X, Steps.X.path and what ForEach steps know.
    """
    head, _, rest = path.partition(".")
    if head == "Parameters" and rest:
        return Reference("parameter", rest)
    if head == "Execution" and rest in EXECUTION_VARIABLES:
        return Reference("execution", rest)
    step = _STEP.fullmatch(path)
    if step:
        file = _FILE.fullmatch(step["path"])
        if file:
            return Reference("file", step["step"], file["plain"] or file["quoted"])
        list(_tokens(step["path"]))
        return Reference("step", step["step"], step["path"])
    loop = _LOOP.fullmatch(path)
    if loop:
        list(_tokens(loop["path"]))
        kind = "iteration" if loop["step"] else "item"
        return Reference(kind, loop["step"] or "", loop["path"])
    raise DefinitionError(
        f"Get '{path}' is not supported; use Parameters.<name>, Steps.<name>.<property> or one of "
        + ", ".join(f"Execution.{name}" for name in sorted(EXECUTION_VARIABLES))
    )


def references(value: Any) -> Iterator[Reference]:
    """Every reference in a JSON value.

    Raises
    ------
    DefinitionError
        An expression is malformed or not supported.
    """
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, dict):
        return
    functions = [key for key in value if key.startswith("Std:") or key == "Get"]
    for name in functions:
        if len(value) != 1:
            raise DefinitionError(f"{name} must be the only member of its object, found {sorted(value)}")
        if name == "Get":
            yield parse_reference(str(value["Get"]))
            return
        _check_function(name, value[name])
    for item in value.values():
        yield from references(item)


def walk(value: Any, path: str, shown: str) -> Any:
    """Follow a path such as ``.A.B['name'][0]`` into a JSON value; StepFailed names where it ends early."""
    for token in _tokens(path):
        found = _step_into(value, token)
        if found is _MISSING:
            raise StepFailed(f"{shown}{path}: there is no '{token}'")
        value = found
    return value


def text(value: Any) -> str:
    """A value as Std:Join writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _parsed(item: Any) -> Any:
    """An item of a ForEach step that is a JSON document in text, as that document."""
    try:
        return json.loads(item) if isinstance(item, str) else item
    except ValueError:
        raise StepFailed(f"{ITEM} is no JSON document: {item[:200]}") from None


_MISSING = object()


def _step_into(value: Any, token: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(str(token), _MISSING)
    if isinstance(value, list):
        if isinstance(token, int):
            return value[token] if token < len(value) else _MISSING
        return next((item for item in value if _named(item, token)), _MISSING)
    return _MISSING


def _named(item: Any, name: str) -> bool:
    return isinstance(item, Mapping) and any(item.get(key) == name for key in _KEYS)


def _tokens(path: str) -> Iterator[str | int]:
    at = 0
    while at < len(path):
        found = _TOKEN.match(path, at)
        if not found:
            raise DefinitionError(f"path '{path}' cannot be read at '{path[at:]}'")
        yield int(found["index"]) if found["index"] else found["key"] or found["name"]
        at = found.end()


def _check_function(name: str, call: Any) -> None:
    if name not in FUNCTIONS:
        raise DefinitionError(f"function {name} is not supported; supported: {', '.join(FUNCTIONS)}")
    wanted = {"Std:Join": {"On", "Values"}, "Std:JsonGet": {"Path"}}[name]
    if not isinstance(call, dict) or not wanted <= set(call):
        raise DefinitionError(f"{name} needs the members {', '.join(sorted(wanted))}")
    if name == "Std:JsonGet" and len({"PropertyFile", "S3Uri"} & set(call)) != 1:
        raise DefinitionError("Std:JsonGet needs either PropertyFile or S3Uri")
