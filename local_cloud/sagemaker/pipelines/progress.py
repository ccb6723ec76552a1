"""How far an execution has come: which steps have ended and how, and what may or cannot follow from that."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
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

    def over(self, children: Iterable[Node]) -> bool:
        """Whether the steps of a loop have all ended or cannot run any more."""
        known: dict[str, bool] = {}
        return all(self._over(child, known) for child in children)

    def _over(self, child: Node, known: dict[str, bool]) -> bool:
        if child.name in self.started:
            return child.name in self.states
        if child.name not in known:  # each is looked at once: as many ways may lead to it as there are steps
            known[child.name] = any(
                self._in_vain(child, name, trigger, known) for name, trigger in child.step.waits_for.items()
            )
        return known[child.name]

    def _in_vain(self, child: Node, name: str, trigger: str, known: dict[str, bool]) -> bool:
        """Whether what a step of a loop waits for will not come."""
        other = child.beside(name)
        state = self.states.get(other)
        if state is not None:
            return state not in _MET[trigger]
        return other != name and self._over(self.nodes[other], known)

    def _took(self, condition: str) -> bool | None:
        outcome = self.results.get(condition, {}).get("Outcome")
        return None if outcome is None else outcome == "True"

    def _settled(self, name: str) -> bool:
        """Whether no step inside a condition is still to run; true of every other step."""
        if name not in self._steps or self._steps[name].type != "Condition":
            return True
        inner = [step for step in self._steps.values() if any(one.condition == name for one in step.branches)]
        known: dict[str, bool] = {}
        return all(step.name in self.states or self._dead(step, known) for step in inner)

    def _dead(self, step: Step, known: dict[str, bool]) -> bool:
        """Whether a step that has not run will never run."""
        if step.name in self.states:
            return False
        if step.name not in known:
            known[step.name] = step.name not in self.nodes or self._cut_off(step, known)
        return known[step.name]

    def _cut_off(self, step: Step, known: dict[str, bool]) -> bool:
        for branch in step.branches:
            took = self._took(branch.condition)
            if took is (not branch.outcome):
                return True
            if took is None and self._dead(self._steps[branch.condition], known):
                return True
        for name, trigger in step.waits_for.items():
            state = self.states.get(name)
            if state is not None and state not in _MET[trigger]:
                return True
            if state is None and self._dead(self._steps[name], known):
                return True
        return False
