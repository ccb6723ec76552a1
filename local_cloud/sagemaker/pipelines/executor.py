"""Runs a definition: the steps that are due, side by side, in branches and loops. Knows no emulator."""

from __future__ import annotations

import logging
import queue
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_cloud.sagemaker.pipelines import foreach
from local_cloud.sagemaker.pipelines.attempts import StepRun, Surroundings, clip
from local_cloud.sagemaker.pipelines.errors import StepFailed
from local_cloud.sagemaker.pipelines.progress import Node, Progress, Properties
from local_cloud.sagemaker.pipelines.steps import Loop, Step

_log = logging.getLogger("local_cloud.sagemaker.pipelines")
_MANY = 1_000


@dataclass
class Outcome:
    """How an execution ended."""

    status: str
    reason: str | None = None


@dataclass
class Execution:
    """One run of a definition; `run` blocks until it has ended.

    Parameters
    ----------
    steps : mapping
        The steps of a checked definition.
    around : Surroundings
        What its steps need: parameters, runner, cache, clock and who is told.
    parallel : int
        How many steps run at once at most; may be changed while it runs (`wake` after that).
    kept : mapping
        Steps of an earlier run that count as done, with what they left behind.
    only : frozenset of str, optional
        The steps that may run; None for all.
    stop : Event
        Set it to stop the execution.
    """

    steps: Mapping[str, Step]
    around: Surroundings
    parallel: int = _MANY
    kept: Mapping[str, Properties] = field(default_factory=dict)
    only: frozenset[str] | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._progress = Progress(self.steps, self.kept, self.only)
        self._running: set[str] = set()
        self._loops: dict[str, tuple[StepRun, int]] = {}
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()

    def run(self) -> Outcome:
        """Run all steps that are due and return how the execution ended."""
        while True:
            for node in self._ready():
                self._start(node)
            self._close_loops()
            if self._running:
                self._running.discard(self._done.get())
            elif not self._ready():
                if not self._loops:
                    return self._outcome()
                self._close_loops(abandoned=True)

    def wake(self) -> None:
        """Look again what may start."""
        self._done.put("")

    def _outcome(self) -> Outcome:
        progress = self._progress
        failed, stopped = progress.ended("Failed"), progress.ended("Stopped")
        unhandled = [name for name in failed if not progress.handled(name)]
        if unhandled:
            shown = "; ".join(f"{name}: {progress.reasons[name]}" for name in unhandled)
            return Outcome("Failed", clip(f"Step failure: One or multiple steps failed. {shown}"))
        if self.stop.is_set() or any(not progress.handled(name) for name in stopped):
            return Outcome("Stopped")
        return Outcome("CompletedWithFailures" if failed or stopped else "Succeeded")

    def _ready(self) -> list[Node]:
        """Steps that may start now. After a stop none; after a bad end those alone that wait for one."""
        if self.stop.is_set():
            return []
        progress, due = self._progress, list[Node]()
        broken, room = progress.broken(), self.parallel - len(self._running)
        loops = [progress.nodes[name].loop for name in self._running]
        crowd = Counter(loop.name for loop in loops if loop)
        for node in progress.nodes.values():
            if len(due) >= room:
                break
            if node.name in progress.started or not progress.due(node):
                continue
            if broken and not progress.rescues(node):
                continue
            if node.loop and node.loop.loop:
                if crowd[node.loop.name] >= node.loop.loop.concurrency:
                    continue
                crowd[node.loop.name] += 1
            due.append(node)
        return due

    def _start(self, node: Node) -> None:
        self._progress.started.add(node.name)
        run = StepRun(
            self.around, node.step, node.name, self.stop, lambda: self._progress.seen(node), node.item
        )
        if node.step.loop:
            self._open_loop(node, node.step.loop, run)
            return
        self._running.add(node.name)
        name = f"step-{self.around.facts.execution_id}-{node.name}"
        threading.Thread(target=self._live, args=(node, run), name=name, daemon=True).start()

    def _live(self, node: Node, run: StepRun) -> None:
        try:
            run.live()
            self._progress.note(node, run.state, run.properties, run.reason)
        except Exception as error:  # noqa: BLE001 - a step without an end would hang its execution
            self._progress.note(node, "Failed", None, self._broke(node, error))
        finally:
            self._done.put(node.name)

    def _broke(self, node: Node, error: Exception) -> str:
        _log.exception("Step %s of %s", node.name, self.around.facts.execution_arn)
        return clip(f"InternalServerError: {type(error).__name__}: {error}")

    def _open_loop(self, node: Node, loop: Loop, run: StepRun) -> None:
        """Resolve the items and let the body run for each. The loop itself takes no place of `parallel`."""
        try:
            run.begin()
            items = foreach.items_of(run.resolve(loop.items))
        except Exception as error:  # noqa: BLE001 - as of every step, the reason becomes that of this one
            self._end_loop(node, run, "Failed", run.shown(error), None)
            return
        self._loops[node.name] = run, len(items)
        for index, item in enumerate(items):
            for name, step in loop.body.items():
                child = Node(step, foreach.child_name(name, index), node.step, index, item)
                self._progress.nodes[child.name] = child
                if child.name in self.kept:
                    self._progress.started.add(child.name)

    def _close_loops(self, *, abandoned: bool = False) -> None:
        """End the loops whose steps have all ended or cannot run; every loop when nothing runs any more."""
        progress = self._progress
        for name, (run, items) in list(self._loops.items()):
            node = progress.nodes[name]
            children = [one for one in progress.nodes.values() if one.loop is node.step]
            if node.step.loop and (abandoned or progress.over(children)):
                self._sum_up(node, node.step.loop, run, items, abandoned=abandoned)
                del self._loops[name]

    def _sum_up(self, node: Node, loop: Loop, run: StepRun, items: int, *, abandoned: bool) -> None:
        found: dict[str, Any] = foreach.properties(loop, items, self._progress.states, self._progress.results)
        state, reason = str(found["Status"]), ""
        if state == "Succeeded" and abandoned:
            state = "Stopped"
        try:
            if state == "Succeeded":
                found["Selected"] = foreach.selected(loop, found["IterationOutputs"])
        except StepFailed as error:
            state, reason = "Failed", str(error)
        if state == "Failed" and not reason:
            reason = f"{found['FailedStepCount']} of {found['TotalStepCount']} steps failed"
        self._end_loop(node, run, state, reason, {**found, "Status": state})

    def _end_loop(
        self, node: Node, run: StepRun, state: str, reason: str, properties: Properties | None
    ) -> None:
        try:
            run.end(state, reason, properties)
        except Exception as error:  # noqa: BLE001 - a listener that breaks must not hang the execution
            state, reason = "Failed", self._broke(node, error)
        self._progress.note(node, state, properties, reason)
