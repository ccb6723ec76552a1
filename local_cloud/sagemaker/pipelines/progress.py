"""How far an execution has come: which steps have ended and how, and what may or cannot follow from that."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.pipelines import foreach
from local_cloud.sagemaker.pipelines.steps import ANY, COMPLETED, FAILED, STOPPED, Step

Properties = Mapping[str, Any]
_MET = {
    COMPLETED: ("Succeeded",),
    FAILED: ("Failed",),
    STOPPED: ("Stopped",),
    ANY: ("Succeeded", "Failed", "Stopped"),
}


@dataclass(frozen=True)
class Node:
    """A step that runs under a name: itself, or for one item of a ForEach step (`loop`)."""

    step: Step
    name: str
    loop: Step | None = None
    index: int = 0
    item: Any = None

    def beside(self, name: str) -> str:
        """The name of another step as this one sees it: one of the same body runs for the same item."""
        inside = self.loop is not None and self.loop.loop is not None and name in self.loop.loop.body
        return foreach.child_name(name, self.index) if inside else name


class Progress:
    """Ends and results of steps so far. Its scheduler asks; the threads of steps note.

    Parameters
    ----------
    steps : mapping
        The steps of the definition.
    kept : mapping
        Properties of the steps that count as done.
    only : frozenset of str, optional
        The steps that may run; None for all.
    """

    def __init__(
        self, steps: Mapping[str, Step], kept: Mapping[str, Properties], only: frozenset[str] | None
    ) -> None:
        self._steps = steps
        self.nodes = {name: Node(step, name) for name, step in steps.items() if only is None or name in only}
        self.states: dict[str, str] = dict.fromkeys(kept, "Succeeded")
        self.results: dict[str, Properties] = dict(kept)
        self.reasons: dict[str, str] = {}
        self.started = {name for name in kept if name in self.nodes}
        self._lock = threading.Lock()

    def note(self, node: Node, state: str, properties: Properties | None, reason: str) -> None:
        """A step has ended."""
        with self._lock:
            if properties is not None:
                self.results[node.name] = properties
            if not node.loop:
                self.reasons[node.name] = reason
            self.states[node.name] = state  # last: whoever sees it may read the result

    def seen(self, node: Node) -> dict[str, Properties]:
        """What expressions of a step can read, by the names they use."""
        with self._lock:
            found = dict(self.results)
        for name in node.loop.loop.body if node.loop and node.loop.loop else ():
            if node.beside(name) in found:
                found[name] = found[node.beside(name)]
        return found

    def ended(self, *states: str) -> list[str]:
        """The steps of the definition that have run and ended so."""
        return [name for name in self.nodes if name in self.reasons and self.states.get(name) in states]

    def handled(self, name: str) -> bool:
        """Whether a step waits for just this bad end of another: then it does not end the execution."""
        wanted = (ANY, FAILED if self.states.get(name) == "Failed" else STOPPED)
        return self._steps[name].type != "Fail" and any(
            not node.loop and node.step.waits_for.get(name) in wanted for node in self.nodes.values()
        )

    def broken(self) -> bool:
        """Whether a step has ended badly and none waits for that."""
        return any(not self.handled(name) for name in self.ended("Failed", "Stopped"))

    def due(self, node: Node) -> bool:
        """Whether all that a step waits for has come."""
        if not all(self._took(branch.condition) is branch.outcome for branch in node.step.branches):
            return False
        for name, trigger in node.step.waits_for.items():
            if self.states.get(node.beside(name)) not in _MET[trigger]:
                return False
        above = {branch.condition for branch in node.step.branches}
        return all(one.step in above or self._settled(one.step) for one in node.step.depends_on)

    def rescues(self, node: Node) -> bool:
        """Whether a step waits for another to end badly, or in any way."""
        return any(trigger != COMPLETED for trigger in node.step.waits_for.values())

    def over(self, child: Node) -> bool:
        """Whether a step of a loop has ended or cannot run any more."""
        if child.name in self.started:
            return child.name in self.states
        for name, trigger in child.step.waits_for.items():
            other = child.beside(name)
            state = self.states.get(other)
            if state is not None and state not in _MET[trigger]:
                return True
            if state is None and other != name and self.over(self.nodes[other]):
                return True
        return False

    def _took(self, condition: str) -> bool | None:
        outcome = self.results.get(condition, {}).get("Outcome")
        return None if outcome is None else outcome == "True"

    def _settled(self, name: str) -> bool:
        """Whether no step inside a condition is still to run; true of every other step."""
        if name not in self._steps or self._steps[name].type != "Condition":
            return True
        inner = [step for step in self._steps.values() if any(one.condition == name for one in step.branches)]
        return all(step.name in self.states or self._dead(step) for step in inner)

    def _dead(self, step: Step) -> bool:
        """Whether a step that has not run will never run."""
        if step.name in self.states:
            return False
        if step.name not in self.nodes:
            return True
        for branch in step.branches:
            took = self._took(branch.condition)
            if took is (not branch.outcome) or (took is None and self._dead(self._steps[branch.condition])):
                return True
        for name, trigger in step.waits_for.items():
            state = self.states.get(name)
            if state is not None and state not in _MET[trigger]:
                return True
            if state is None and self._dead(self._steps[name]):
                return True
        return False
