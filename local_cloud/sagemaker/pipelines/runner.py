"""Runs steps as jobs, functions and model packages of this cloud."""

from __future__ import annotations

import re
import secrets
import string
import threading
from collections.abc import Callable
from typing import Any

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import lifecycle
from local_cloud.sagemaker.pipelines import functions
from local_cloud.sagemaker.pipelines.definition import Step
from local_cloud.sagemaker.pipelines.errors import StepFailed, StepStopped
from local_cloud.sagemaker.pipelines.executor import Json, Result

_KINDS = {"Processing": lifecycle.PROCESSING, "Training": lifecycle.TRAINING}
_LONGEST_NAME = 63
_SUFFIX = 10
_LETTERS = string.ascii_letters + string.digits


class CloudRunner:
    """The step runner of the local cloud.

    Parameters
    ----------
    ctx : Context
        The account and region.
    execution_id : str
        Part of every job's name.
    role_arn : str
        The pipeline's role, for steps that name none.
    """

    def __init__(self, ctx: Context, execution_id: str, role_arn: str) -> None:
        self._ctx, self._execution_id, self._role_arn = ctx, execution_id, role_arn

    def run(
        self, step: Step, arguments: Json, stop: threading.Event, started: Callable[[Json], None]
    ) -> Result:
        """Run a Processing, Training, Lambda or RegisterModel step."""
        if step.function:
            return self._invoke(step.function, arguments, started)
        if step.type == "RegisterModel":
            return self._register(arguments)
        kind = _KINDS[step.type]
        name = job_name(self._execution_id, step.name)
        created = self._call(
            f"Create{kind.name}", {"RoleArn": self._role_arn, **arguments, f"{kind.name}Name": name}
        )
        metadata = {kind.name: {"Arn": created[f"{kind.name}Arn"]}}
        started(metadata)
        self._wait(kind, name, stop)
        described = self._call(f"Describe{kind.name}", {f"{kind.name}Name": name})
        status = described[kind.status]
        if status == "Completed":
            return Result(described, metadata)
        reason = str(described.get("FailureReason", f"the job is {status}"))
        if status == "Stopped" and stop.is_set():
            raise StepStopped(reason)
        raise StepFailed(reason)

    def _wait(self, kind: lifecycle.Kind, name: str, stop: threading.Event) -> None:
        run = lifecycle.find_run(self._ctx, kind, name)
        stopped = False
        while run is not None and not run.done.wait(0.1):
            if stop.is_set() and not stopped:
                stopped = True
                run.stop.set()

    def _invoke(
        self, function: functions.Function, arguments: Json, started: Callable[[Json], None]
    ) -> Result:
        """Invoke the function as the pipeline's role. It cannot be stopped: a stop waits for its answer."""
        started({"Lambda": {"Arn": function.arn}})
        client = self._ctx.patient_client("lambda", self._role_arn, seconds=functions.LONGEST_SECONDS)
        outputs = functions.invoke(client, function, arguments)
        return Result({"OutputParameters": outputs}, functions.metadata(function, outputs))

    def _register(self, arguments: Json) -> Result:
        created = self._call("CreateModelPackage", arguments)
        arn = created["ModelPackageArn"]
        described = self._call("DescribeModelPackage", {"ModelPackageName": arn})
        return Result(described, {"RegisterModel": {"Arn": arn}})

    def _call(self, operation: str, params: Json) -> dict[str, Any]:
        try:
            return operations.call(self._ctx, operation, params)
        except ServiceError as error:
            raise StepFailed(
                f"ClientError: {error.code} when calling {operation}: {error.message}"
            ) from error


def job_name(execution_id: str, step: str) -> str:
    """``pipelines-<execution>-<step>-<suffix>``, cut to the length a job name may have."""
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(_SUFFIX))
    lead = f"pipelines-{execution_id}-"
    clean = re.sub(r"[^A-Za-z0-9]+", "-", step).strip("-")[: _LONGEST_NAME - len(lead) - len(suffix) - 1]
    return f"{lead}{clean.strip('-')}-{suffix}"
