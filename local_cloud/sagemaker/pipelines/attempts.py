"""One step as it lives: its record, its arguments, the cache, its attempts and its end. Knows no emulator."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from local_cloud.sagemaker.pipelines import conditions
from local_cloud.sagemaker.pipelines.cache import CachedStep, StepCache, key_of
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepEnded, StepFailed, StepStopped
from local_cloud.sagemaker.pipelines.expressions import Scope, text
from local_cloud.sagemaker.pipelines.retries import Retries
from local_cloud.sagemaker.pipelines.steps import Step
from local_cloud.sagemaker.pipelines.steptypes import SUPPORTED
from local_cloud.sagemaker.pipelines.work import Json, Result, StepRunner, Work

_log = logging.getLogger("local_cloud.sagemaker.pipelines")
_LONGEST_REASON = 1024
Properties = Mapping[str, Any]


class Listener(Protocol):
    """Is told what happens."""

    def step(self, record: Json) -> None:
        """A step has started, or ended, or knows more: its record as ListPipelineExecutionSteps gives it."""

    def result(self, name: str, properties: Properties) -> None:
        """A step has ended well and leaves this for later steps."""


@dataclass(frozen=True)
class Facts:
    """What an execution knows of itself."""

    pipeline_name: str
    pipeline_arn: str
    execution_id: str
    execution_arn: str
    started: datetime

    def values(self, at: datetime) -> dict[str, str]:
        """What expressions may ask of it at a time, by the names they use."""
        return {
            "PipelineExecutionId": self.execution_id,
            "PipelineExecutionArn": self.execution_arn,
            "PipelineName": self.pipeline_name,
            "PipelineArn": self.pipeline_arn,
            "StartDateTime": self.started.isoformat(),
            "CurrentDateTime": at.isoformat(),
        }


@dataclass(frozen=True)
class Surroundings:
    """What the steps of one execution share.

    Parameters
    ----------
    steps : mapping
        All steps of the definition, those of bodies too, for their property files.
    parameters : mapping
        Values of the declared types.
    facts : Facts
        What expressions may ask of the execution.
    runner, cache, listener
        Who does the work, where ended steps are kept, and who is told.
    read_json : callable
        Reads a JSON document from an S3 URI.
    clock : callable
        The time of day.
    wait : callable
        Waits for an event so many seconds at most: ``(event, seconds) -> whether it is set``.
    """

    steps: Mapping[str, Step]
    parameters: Mapping[str, Any]
    facts: Facts
    runner: StepRunner
    cache: StepCache
    listener: Listener
    read_json: Callable[[str], Any]
    clock: Callable[[], datetime]
    wait: Callable[[threading.Event, float], bool]


class StepRun:
    """One run of one step, from its first record to its last.

    Parameters
    ----------
    around : Surroundings
        What the steps of the execution share.
    step, name
        The step, and the name it runs under.
    stop : Event
        Is set when the execution is to stop.
    view : callable
        What steps that have ended left behind, by the name under which this step sees them.
    item : optional
        What the ForEach step around has come to.
    """

    def __init__(
        self,
        around: Surroundings,
        step: Step,
        name: str,
        stop: threading.Event,
        view: Callable[[], dict[str, Properties]],
        item: Any = None,
    ) -> None:
        self._around, self._step, self._name, self._stop = around, step, name, stop
        self._view, self._item = view, item
        self._record: Json = {"StepName": name, "StepType": step.type, **step.labels, "Metadata": {}}
        self.state, self.reason = "", ""
        self.properties: Properties | None = None

    def live(self) -> None:
        """Run the step to its end; `state`, `reason` and `properties` then say how."""
        self.begin()
        try:
            result = self._work()
        except Exception as error:  # noqa: BLE001 - the record of the step has to say what happened
            state = "Stopped" if isinstance(error, StepStopped) else "Failed"
            left = error.properties if isinstance(error, StepEnded) else None
            self.end(state, self.shown(error) if state == "Failed" else "", left)
            return
        self._record["Metadata"] = dict(result.metadata)
        self.end("Succeeded", "", result.properties)

    def begin(self) -> None:
        """Tell that the step has started."""
        self._record.update(StepStatus="Executing", StartTime=self._around.clock(), AttemptCount=1)
        self._tell()

    def end(self, state: str, reason: str, properties: Properties | None) -> None:
        """Tell how the step has ended, and what it leaves behind."""
        self.state, self.reason, self.properties = state, clip(reason), properties
        self._record.update(StepStatus=state, EndTime=self._around.clock())
        if self.reason:
            self._record["FailureReason"] = self.reason
        if state == "Succeeded" and properties is not None:
            self._around.listener.result(self._name, properties)
        self._tell()

    def resolve(self, value: Any) -> Any:
        """A JSON value with its expressions replaced."""
        return self._scope("").resolve(value)

    def shown(self, error: Exception) -> str:
        """The FailureReason for what was raised."""
        if isinstance(error, StepEnded | DefinitionError):
            return clip(str(error))
        _log.error("Step %s of %s", self._name, self._around.facts.execution_arn, exc_info=error)
        return clip(f"InternalServerError: {type(error).__name__}: {error}")

    def _work(self) -> Result:
        if self._step.type == "Condition":
            return self._decide()
        if self._step.type == "Fail":
            message = text(self.resolve(self._step.arguments["ErrorMessage"]))
            self._record["Metadata"] = {"Fail": {"ErrorMessage": message}}
            raise StepFailed(message)
        key = self._key()
        hit = self._hit(key)
        if hit is not None:
            self._record["CacheHitResult"] = {"SourcePipelineExecutionArn": hit.execution_arn}
            return Result(hit.properties, hit.metadata)
        result = self._attempts()
        if key is not None:  # every result is kept: a later definition may switch the cache on
            arn, at = self._around.facts.execution_arn, self._around.clock()
            self._around.cache.put(key, CachedStep(arn, at, result.properties, result.metadata))
        return result

    def _attempts(self) -> Result:
        """Try, and try again as the retry policies of the step say."""
        retries, began, ahead = Retries(self._step.retries), self._around.clock(), 0.0
        while True:
            try:
                return self._around.runner.run(self._attempt())
            except StepFailed as error:
                failed = self._around.clock()
                elapsed = (failed - began).total_seconds() + ahead
                pause = retries.next_wait(error.fault, elapsed)
                if pause is None or self._stop.is_set():
                    raise
                if self._around.wait(self._stop, pause):
                    raise StepStopped(str(error)) from error
                # On a fast clock the wait took less than its time.
                ahead += pause - (self._around.clock() - failed).total_seconds()
                self._record["AttemptCount"] += 1
                self._tell()

    def _attempt(self) -> Work:
        job_name = self._around.runner.job_name(self._step, self._name)
        arguments = self._scope(job_name).resolve(dict(self._step.arguments))

        def started(metadata: Json) -> None:
            self._record["Metadata"] = metadata
            self._tell()

        def earlier(name: str) -> Properties:
            return self._view().get(name, {})

        return Work(self._step, self._name, arguments, job_name, self._stop, started, earlier)

    def _decide(self) -> Result:
        scope = self._scope("")
        outcome = all(conditions.holds(one, scope.resolve) for one in self._step.arguments["Conditions"])
        shown = "True" if outcome else "False"
        return Result({"Outcome": shown}, {"Condition": {"Outcome": shown}})

    def _key(self) -> str | None:
        if SUPPORTED[self._step.type].compared is None:
            return None
        arguments = self._scope("").resolve(dict(self._step.arguments))
        return key_of(self._around.facts.pipeline_arn, self._step.name, self._step.type, arguments)

    def _hit(self, key: str | None) -> CachedStep | None:
        if key is None or self._step.cache is None or not self._step.cache.enabled:
            return None
        found = self._around.cache.find(key)
        return found if found and self._step.cache.accepts(found.ended, self._around.clock()) else None

    def _scope(self, job_name: str) -> Scope:
        execution = self._around.facts.values(self._around.clock())
        execution.update(TrainingJobName=job_name, ProcessingJobName=job_name)
        seen = self._view()
        return Scope(
            self._around.parameters,
            execution,
            seen,
            lambda step, file: self._file_uri(seen, step, file),
            self._around.read_json,
            self._item,
        )

    def _file_uri(self, seen: Mapping[str, Properties], step: str, file_name: str) -> str:
        file = self._around.steps[step].property_files[file_name]
        for output in seen.get(step, {}).get("ProcessingOutputConfig", {}).get("Outputs", []):
            if output["OutputName"] == file.output:
                return f"{output['S3Output']['S3Uri'].rstrip('/')}/{file.path}"
        raise StepFailed(f"Property file '{file_name}': step '{step}' has no output '{file.output}'")

    def _tell(self) -> None:
        self._around.listener.step({**self._record, "Metadata": dict(self._record["Metadata"])})


def clip(reason: str) -> str:
    """A reason, cut to the length that the service allows."""
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 3] + "..."
