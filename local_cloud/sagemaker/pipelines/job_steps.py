"""Processing, Training, Transform and Tuning steps: a job is created, waited for and described."""

from __future__ import annotations

import re
import secrets
import string
import threading
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.jobs import lifecycle
from local_cloud.sagemaker.pipelines import faults, retries
from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.errors import StepFailed, StepStopped
from local_cloud.sagemaker.pipelines.work import Json, Result, Work

_LETTERS = string.ascii_letters + string.digits
_SUFFIX = 10
_OUT_OF_TIME = ("MaxRuntimeExceeded", "MaxWaitTimeExceeded")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0
_MOST_SUMMARIES = 50


@dataclass(frozen=True)
class Job:
    """What differs between jobs: kind, metadata key, the longest name, whether it takes a role itself."""

    kind: str
    metadata: str
    longest_name: int = 63
    has_role: bool = True

    @property
    def name(self) -> str:
        """The member that holds the name."""
        return f"{self.kind}Name"


JOBS = {
    "Processing": Job("ProcessingJob", "ProcessingJob"),
    "Training": Job("TrainingJob", "TrainingJob"),
    "Transform": Job("TransformJob", "TransformJob", has_role=False),
    "Tuning": Job("HyperParameterTuningJob", "TuningJob", longest_name=32, has_role=False),
}


def run(ctx: Context, clients: RoleClients, execution_arn: str, work: Work) -> Result:
    """Run the job of a step to its end.

    Raises
    ------
    StepFailed, StepStopped
        As it ends.
    """
    job = JOBS[work.step.type]
    params = {**work.arguments, job.name: work.job_name, "Tags": _tags(work, execution_arn)}
    if job.has_role:
        params.setdefault("RoleArn", clients.role_arn)
    created = clients.call(f"Create{job.kind}", params)
    metadata = {job.metadata: {"Arn": created[f"{job.kind}Arn"]}}
    work.started(metadata)
    described = _wait(ctx, clients, job, work)
    status, reason = described[f"{job.kind}Status"], str(described.get("FailureReason", ""))
    if status == "Completed":
        return Result({**described, **_summaries(clients, job, work.job_name, described)}, metadata)
    ended = _bad_end(work, status, reason)
    ended.properties = described
    raise ended


def _bad_end(work: Work, status: str, reason: str) -> StepFailed | StepStopped:
    if status == "Stopped" and not reason.startswith(_OUT_OF_TIME):
        return StepStopped(reason or f"{work.job_name} was stopped")
    failed = faults.of_job(reason or f"the job is {status}")
    if work.step.type == "Tuning" and failed.fault == retries.INTERNAL_ERROR:
        return StepFailed(str(failed))  # it has retried by itself
    return failed


def job_name(execution_id: str, step: str, type_: str = "", prefix: str = "") -> str:
    """The name of a step's job, new at every call, as long as it may be.

    ``pipelines-<execution>-<step>-<suffix>``; ``<prefix>-<execution>-<suffix>`` when the definition asks for
    a prefix; tuning jobs have room for ``<execution>-<step>-<suffix>`` only.
    """
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(_SUFFIX))
    longest = JOBS[type_].longest_name if type_ in JOBS else 63
    if prefix:
        room = longest - len(execution_id) - len(suffix) - 2
        return f"{_clean(prefix, room)}-{execution_id}-{suffix}"
    lead = f"{execution_id}-" if type_ == "Tuning" else f"pipelines-{execution_id}-"
    return f"{lead}{_clean(step, longest - len(lead) - len(suffix) - 1)}-{suffix}"


def _clean(name: str, room: int) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[: max(room, 1)].strip("-")


def _tags(work: Work, execution_arn: str) -> list[Json]:
    own = {"sagemaker:pipeline-execution-arn": execution_arn, "sagemaker:pipeline-step-name": work.name}
    given = [tag for tag in work.arguments.get("Tags", []) if tag["Key"] not in own]
    return [*given, *({"Key": key, "Value": value} for key, value in own.items())]


def _wait(ctx: Context, clients: RoleClients, job: Job, work: Work) -> Json:
    """The description of the job once it has ended: by notice of the job runner where it gives one."""
    done, asked, pause = _notice(ctx, job, work.job_name), False, _FIRST_PAUSE
    while True:
        if done is None:
            threading.Event().wait(pause)
        else:
            done.wait(0.1)
        if work.stop.is_set() and not asked:
            asked = True
            _stop(clients, job, work.job_name)
        if done is None or done.is_set():
            described = clients.call(f"Describe{job.kind}", {job.name: work.job_name})
            if described[f"{job.kind}Status"] in lifecycle.TERMINAL:
                return described
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _notice(ctx: Context, job: Job, name: str) -> threading.Event | None:
    kind = next((one for one in lifecycle.KINDS if one.name == job.kind), None)
    found = lifecycle.find_run(ctx, kind, name) if kind else None
    return found.done if found else None


def _stop(clients: RoleClients, job: Job, name: str) -> None:
    try:
        clients.call(f"Stop{job.kind}", {job.name: name})
    except StepFailed:
        described = clients.call(f"Describe{job.kind}", {job.name: name})
        if described[f"{job.kind}Status"] not in lifecycle.TERMINAL:  # else it has ended meanwhile
            raise


def _summaries(clients: RoleClients, job: Job, name: str, described: Json) -> dict[str, Any]:
    """What a Tuning step has besides: its best training jobs, the best first."""
    if job.kind != "HyperParameterTuningJob":
        return {}
    definitions = [described.get("TrainingJobDefinition"), *described.get("TrainingJobDefinitions", [])]
    objective = described.get("HyperParameterTuningJobConfig", {}).get("HyperParameterTuningJobObjective")
    first = next((one["TuningObjective"] for one in definitions if one and "TuningObjective" in one), None)
    order = "Ascending" if (objective or first or {}).get("Type") == "Minimize" else "Descending"
    params = {job.name: name, "SortBy": "FinalObjectiveMetricValue", "SortOrder": order}
    listed = clients.call(
        "ListTrainingJobsForHyperParameterTuningJob", {**params, "MaxResults": _MOST_SUMMARIES}
    )
    return {"TrainingJobSummaries": listed["TrainingJobSummaries"]}
