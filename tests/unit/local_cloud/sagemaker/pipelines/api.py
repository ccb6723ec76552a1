"""Pipelines by their operations, with processing jobs that end at once."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from local_cloud.sagemaker import operations

from .conftest import PipelineContext

ROLE = "arn:aws:iam::123456789012:role/r"
Json = dict[str, Any]
_tokens = itertools.count()


def token() -> str:
    """A request token that no other call has."""
    return f"{next(_tokens):032d}"


class Jobs:
    """Processing jobs by the step they run for: they complete, fail if in `failing`, or wait for `gates`."""

    def __init__(self, ctx: PipelineContext) -> None:
        self.ran: list[str] = []
        self.failing: dict[str, str] = {}
        self.gates: dict[str, threading.Event] = {}
        self.reached: dict[str, threading.Event] = {}
        self._requests: dict[str, Json] = {}
        ctx.answers.update(
            CreateProcessingJob=self._create,
            DescribeProcessingJob=self._describe,
            StopProcessingJob=self._stop,
        )

    def hold(self, step: str) -> threading.Event:
        """Let the job of a step run until it is stopped or the gate is set; returns what says it runs."""
        self.gates[step], self.reached[step] = threading.Event(), threading.Event()
        return self.reached[step]

    def _create(self, params: Json) -> Json:
        step = next(tag["Value"] for tag in params["Tags"] if tag["Key"].endswith("step-name"))
        self.ran.append(step)
        self._requests[params["ProcessingJobName"]] = {**params, "step": step, "stopped": False}
        return {"ProcessingJobArn": f"arn:{params['ProcessingJobName']}"}

    def _describe(self, params: Json) -> Json:
        request = self._requests[params["ProcessingJobName"]]
        step = request["step"]
        base = {key: value for key, value in request.items() if key not in ("step", "stopped")}
        if request["stopped"]:
            return {**base, "ProcessingJobStatus": "Stopped"}
        if step in self.gates and not self.gates[step].is_set():
            self.reached[step].set()
            return {**base, "ProcessingJobStatus": "InProgress"}
        if step in self.failing:
            return {**base, "ProcessingJobStatus": "Failed", "FailureReason": self.failing[step]}
        return {**base, "ProcessingJobStatus": "Completed"}

    def _stop(self, params: Json) -> Json:
        self._requests[params["ProcessingJobName"]]["stopped"] = True
        return {}


def create(ctx: PipelineContext, text: str, name: str = "Reviews") -> str:
    params = {
        "PipelineName": name, "PipelineDefinition": text, "RoleArn": ROLE, "ClientRequestToken": token()
    }  # fmt: skip
    return str(operations.call(ctx, "CreatePipeline", params)["PipelineArn"])


def start(ctx: PipelineContext, name: str = "Reviews", **more: Any) -> str:
    params = {"PipelineName": name, "ClientRequestToken": token(), **more}
    return str(operations.call(ctx, "StartPipelineExecution", params)["PipelineExecutionArn"])


def retry(ctx: PipelineContext, arn: str, **more: Any) -> None:
    params = {"PipelineExecutionArn": arn, "ClientRequestToken": token(), **more}
    operations.call(ctx, "RetryPipelineExecution", params)


def stop(ctx: PipelineContext, arn: str) -> None:
    operations.call(
        ctx, "StopPipelineExecution", {"PipelineExecutionArn": arn, "ClientRequestToken": token()}
    )


def ended(ctx: PipelineContext, arn: str) -> Json:
    """The execution, once its thread has ended."""
    for thread in threading.enumerate():
        if thread.name == f"pipeline-{arn.rpartition('/')[2]}":
            thread.join(30)
    found = operations.call(ctx, "DescribePipelineExecution", {"PipelineExecutionArn": arn})
    assert found["PipelineExecutionStatus"] not in ("Executing", "Stopping")
    return found


def steps(ctx: PipelineContext, arn: str) -> dict[str, Json]:
    found = operations.call(ctx, "ListPipelineExecutionSteps", {"PipelineExecutionArn": arn})
    return {step["StepName"]: step for step in found["PipelineExecutionSteps"]}


def statuses(ctx: PipelineContext, arn: str) -> dict[str, str]:
    return {name: step["StepStatus"] for name, step in steps(ctx, arn).items()}
