"""Checks of a definition as a whole: what steps name is there, can be there in time, and in no circle."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

from local_cloud.sagemaker.pipelines import outputs
from local_cloud.sagemaker.pipelines.errors import DefinitionError
from local_cloud.sagemaker.pipelines.expressions import Reference
from local_cloud.sagemaker.pipelines.steps import Step

Steps = Mapping[str, Step]


def check(steps: Steps, parameters: Container[str]) -> None:
    """Refuse a definition whose steps do not fit together.

    Raises
    ------
    DefinitionError
        Names the step and what it reads or depends on.
    """
    _check_names(steps)
    for step in steps.values():
        _check_step(step, steps, parameters, inside=False)
        for inner in step.loop.body.values() if step.loop else ():
            _check_step(inner, {**steps, **(step.loop.body if step.loop else {})}, parameters, inside=True)
        if step.loop:
            body = step.loop.body
            _check_circles({name: one.needs & set(body) for name, one in body.items()})
    _check_circles({name: waits(steps, step) for name, step in steps.items()})


def check_experiment(used: Iterable[Reference], parameters: Container[str]) -> None:
    """Refuse an experiment whose names depend on what is not known at the start; DefinitionError names it."""
    for one in used:
        if one.kind not in ("parameter", "execution") or (
            one.kind == "parameter" and one.name not in parameters
        ):
            raise DefinitionError(f"PipelineExperimentConfig cannot read {one.kind} '{one.name}'")


def waits(steps: Steps, step: Step) -> frozenset[str]:
    """All steps that a step can have to wait for: who depends on a condition waits for its branches too."""
    branches = {branch.condition for branch in step.branches}
    explicit = {one.step for one in step.depends_on if one.step not in branches}
    return step.needs.union(*(inside(steps, name) for name in explicit))


def inside(steps: Steps, condition: str) -> frozenset[str]:
    """The steps in the branches of a condition, at any depth."""
    return frozenset(
        name for name, step in steps.items() if any(branch.condition == condition for branch in step.branches)
    )


def _check_names(steps: Steps) -> None:
    bodies: dict[str, str] = {}
    for step in steps.values():
        for name in step.loop.body if step.loop else ():
            if name in bodies or name in steps:
                raise DefinitionError(f"step name '{name}' is used twice")
            bodies[name] = step.name
    for name in steps:
        child = re.fullmatch(r"(.+)-\d+", name)
        if child and child[1] in bodies:
            raise DefinitionError(
                f"step '{name}': a step of this name runs in ForEach step '{bodies[child[1]]}'"
            )


def _check_step(step: Step, steps: Steps, parameters: Container[str], *, inside: bool) -> None:
    for reference in step.used:
        _check_reference(step, reference, steps, parameters, inside=inside)
    for one in step.depends_on:
        if one.step not in steps:
            raise DefinitionError(f"step '{step.name}' depends on step '{one.step}', which is not there")
        _check_branches(step, steps[one.step])


def _check_reference(
    step: Step, reference: Reference, steps: Steps, parameters: Container[str], *, inside: bool
) -> None:
    if reference.kind == "parameter" and reference.name not in parameters:
        raise DefinitionError(f"step '{step.name}' reads parameter '{reference.name}', which is not declared")
    if reference.kind == "item" and not inside:
        raise DefinitionError(f"step '{step.name}' reads ForEach.CurrentItem, but is in no ForEach step")
    if reference.kind == "iteration":
        raise DefinitionError(
            f"step '{step.name}': IterationOutput is for the Selector of a ForEach step only"
        )
    if reference.kind not in ("step", "file"):
        return
    source = steps.get(reference.name)
    if source is None:
        raise DefinitionError(f"step '{step.name}' reads step '{reference.name}', which is not there")
    if reference.kind == "file" and reference.path not in source.property_files:
        raise DefinitionError(
            f"step '{step.name}' reads property file '{reference.path}', which step '{source.name}' has not"
        )
    declared = source.function or source.callback
    if reference.kind == "step" and declared:
        try:
            outputs.check_reference(declared.outputs, reference.path, source.type)
        except DefinitionError as error:
            raise DefinitionError(f"step '{step.name}' reads of step '{source.name}' {error}") from None
    _check_branches(step, source)


def _check_branches(step: Step, source: Step) -> None:
    own = {branch.condition: branch.outcome for branch in step.branches}
    for branch in source.branches:
        if own.get(branch.condition, branch.outcome) is not branch.outcome:
            raise DefinitionError(
                f"step '{step.name}' needs step '{source.name}', which runs only in the other branch of step "
                f"'{branch.condition}'"
            )


def _check_circles(needs: Mapping[str, frozenset[str]]) -> None:
    done: set[str] = set()
    while len(done) < len(needs):
        ready = [name for name, needed in needs.items() if name not in done and needed <= done]
        if not ready:
            stuck = ", ".join(name for name in needs if name not in done)
            raise DefinitionError(f"steps depend on one another in a circle: {stuck}")
        done.update(ready)
