"""Selective execution: which steps run, and of which earlier execution the others are taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.pipelines import graph, records
from local_cloud.sagemaker.pipelines.steps import Step
from local_cloud.sagemaker.store import Record


@dataclass(frozen=True)
class Plan:
    """What a selective execution does.

    Parameters
    ----------
    only : frozenset of str
        The steps that run.
    source : Record, optional
        The execution whose results are reused.
    reused : mapping
        Properties of the steps above those that run, by name.
    """

    only: frozenset[str]
    source: Record | None
    reused: Mapping[str, Mapping[str, Any]]


def plan(ctx: Context, pipeline_arn: str, steps: Mapping[str, Step], config: Mapping[str, Any]) -> Plan:
    """What a SelectiveExecutionConfig asks for.

    Raises
    ------
    ServiceError
        ValidationException: a step is unknown or left out between others, or the source execution is
        missing, of another pipeline, still running or without a result that is needed.
    """
    selected = frozenset(one["StepName"] for one in config["SelectedSteps"])
    unknown = sorted(selected - set(steps))
    if unknown:
        raise validation(f"SelectedSteps [{', '.join(unknown)}] are not in the pipeline definition.")
    above = {name: _above(steps, name) for name in steps}
    needed = frozenset().union(*(above[name] for name in selected)) - selected
    between = sorted(name for name in needed if above[name] & selected)
    if between:
        raise validation(
            f"The selected steps [{', '.join(sorted(selected))}] are not connected: the steps between them "
            f"[{', '.join(between)}] must be selected too."
        )
    arn = config.get("SourcePipelineExecutionArn")
    if needed and not arn:
        raise validation(
            f"Invalid SourcePipelineExecutionArn: null. The selected steps [{', '.join(sorted(selected))}] "
            f"have dependencies on [{', '.join(sorted(needed))}]"
        )
    if not arn:
        return Plan(selected, None, {})
    source = _source(ctx, pipeline_arn, arn)
    return Plan(selected, source, _reused(ctx, steps, selected, needed, source))


def _above(steps: Mapping[str, Step], name: str) -> frozenset[str]:
    """All steps that must have ended before a step."""
    found: set[str] = set()
    left = [name]
    while left:
        for needed in graph.waits(steps, steps[left.pop()]) - found:
            found.add(needed)
            left.append(needed)
    return frozenset(found)


def _source(ctx: Context, pipeline_arn: str, arn: str) -> Record:
    source = records.get(ctx, arn)
    if source["PipelineArn"] != pipeline_arn:
        raise validation(f"Invalid SourcePipelineExecutionArn: {arn} is an execution of another pipeline.")
    if source["PipelineExecutionStatus"] not in records.ENDED:
        raise validation(f"Invalid SourcePipelineExecutionArn: {arn} is {source['PipelineExecutionStatus']}.")
    return source


def _reused(
    ctx: Context, steps: Mapping[str, Step], selected: frozenset[str], needed: frozenset[str], source: Record
) -> dict[str, Mapping[str, Any]]:
    arn = source["PipelineExecutionArn"]
    ended = {name for name, one in source["Steps"].items() if one["StepStatus"] == "Succeeded"}
    found = records.results(ctx, arn, needed & ended)
    for name in sorted(selected):
        for branch in steps[name].branches:
            outcome = found.get(branch.condition, {}).get("Outcome")
            if outcome is not None and (outcome == "True") is not branch.outcome:
                raise validation(
                    f"Step '{name}' is in a branch of step '{branch.condition}' that {arn} has not taken."
                )
    missing = sorted(name for name in needed - set(found) if _runs(steps[name], found))
    if missing:
        raise validation(
            f"Invalid SourcePipelineExecutionArn: the steps [{', '.join(missing)}] "
            f"have not succeeded in {arn}."
        )
    return found


def _runs(step: Step, found: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a step was to run, as the conditions above it have turned out."""
    outcomes = ((branch, found.get(branch.condition, {}).get("Outcome")) for branch in step.branches)
    return all(outcome is None or (outcome == "True") is branch.outcome for branch, outcome in outcomes)
