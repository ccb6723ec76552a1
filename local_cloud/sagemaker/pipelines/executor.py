"""Runs a definition: independent steps side by side, branches, cache, failure and stop. Knows no emulator."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from local_cloud.sagemaker.pipelines import conditions
from local_cloud.sagemaker.pipelines.cache import CachedStep, StepCache, key_of
from local_cloud.sagemaker.pipelines.definition import Definition, Step
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed, StepStopped
from local_cloud.sagemaker.pipelines.expressions import Scope, text

_log = logging.getLogger("local_cloud.sagemaker.pipelines")
_LONGEST_REASON = 1024
_MANY = 1_000
Json = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a step left: the description of its resource, for later steps, and its Metadata."""

    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]


class StepRunner(Protocol):
    """Does the work of Processing, Training, Lambda and RegisterModel steps."""

    def run(
        self, step: Step, arguments: Json, stop: threading.Event, started: Callable[[Json], None]
    ) -> Result:
        """Run a step to its end; `started` takes its Metadata as soon as there is some.

        Raises
        ------
        StepFailed, StepStopped
            As it ends.
        """


class Listener(Protocol):
    """Is told what happens."""

    def step(self, record: Json) -> None:
        """A step has started, or ended, or knows more: its record as ListPipelineExecutionSteps gives it."""


@dataclass(frozen=True)
class Facts:
    """What an execution knows of itself."""

    pipeline_name: str
    pipeline_arn: str
    execution_id: str
    execution_arn: str
    started: datetime


@dataclass
class Outcome:
    """How an execution ended."""

    status: str
    reason: str | None = None


@dataclass
class Execution:
    """One run of a definition; `run` blocks until it has ended."""

    definition: Definition
    parameters: Mapping[str, Any]
    facts: Facts
    runner: StepRunner
    cache: StepCache
    listener: Listener
    read_json: Callable[[str], Any]
    clock: Callable[[], datetime]
    parallel: int = _MANY
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._properties: dict[str, Mapping[str, Any]] = {}
        self._outcomes: dict[str, bool] = {}
        self._ended: set[str] = set()
        self._started: set[str] = set()
        self._failures: list[tuple[str, str]] = []
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._lock = threading.Lock()

    def run(self) -> Outcome:
        """Run all steps that are due and return how the execution ended."""
        running = 0
        while True:
            for step in self._ready(self.parallel - running):
                self._started.add(step.name)
                running += 1
                name = f"step-{self.facts.execution_id}-{step.name}"
                threading.Thread(target=self._live, args=(step,), name=name, daemon=True).start()
            if running == 0:
                return self._outcome()
            self._done.get()
            running -= 1

    def _outcome(self) -> Outcome:
        if self._failures:
            shown = "; ".join(f"{name}: {reason}" for name, reason in self._failures)
            return Outcome("Failed", _clip(f"Step failure: One or multiple steps failed. {shown}"))
        return Outcome("Stopped" if self.stop.is_set() else "Succeeded")

    def _ready(self, room: int) -> list[Step]:
        """Steps that may start now: after a failure or a stop, none."""
        with self._lock:
            if self._failures or self.stop.is_set():
                return []
            due = [
                step
                for step in self.definition.steps.values()
                if step.name not in self._started and step.needs <= self._ended and self._chosen(step)
            ]
        return due[: max(room, 0)]

    def _chosen(self, step: Step) -> bool:
        return all(self._outcomes.get(branch.condition) is branch.outcome for branch in step.branches)

    def _live(self, step: Step) -> None:
        try:
            self._run_step(step)
        except Exception as error:  # noqa: BLE001 - a step without an end would hang its execution
            _log.exception("Step %s of %s", step.name, self.facts.execution_arn)
            with self._lock:
                reason = f"InternalServerError: {type(error).__name__}: {error}"
                self._failures.append((step.name, _clip(reason)))
        finally:
            self._done.put(step.name)

    def _run_step(self, step: Step) -> None:
        record: Json = {"StepName": step.name, **step.labels, "StepStatus": "Executing", "Metadata": {}}
        record.update(StartTime=self.clock(), AttemptCount=1)
        self._tell(record)
        try:
            result = self._work(step, record)
        except (StepFailed, DefinitionError) as error:
            self._fail(step, record, str(error))
        except StepStopped:
            record.update(StepStatus="Stopped")
        except Exception as error:  # noqa: BLE001 - the record of the step has to say what happened
            _log.exception("Step %s of %s", step.name, self.facts.execution_arn)
            self._fail(step, record, f"InternalServerError: {type(error).__name__}: {error}")
        else:
            record.update(StepStatus="Succeeded", Metadata=dict(result.metadata))
            with self._lock:
                self._properties[step.name] = result.properties
                self._ended.add(step.name)
        record.update(EndTime=self.clock())
        self._tell(record)

    def _fail(self, step: Step, record: Json, reason: str) -> None:
        reason = _clip(reason)
        record.update(StepStatus="Failed", FailureReason=reason)
        with self._lock:
            self._failures.append((step.name, reason))

    def _work(self, step: Step, record: Json) -> Result:
        scope = self._scope()
        if step.type == "Condition":
            return self._decide(step, scope)
        arguments = scope.resolve(dict(step.arguments))
        if step.type == "Fail":
            message = text(arguments["ErrorMessage"])
            record["Metadata"] = {"Fail": {"ErrorMessage": message}}
            raise StepFailed(message)
        key = self._cache_key(step, arguments)
        hit = self._hit(step, key)
        if hit is not None:
            record["CacheHitResult"] = {"SourcePipelineExecutionArn": hit.execution_arn}
            return Result(hit.properties, hit.metadata)

        def started(metadata: Json) -> None:
            record["Metadata"] = metadata
            self._tell(record)

        result = self.runner.run(step, arguments, self.stop, started)
        if key is not None:
            ended = CachedStep(self.facts.execution_arn, self.clock(), result.properties, result.metadata)
            self.cache.put(key, ended)
        return result

    def _decide(self, step: Step, scope: Scope) -> Result:
        outcome = all(conditions.holds(one, scope.resolve) for one in step.arguments["Conditions"])
        with self._lock:
            self._outcomes[step.name] = outcome
        shown = "True" if outcome else "False"
        return Result({"Outcome": shown}, {"Condition": {"Outcome": shown}})

    def _cache_key(self, step: Step, arguments: Json) -> str | None:
        # Every result is kept: a later definition may switch the cache on.
        return key_of(self.facts.pipeline_arn, step.name, step.type, arguments)

    def _hit(self, step: Step, key: str | None) -> CachedStep | None:
        if key is None or step.cache is None or not step.cache.enabled:
            return None
        found = self.cache.find(key)
        return found if found and step.cache.accepts(found.ended, self.clock()) else None

    def _scope(self) -> Scope:
        execution = {
            "PipelineExecutionId": self.facts.execution_id,
            "PipelineExecutionArn": self.facts.execution_arn,
            "PipelineName": self.facts.pipeline_name,
            "PipelineArn": self.facts.pipeline_arn,
            "StartDateTime": self.facts.started.isoformat(),
            "CurrentDateTime": self.clock().isoformat(),
        }
        with self._lock:
            properties = dict(self._properties)
        return Scope(self.parameters, execution, properties, self._file_uri, self.read_json)

    def _file_uri(self, step: str, file_name: str) -> str:
        file = self.definition.steps[step].property_files[file_name]
        with self._lock:
            properties = self._properties.get(step, {})
        for output in properties.get("ProcessingOutputConfig", {}).get("Outputs", []):
            if output["OutputName"] == file.output:
                return f"{output['S3Output']['S3Uri'].rstrip('/')}/{file.path}"
        raise StepFailed(f"Property file '{file_name}': step '{step}' has no output '{file.output}'")

    def _tell(self, record: Json) -> None:
        self.listener.step({**record, "Metadata": dict(record["Metadata"])})


def _clip(reason: str) -> str:
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 3] + "..."
