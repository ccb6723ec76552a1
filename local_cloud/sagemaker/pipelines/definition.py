"""Pipeline definitions: read, checked as a whole, and turned into steps with their dependencies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_cloud.sagemaker.pipelines import conditions, functions
from local_cloud.sagemaker.pipelines.cache import CacheConfig, parse_config
from local_cloud.sagemaker.pipelines.errors import DefinitionError
from local_cloud.sagemaker.pipelines.expressions import Reference, references
from local_cloud.sagemaker.pipelines.parameters import Parameter, declare

VERSION = "2020-12-01"
STEP_TYPES = ("Processing", "Training", "Lambda", "Condition", "RegisterModel", "Fail")


@dataclass(frozen=True)
class PropertyFile:
    """A JSON file that a processing step writes into one of its outputs."""

    output: str
    path: str


@dataclass(frozen=True)
class Branch:
    """A step runs only when this condition step has this outcome."""

    condition: str
    outcome: bool


@dataclass(frozen=True)
class Step:
    """One step; `needs` holds all steps that must have ended well before it."""

    name: str
    type: str
    arguments: Mapping[str, Any]
    branches: tuple[Branch, ...]
    cache: CacheConfig | None
    property_files: Mapping[str, PropertyFile]
    labels: Mapping[str, str]
    depends_on: tuple[str, ...]
    used: tuple[Reference, ...]
    function: functions.Function | None = None

    @property
    def needs(self) -> frozenset[str]:
        """Steps it reads from, depends on, and the conditions above it."""
        read = {one.name for one in self.used if one.kind in ("step", "file")}
        return frozenset(read | set(self.depends_on) | {branch.condition for branch in self.branches})


@dataclass(frozen=True)
class Definition:
    """A checked definition: parameters and steps by name, the steps of branches among them."""

    parameters: Mapping[str, Parameter]
    steps: Mapping[str, Step] = field(default_factory=dict)


def parse(text: str) -> Definition:
    """Read and check a definition.

    Raises
    ------
    DefinitionError
        Names the step, function, condition or parameter that is wrong or not supported.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DefinitionError(f"the pipeline definition is not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Steps"), list) or not document["Steps"]:
        raise DefinitionError("the pipeline definition needs a list of Steps")
    if document.get("Version") != VERSION:
        raise DefinitionError(f"Version must be '{VERSION}', got '{document.get('Version')}'")
    parameters: dict[str, Parameter] = {}
    for item in document.get("Parameters", []):
        parameter = declare(item)
        if parameter.name in parameters:
            raise DefinitionError(f"parameter '{parameter.name}' is declared twice")
        parameters[parameter.name] = parameter
    steps: dict[str, Step] = {}
    for step in _read(document["Steps"], ()):
        if step.name in steps:
            raise DefinitionError(f"step name '{step.name}' is used twice")
        steps[step.name] = step
    definition = Definition(parameters, steps)
    _check(definition)
    return definition


def _read(items: list[Mapping[str, Any]], branches: tuple[Branch, ...]) -> Iterator[Step]:
    for item in items:
        name, type_ = item.get("Name"), item.get("Type")
        if not isinstance(name, str) or not name:
            raise DefinitionError(f"a step has no Name: {json.dumps(item)[:200]}")
        if type_ not in STEP_TYPES:
            supported = ", ".join(STEP_TYPES)
            raise DefinitionError(f"step '{name}': type '{type_}' is not supported; supported: {supported}")
        arguments = item.get("Arguments")
        if not isinstance(arguments, dict):
            raise DefinitionError(f"step '{name}' needs Arguments")
        try:
            yield from _step(name, type_, item, arguments, branches)
        except DefinitionError as error:
            shown = str(error)
            raise DefinitionError(shown if shown.startswith("step ") else f"step '{name}': {shown}") from None


def _step(
    name: str, type_: str, item: Mapping[str, Any], arguments: dict[str, Any], branches: tuple[Branch, ...]
) -> Iterator[Step]:
    own = arguments
    if type_ == "Condition":
        if not arguments.get("Conditions"):
            raise DefinitionError("a Condition step needs Conditions")
        for condition in arguments["Conditions"]:
            conditions.check(condition)
        own = {"Conditions": arguments["Conditions"]}
    if type_ == "Fail" and "ErrorMessage" not in arguments:
        raise DefinitionError("a Fail step needs ErrorMessage")
    yield Step(
        name=name,
        type=type_,
        arguments=own,
        branches=branches,
        cache=parse_config(item.get("CacheConfig"), name),
        property_files=_property_files(item, own),
        labels={
            target: item[source]
            for source, target in (("DisplayName", "StepDisplayName"), ("Description", "StepDescription"))
            if source in item
        },
        depends_on=tuple(_plain(one) for one in item.get("DependsOn", [])),
        used=tuple(references(own)),
        function=functions.parse(item) if type_ == "Lambda" else None,
    )
    if type_ == "Condition":
        yield from _read(arguments.get("IfSteps", []), (*branches, Branch(name, outcome=True)))
        yield from _read(arguments.get("ElseSteps", []), (*branches, Branch(name, outcome=False)))


def _property_files(item: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, PropertyFile]:
    outputs = {
        one.get("OutputName") for one in arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    }
    found = {}
    for one in item.get("PropertyFiles", []):
        file = PropertyFile(one["OutputName"], one["FilePath"])
        if file.output not in outputs:
            raise DefinitionError(
                f"property file '{one['PropertyFileName']}' names output '{file.output}', "
                "which the step does not have"
            )
        found[one["PropertyFileName"]] = file
    return found


def _plain(depends_on: object) -> str:
    if not isinstance(depends_on, str):
        raise DefinitionError(f"DependsOn must hold step names, got {depends_on!r}")
    return depends_on


def _check(definition: Definition) -> None:
    for step in definition.steps.values():
        for reference in step.used:
            _check_reference(definition, step, reference)
        for name in step.depends_on:
            if name not in definition.steps:
                raise DefinitionError(f"step '{step.name}' depends on step '{name}', which is not there")
            _check_scope(step, definition.steps[name])
    _check_cycles(definition)


def _check_reference(definition: Definition, step: Step, reference: Reference) -> None:
    if reference.kind == "parameter" and reference.name not in definition.parameters:
        raise DefinitionError(f"step '{step.name}' reads parameter '{reference.name}', which is not declared")
    if reference.kind not in ("step", "file"):
        return
    source = definition.steps.get(reference.name)
    if source is None:
        raise DefinitionError(f"step '{step.name}' reads step '{reference.name}', which is not there")
    if reference.kind == "file" and reference.path not in source.property_files:
        raise DefinitionError(
            f"step '{step.name}' reads property file '{reference.path}', which step '{source.name}' has not"
        )
    if reference.kind == "step" and source.function:
        try:
            source.function.check_reference(reference.path)
        except DefinitionError as error:
            raise DefinitionError(f"step '{step.name}' reads of step '{source.name}' {error}") from None
    _check_scope(step, source)


def _check_scope(step: Step, source: Step) -> None:
    if step.branches[: len(source.branches)] != source.branches:
        raise DefinitionError(
            f"step '{step.name}' needs step '{source.name}', which runs only in a branch of step "
            f"'{source.branches[-1].condition}'"
        )


def _check_cycles(definition: Definition) -> None:
    done: set[str] = set()
    while len(done) < len(definition.steps):
        ready = [name for name, step in definition.steps.items() if name not in done and step.needs <= done]
        if not ready:
            stuck = ", ".join(name for name in definition.steps if name not in done)
            raise DefinitionError(f"steps depend on one another in a circle: {stuck}")
        done.update(ready)
