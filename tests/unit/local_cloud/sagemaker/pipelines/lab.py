"""Everything around an execution, in memory: a runner that only notes what it is asked, and a listener."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from local_cloud.sagemaker.pipelines.attempts import Facts, Surroundings
from local_cloud.sagemaker.pipelines.cache import CachedStep
from local_cloud.sagemaker.pipelines.definition import parse
from local_cloud.sagemaker.pipelines.executor import Execution, Outcome
from local_cloud.sagemaker.pipelines.steps import Step
from local_cloud.sagemaker.pipelines.work import Result, Work

Json = dict[str, Any]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Runner:
    """Succeeds at once, or does what `behave` says of a step."""

    def __init__(self) -> None:
        self.asked: dict[str, Json] = {}
        self.behave: dict[str, Callable[[threading.Event], None]] = {}
        self.results: dict[str, Json] = {}

    def job_name(self, step: Step, name: str) -> str:
        return f"job-{name}"

    def run(self, work: Work) -> Result:
        self.asked[work.name] = work.arguments
        metadata = {"ProcessingJob": {"Arn": f"arn:{work.name}"}}
        work.started(metadata)
        if work.name in self.behave:
            self.behave[work.name](work.stop)
        return Result(self.results.get(work.name, work.arguments), metadata)


class Lab:
    """What is around executions, kept between them. Waits pass at once and are noted in `waits`."""

    def __init__(self) -> None:
        self.runner = Runner()
        self.cached: dict[str, CachedStep] = {}
        self.files: dict[str, Any] = {}
        self.records: dict[str, Json] = {}
        self.left: dict[str, Mapping[str, Any]] = {}
        self.history: list[tuple[str, str]] = []
        self.waits: list[float] = []
        self.now = NOON
        self.lock = threading.Lock()

    def step(self, record: Json) -> None:
        with self.lock:
            self.records[record["StepName"]] = record
            entry = (record["StepName"], record["StepStatus"])
            if entry not in self.history:
                self.history.append(entry)

    def result(self, name: str, properties: Mapping[str, Any]) -> None:
        with self.lock:
            self.left[name] = properties

    def find(self, key: str) -> CachedStep | None:
        return self.cached.get(key)

    def put(self, key: str, step: CachedStep) -> None:
        self.cached[key] = step

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)
        return event.is_set()

    def execution(
        self,
        text: str,
        name: str = "e1",
        parallel: int = 50,
        kept: Mapping[str, Mapping[str, Any]] | None = None,
        only: frozenset[str] | None = None,
        **parameters: Any,
    ) -> Execution:
        definition = parse(text)
        around = Surroundings(
            steps=definition.every_step,
            parameters=parameters,
            facts=Facts("p", "arn:p", name, f"arn:p/execution/{name}", NOON),
            runner=self.runner,
            cache=self,
            listener=self,
            read_json=lambda uri: self.files[uri],
            clock=lambda: self.now,
            wait=self.wait,
        )
        return Execution(definition.steps, around, parallel, kept or {}, only)

    def run(self, text: str, name: str = "e1", **more: Any) -> Outcome:
        self.records, self.history, self.runner.asked = {}, [], {}
        return self.execution(text, name, **more).run()

    def statuses(self) -> dict[str, str]:
        """How each step has ended."""
        return {name: record["StepStatus"] for name, record in self.records.items()}


def ends(error: Exception) -> Callable[[threading.Event], None]:
    """A behaviour: the step ends in this way."""

    def behave(stop: threading.Event) -> None:
        raise error

    return behave
