"""ForEach steps: what they repeat, over which items, and what they leave behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed
from local_cloud.sagemaker.pipelines.expressions import parse_reference, walk
from local_cloud.sagemaker.pipelines.steps import Branch, Loop, Selector, Step

_MOST_ITEMS, _MOST_AT_ONCE = 100, 50
_NOT_INSIDE = ("Condition", "Fail", "ForEach")
_PICKS: dict[str, Callable[..., Any]] = {"MaxBy": max, "MinBy": min}
Reader = Callable[[Any, tuple[Branch, ...]], Iterator[Step]]


def parse(arguments: Mapping[str, Any], read: Reader) -> Loop:
    """What a ForEach step repeats; `read` reads the steps of its body.

    Raises
    ------
    DefinitionError
        Names the member that is missing or wrong.
    """
    items, most = arguments.get("IterableItems"), arguments.get("MaxConcurrency")
    unknown = sorted(set(arguments) - {"IterableItems", "MaxConcurrency", "ForEachBody", "Selector"})
    if unknown:
        raise DefinitionError(f"a ForEach step has no argument {', '.join(unknown)}")
    empty = isinstance(items, list) and not 0 < len(items) <= _MOST_ITEMS
    if not isinstance(items, list | Mapping) or empty:
        raise DefinitionError(
            f"IterableItems must be an expression or a list of 1 to {_MOST_ITEMS}, got {items!r}"
        )
    if not isinstance(most, int) or isinstance(most, bool) or not 0 < most <= _MOST_AT_ONCE:
        raise DefinitionError(
            f"MaxConcurrency must be a whole number from 1 to {_MOST_AT_ONCE}, got {most!r}"
        )
    body: dict[str, Step] = {}
    for step in read(arguments.get("ForEachBody") or [], ()):
        if step.type in _NOT_INSIDE:
            raise DefinitionError(f"step '{step.name}': a {step.type} step may not be inside a ForEach step")
        if step.name in body:
            raise DefinitionError(f"step name '{step.name}' is used twice")
        body[step.name] = step
    if not body:
        raise DefinitionError("a ForEach step needs ForEachBody")
    return Loop(items, most, body, _selector(arguments.get("Selector"), body))


def child_name(step: str, index: int) -> str:
    """The name under which a step of a body runs for an item."""
    return f"{step}-{index}"


def items_of(resolved: Any) -> list[Any]:
    """The items of a loop whose IterableItems are resolved.

    Raises
    ------
    StepFailed
        It is no list, nor the JSON text of one, or too long.
    """
    try:
        found = json.loads(resolved) if isinstance(resolved, str) else resolved
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise StepFailed(f"IterableItems must resolve to a JSON list, got {resolved!r}"[:1000])
    if len(found) > _MOST_ITEMS:
        raise StepFailed(f"IterableItems has {len(found)} items; at most {_MOST_ITEMS} are allowed")
    return found


def properties(
    loop: Loop, items: int, statuses: Mapping[str, str], results: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What later steps see of a ForEach step.

    Parameters
    ----------
    items : int
        Number of items.
    statuses, results : mapping
        How each of its steps has ended, and what it left behind, by child name.
    """
    counted = [statuses.get(child_name(name, at), "") for at in range(items) for name in loop.body]
    failed, stopped = counted.count("Failed"), counted.count("Stopped")
    return {
        "Status": "Failed" if failed else "Stopped" if stopped else "Succeeded",
        "InputItemCount": items,
        "TotalStepCount": len(counted),
        "SucceededStepCount": counted.count("Succeeded"),
        "FailedStepCount": failed,
        "StoppedStepCount": stopped,
        "IterationOutputs": [
            {name: results.get(child_name(name, at), {}) for name in loop.body} for at in range(items)
        ],
    }


def selected(loop: Loop, iterations: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The output of the iteration that the selector picks; StepFailed when a field is no number."""
    selector = loop.selector
    if selector is None or not iterations:
        return {}
    values = [walk(one[selector.step], selector.path, f"Selector of {selector.step}") for one in iterations]
    wrong = [value for value in values if isinstance(value, bool) or not isinstance(value, int | float)]
    if wrong:
        raise StepFailed(f"Selector.Field must be a number in every iteration, got {wrong[0]!r}")
    best: int = _PICKS[selector.pick](range(len(values)), key=values.__getitem__)
    found: Mapping[str, Any] = iterations[best][selector.step]
    return found


def _selector(item: Any, body: Mapping[str, Step]) -> Selector | None:
    if item is None:
        return None
    pick, field = (item.get("Pick"), item.get("Field")) if isinstance(item, Mapping) else (None, None)
    if pick not in _PICKS:
        raise DefinitionError(f"Selector.Pick must be one of [{', '.join(_PICKS)}], got {pick!r}")
    reference = parse_reference(str(field["Get"])) if isinstance(field, Mapping) and "Get" in field else None
    if reference is None or reference.kind != "iteration" or reference.name not in body or not reference.path:
        raise DefinitionError(
            f"Selector.Field must be IterationOutput.<step of the body>.<property>, got {field!r}"
        )
    return Selector(str(pick), reference.name, reference.path)
