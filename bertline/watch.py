"""Following an execution of the pipeline: step, state, elapsed time and last metric, live."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console
from rich.live import Live
from rich.table import Table

from bertline.errors import BadParameter
from bertline.target import Target

PAUSE = {"local": 1.0, "aws": 10.0}  # seconds between two questions
RUNNING = ("Executing", "Starting", "Stopping")
COLOURS = {
    "Succeeded": "green",
    "Failed": "red",
    "Stopped": "red",
    "Executing": "yellow",
    "Starting": "yellow",
}


@dataclass(frozen=True)
class Step:
    """One step as it stands now.

    Parameters
    ----------
    seconds
        The time it has taken so far, None before its start.
    metric
        The last metric of a training job, or the first output parameter of a function.
    job, function
        ARN of the job it runs or of the function it invokes, None when it does neither.
    started
        When it was started, None before that.
    """

    name: str
    state: str = "Waiting"
    seconds: float | None = None
    metric: str = ""
    reason: str = ""
    cached: bool = False
    job: str | None = None
    function: str | None = None
    started: datetime | None = None


@dataclass(frozen=True)
class Execution:
    """An execution of the pipeline as it stands now."""

    arn: str
    state: str
    steps: list[Step] = field(default_factory=list)
    reason: str = ""

    @property
    def done(self) -> bool:
        """Whether the service will not change it any more."""
        return self.state not in RUNNING

    def step(self, name: str) -> Step:
        """The step of that name; a waiting one if it has not been reached."""
        return next((step for step in self.steps if step.name == name), Step(name))


def look(target: Target, arn: str) -> Execution:
    """Ask the service for an execution and its steps, in the order of the definition.

    Raises
    ------
    BadParameter
        There is no such execution.
    """
    sagemaker = target.client("sagemaker")
    try:
        found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
            raise
        raise BadParameter(
            f"there is no execution {arn}: give the ARN that `bertline run` printed or the end of it, "
            "or leave it out for the newest"
        ) from error
    body = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)[
        "PipelineDefinition"
    ]
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn)
    seen = {step["StepName"]: step for page in pages for step in page["PipelineExecutionSteps"]}
    steps = [
        _step(sagemaker, name, seen.get(name), found["PipelineExecutionStatus"])
        for name in step_names(json.loads(body)["Steps"])
    ]
    return Execution(arn, found["PipelineExecutionStatus"], steps, found.get("FailureReason", ""))


def step_names(steps: list[dict[str, Any]]) -> Iterator[str]:
    """Every step's name, those inside conditions after their condition."""
    for step in steps:
        yield step["Name"]
        arguments = step.get("Arguments") or {}
        for branch in ("IfSteps", "ElseSteps"):
            yield from step_names(arguments.get(branch, []))


def wait(
    target: Target, arn: str, on_change: Callable[[Execution], None] = lambda execution: None
) -> Execution:
    """Ask again and again until the execution ends."""
    while True:
        execution = look(target, arn)
        on_change(execution)
        if execution.done:
            return execution
        time.sleep(PAUSE[target.kind])


def follow(target: Target, arn: str, console: Console) -> Execution:
    """Show an execution until it ends: a live table on a terminal, one line a change elsewhere."""
    if not console.is_terminal:
        return wait(target, arn, _Lines(console))
    with Live(console=console, refresh_per_second=4) as live:
        return wait(target, arn, lambda execution: live.update(_table(execution), refresh=True))


class _Lines:
    """Prints a line whenever a step's state or metric is another than last time."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.shown: dict[str, tuple[str, str]] = {}

    def __call__(self, execution: Execution) -> None:
        for step in execution.steps:
            now = (step.state, step.metric)
            if step.state in ("Waiting", "Not run") or self.shown.get(step.name) == now:
                continue
            self.shown[step.name] = now
            line = f"  {step.name:<10} {_state(step):<18} {_clock(step.seconds):>7}  {step.metric}"
            self.console.print(line, highlight=False)


def _step(sagemaker: Any, name: str, found: dict[str, Any] | None, execution_state: str) -> Step:
    if found is None:
        return Step(name, "Waiting" if execution_state in RUNNING else "Not run")
    metadata = found.get("Metadata", {})
    job, function = _job(metadata), metadata.get("Lambda", {})
    return Step(
        name=name,
        state=found["StepStatus"],
        seconds=_seconds(found),
        metric=_last_metric(sagemaker, job) or _first_output(function),
        reason=found.get("FailureReason", ""),
        cached="CacheHitResult" in found,
        job=job,
        function=function.get("Arn"),
        started=found.get("StartTime"),
    )


def _job(metadata: dict[str, Any]) -> str | None:
    for kind in ("ProcessingJob", "TrainingJob"):
        if kind in metadata:
            return str(metadata[kind]["Arn"])
    return None


def _seconds(found: dict[str, Any]) -> float | None:
    if "StartTime" not in found:
        return None
    end = found.get("EndTime") or datetime.now(UTC)
    return max(0.0, float((end - found["StartTime"]).total_seconds()))


def _last_metric(sagemaker: Any, job: str | None) -> str:
    if job is None or ":training-job/" not in job:
        return ""
    found = sagemaker.describe_training_job(TrainingJobName=job.rsplit("/", 1)[1])
    values = {m["MetricName"]: float(m["Value"]) for m in found.get("FinalMetricDataList", [])}
    for name in ("validation:macro_f1", "train:loss"):
        if name in values:
            return f"{name} {values[name]:.3f}"
    return ""


def _first_output(function: dict[str, Any]) -> str:
    """Name and value, an ARN without account and region: `LiveModelPackage model-package/bertline-dev/3`."""
    for output in function.get("OutputParameters", [])[:1]:
        value = str(output["Value"])
        return f"{output['Name']} {value.split(':', 5)[-1] if value.startswith('arn:') else value}"
    return ""


def _table(execution: Execution) -> Table:
    table = Table(
        title=f"execution {execution.arn.rsplit('/', 1)[-1]}: {execution.state}", title_justify="left"
    )
    for column in ("step", "state", "elapsed", "last metric"):
        table.add_column(column, justify="right" if column == "elapsed" else "left")
    for step in execution.steps:
        colour = COLOURS.get(step.state, "dim")
        table.add_row(step.name, f"[{colour}]{_state(step)}[/]", _clock(step.seconds), step.metric)
    return table


def _state(step: Step) -> str:
    return f"{step.state} (cached)" if step.cached else step.state


def _clock(seconds: float | None) -> str:
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
