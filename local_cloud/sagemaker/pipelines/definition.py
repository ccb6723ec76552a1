"""Pipeline definitions: read, checked as a whole, and turned into steps with their dependencies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_cloud.sagemaker.pipelines import (
    callbacks,
    conditions,
    foreach,
    functions,
    graph,
    housekeeping,
    retries,
    steptypes,
)
from local_cloud.sagemaker.pipelines.arguments import check as check_arguments
from local_cloud.sagemaker.pipelines.cache import parse_config
from local_cloud.sagemaker.pipelines.errors import DefinitionError
from local_cloud.sagemaker.pipelines.expressions import references
from local_cloud.sagemaker.pipelines.parameters import Parameter, declare
from local_cloud.sagemaker.pipelines.steps import COMPLETED, TRIGGERS, Branch, Dependency, PropertyFile, Step

VERSION = "2020-12-01"
_MEMBERS = frozenset(
    {"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "MlflowConfig", "Steps"}
)
_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_NOTEBOOK = "SM_JOB_DEF_VERSION"  # the variable by which a notebook job tells its image what it is
_COMMON = frozenset({"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description", "CacheConfig"})
_OF_TYPE = {
    "Processing": {"PropertyFiles", "RetryPolicies"},
    "Lambda": {"FunctionArn", "OutputParameters", "RetryPolicies"},
    "Callback": {"SqsQueueUrl", "OutputParameters", "RetryPolicies"},
}
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Definition:
    """A checked definition: parameters and steps by name, the steps of branches among them."""

    parameters: Mapping[str, Parameter]
    steps: Mapping[str, Step] = field(default_factory=dict)
    experiment: Json | None = None

    @property
    def every_step(self) -> dict[str, Step]:
        """All steps by name, those of ForEach bodies too."""
        bodies = [step.loop.body for step in self.steps.values() if step.loop]
        return {**self.steps, **{name: step for body in bodies for name, step in body.items()}}


def parse(text: str) -> Definition:
    """Read and check a definition.

    Raises
    ------
    DefinitionError
        Names the step, function, condition or parameter that is wrong or not supported.
    """
    document = _document(text)
    parameters: dict[str, Parameter] = {}
    listed = document.get("Parameters") or []
    if not isinstance(listed, list):
        raise DefinitionError(f"Parameters must be a list, got {listed!r:.100}")
    for item in listed:
        parameter = declare(item)
        if parameter.name in parameters:
            raise DefinitionError(f"parameter '{parameter.name}' is declared twice")
        parameters[parameter.name] = parameter
    steps: dict[str, Step] = {}
    for step in _read(document["Steps"], ()):
        if step.name in steps:
            raise DefinitionError(f"step name '{step.name}' is used twice")
        steps[step.name] = step
    definition = Definition(parameters, steps, document.get("PipelineExperimentConfig"))
    graph.check(steps, parameters)
    graph.check_experiment(references(definition.experiment), parameters)
    return definition


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DefinitionError(f"the pipeline definition is not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Steps"), list) or not document["Steps"]:
        raise DefinitionError("the pipeline definition needs a list of Steps")
    if document.get("Version") != VERSION:
        raise DefinitionError(f"Version must be '{VERSION}', got '{document.get('Version')}'")
    if document.get("MlflowConfig") is not None:
        raise DefinitionError("MlflowConfig is not supported: pipelines here write no MLflow runs")
    unknown = sorted(set(document) - _MEMBERS)
    if unknown:
        known = ", ".join(sorted(_MEMBERS))
        raise DefinitionError(f"a pipeline definition has no member {', '.join(unknown)}; known: {known}")
    return document


def _read(items: Any, branches: tuple[Branch, ...]) -> Iterator[Step]:
    for item in items:
        name, type_ = (item.get("Name"), item.get("Type")) if isinstance(item, Mapping) else (None, None)
        if not isinstance(name, str) or not name:
            raise DefinitionError(f"a step has no Name: {json.dumps(item)[:200]}")
        try:
            if not _NAME.fullmatch(name):
                raise DefinitionError("a Name is 1 to 64 letters, digits, hyphens and underscores")
            steptypes.check(type_)
            yield from _step(name, str(type_), item, branches)
        except DefinitionError as error:
            shown = str(error)
            raise DefinitionError(shown if shown.startswith("step ") else f"step '{name}': {shown}") from None
        except KeyError as error:
            raise DefinitionError(f"step '{name}': there is no member {error}") from error
        except (AttributeError, TypeError) as error:  # JSON may have anything anywhere
            raise DefinitionError(f"step '{name}': a member is of the wrong kind: {error}") from error


def _step(name: str, type_: str, item: Json, branches: tuple[Branch, ...]) -> Iterator[Step]:
    _check_members(type_, item)
    arguments = item.get("Arguments")
    if not isinstance(arguments, dict):
        raise DefinitionError("it needs Arguments")
    own = _own_arguments(name, type_, arguments)
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
        depends_on=tuple(_dependency(one) for one in item.get("DependsOn") or []),
        used=(*references(own), *(housekeeping.sources(own) if type_ == "Cleanup" else ())),
        retries=retries.parse(item.get("RetryPolicies"), type_),
        function=functions.parse(item) if type_ == "Lambda" else None,
        callback=callbacks.parse(item) if type_ == "Callback" else None,
        loop=foreach.parse(arguments, _read) if type_ == "ForEach" else None,
    )
    if type_ == "Condition":
        yield from _read(arguments.get("IfSteps") or [], (*branches, Branch(name, outcome=True)))
        yield from _read(arguments.get("ElseSteps") or [], (*branches, Branch(name, outcome=False)))


def _check_members(type_: str, item: Json) -> None:
    known = _COMMON | _OF_TYPE.get(type_, {"RetryPolicies"})
    unknown = sorted(set(item) - known)
    if unknown:
        raise DefinitionError(
            f"a {type_} step has no member {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )


def _own_arguments(name: str, type_: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the step itself, without those of steps inside it, once they are checked."""
    check_arguments(type_, arguments)
    if type_ == "Condition":
        if not arguments.get("Conditions"):
            raise DefinitionError("a Condition step needs Conditions")
        for condition in arguments["Conditions"]:
            conditions.check(condition)
        return {"Conditions": arguments["Conditions"]}
    if type_ == "ForEach":
        return {"IterableItems": arguments.get("IterableItems")}
    if type_ == "Fail" and "ErrorMessage" not in arguments:
        raise DefinitionError("a Fail step needs ErrorMessage")
    if type_ == "Cleanup":
        housekeeping.check(arguments)
    if type_ == "Training" and _NOTEBOOK in (arguments.get("Environment") or {}):
        raise DefinitionError("it runs a notebook job, which is not supported: the image for it is not here")
    return arguments


def _property_files(item: Json, arguments: Json) -> dict[str, PropertyFile]:
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


def _dependency(item: object) -> Dependency:
    if isinstance(item, str):
        return Dependency(item)
    if isinstance(item, Mapping) and isinstance(item.get("Step"), str) and set(item) <= {"Step", "Trigger"}:
        trigger = item.get("Trigger", COMPLETED)
        if trigger not in TRIGGERS:
            raise DefinitionError(f"a Trigger is one of [{', '.join(TRIGGERS)}], got {trigger!r}")
        return Dependency(item["Step"], trigger)
    raise DefinitionError(f"DependsOn must hold step names or {{Step, Trigger}}, got {item!r}")
