"""Processing, Training, Transform and Tuning steps against a SageMaker that only answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from local_cloud.sagemaker.pipelines import job_steps
from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.definition import parse
from local_cloud.sagemaker.pipelines.errors import StepFailed, StepStopped
from local_cloud.sagemaker.pipelines.runner import CloudRunner
from local_cloud.sagemaker.pipelines.work import Result, Work

from .conftest import PipelineContext, refusal
from .documents import document, step

ARN = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/abcdefghijkl"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
KINDS = {
    "Processing": ("ProcessingJob", "ProcessingJob"),
    "Training": ("TrainingJob", "TrainingJob"),
    "Transform": ("TransformJob", "TransformJob"),
    "Tuning": ("HyperParameterTuningJob", "TuningJob"),
}
Json = dict[str, Any]


class Jobs:
    """Answers Create, Describe and Stop of every kind; a job ends as `ends` says, in that order."""

    def __init__(self, ctx: PipelineContext) -> None:
        self.ctx = ctx
        self.ends: list[Json] = [{"Status": "InProgress"}, {"Status": "Completed"}]
        for kind, _ in KINDS.values():
            ctx.answers[f"Create{kind}"] = lambda _, kind=kind: {f"{kind}Arn": f"arn:{kind}"}
            ctx.answers[f"Describe{kind}"] = lambda _, kind=kind: self._describe(kind)
            ctx.answers[f"Stop{kind}"] = lambda _: self.stop()

    def _describe(self, kind: str) -> Json:
        found = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        members = {key: value for key, value in found.items() if key != "Status"}
        return {f"{kind}Status": found["Status"], **members, "ResponseMetadata": {}}

    def stop(self) -> Json:
        self.ends = [{"Status": "Stopped"}]
        return {}


@pytest.fixture
def jobs(ctx: PipelineContext) -> Jobs:
    return Jobs(ctx)


def run(
    ctx: PipelineContext, type_: str, arguments: Json, stop: threading.Event | None = None
) -> tuple[Result, list[Json]]:
    told: list[Json] = []
    one = parse(document(step("Do_it", type_, arguments))).steps["Do_it"]
    runner = CloudRunner(ctx, ARN, RoleClients(ctx, ROLE))
    work = Work(
        one,
        "Do_it",
        arguments,
        runner.job_name(one, "Do_it"),
        stop or threading.Event(),
        told.append,
        lambda _: {},
    )
    return runner.run(work), told


@pytest.mark.parametrize("type_", ["Processing", "Training", "Transform"])
def test_a_job_is_created_waited_for_and_described(ctx: PipelineContext, jobs: Jobs, type_: str) -> None:
    kind, shown = KINDS[type_]
    result, told = run(ctx, type_, {"Tags": [{"Key": "team", "Value": "x"}]})
    assert [name for name, _ in ctx.calls] == [f"Create{kind}", f"Describe{kind}", f"Describe{kind}"]
    created, described = ctx.calls[0][1], ctx.calls[1][1]
    assert created[f"{kind}Name"] == described[f"{kind}Name"]
    assert created[f"{kind}Name"].startswith("pipelines-abcdefghijkl-Do-it-")
    assert created.get("RoleArn") == (None if type_ == "Transform" else ROLE)
    tags = {tag["Key"]: tag["Value"] for tag in created["Tags"]}
    assert tags == {
        "team": "x",
        "sagemaker:pipeline-execution-arn": ARN,
        "sagemaker:pipeline-step-name": "Do_it",
    }
    assert result.properties == {f"{kind}Status": "Completed"}
    assert told == [{shown: {"Arn": f"arn:{kind}"}}]
    assert result.metadata == told[0]
    assert set(ctx.roles) == {("sagemaker", ROLE)}
    assert len(ctx.roles) == 1  # one session for all calls of an execution


def test_a_job_runs_as_the_role_it_names(ctx: PipelineContext, jobs: Jobs) -> None:
    run(ctx, "Training", {"RoleArn": "arn:aws:iam::123456789012:role/job"})
    assert ctx.calls[0][1]["RoleArn"] == "arn:aws:iam::123456789012:role/job"


def test_a_name_in_the_arguments_is_the_prefix_of_the_job_names(ctx: PipelineContext, jobs: Jobs) -> None:
    run(ctx, "Training", {"TrainingJobName": "nightly"})
    assert ctx.calls[0][1]["TrainingJobName"].startswith("nightly-abcdefghijkl-")


@pytest.mark.parametrize(("type_", "order"), [("Maximize", "Descending"), ("Minimize", "Ascending")])
def test_a_tuning_step_knows_its_best_training_jobs(
    ctx: PipelineContext, jobs: Jobs, type_: str, order: str
) -> None:
    objective = {"HyperParameterTuningJobObjective": {"Type": type_, "MetricName": "m"}}
    jobs.ends = [{"Status": "Completed", "HyperParameterTuningJobConfig": objective}]
    asked: list[Json] = []

    def best(params: Json) -> Json:
        asked.append(params)
        return {"TrainingJobSummaries": [{"TrainingJobName": "b"}, {"TrainingJobName": "a"}]}

    ctx.answers["ListTrainingJobsForHyperParameterTuningJob"] = best
    result, told = run(ctx, "Tuning", {})
    assert told == [{"TuningJob": {"Arn": "arn:HyperParameterTuningJob"}}]
    assert [one["TrainingJobName"] for one in result.properties["TrainingJobSummaries"]] == ["b", "a"]
    assert (asked[0]["SortBy"], asked[0]["SortOrder"]) == ("FinalObjectiveMetricValue", order)


@pytest.mark.parametrize(
    ("type_", "reason", "fault"),
    [
        ("Training", "AlgorithmError: exit code 1", ""),
        ("Training", "InternalServerError: try again", "SageMaker.JOB_INTERNAL_ERROR"),
        ("Tuning", "InternalServerError: try again", ""),
        ("Processing", "CapacityError: none left", "SageMaker.CAPACITY_ERROR"),
        ("Transform", "ResourceLimitExceeded: 0", "SageMaker.RESOURCE_LIMIT"),
    ],
)
def test_why_a_job_failed_is_the_reason_and_says_what_may_be_retried(
    ctx: PipelineContext, jobs: Jobs, type_: str, reason: str, fault: str
) -> None:
    jobs.ends = [{"Status": "Failed", "FailureReason": reason}]
    with pytest.raises(StepFailed) as caught:
        run(ctx, type_, {})
    assert (str(caught.value), caught.value.fault) == (reason, fault)
    assert (caught.value.properties or {})["FailureReason"] == reason


def test_a_job_that_ran_too_long_has_failed_and_one_that_was_stopped_has_not(
    ctx: PipelineContext, jobs: Jobs
) -> None:
    jobs.ends = [{"Status": "Stopped", "FailureReason": "MaxRuntimeExceeded: too long"}]
    with pytest.raises(StepFailed, match="MaxRuntimeExceeded"):
        run(ctx, "Training", {})
    jobs.ends = [{"Status": "Stopped"}]
    with pytest.raises(StepStopped, match="was stopped"):
        run(ctx, "Training", {})


@pytest.mark.parametrize("type_", KINDS)
def test_a_stop_stops_the_job(ctx: PipelineContext, jobs: Jobs, type_: str) -> None:
    jobs.ends, stop = [{"Status": "InProgress"}], threading.Event()
    stop.set()
    with pytest.raises(StepStopped):
        run(ctx, type_, {}, stop)
    assert [name for name, _ in ctx.calls].count(f"Stop{KINDS[type_][0]}") == 1


def test_a_stop_that_comes_after_the_end_changes_nothing(ctx: PipelineContext, jobs: Jobs) -> None:
    def late(params: Json) -> Json:
        raise refusal("ValidationException", "the training job is in status Completed.", "StopTrainingJob")

    ctx.answers["StopTrainingJob"], jobs.ends = late, [{"Status": "Completed"}]
    stop = threading.Event()
    stop.set()
    assert run(ctx, "Training", {}, stop)[0].properties["TrainingJobStatus"] == "Completed"


def test_a_stop_that_is_refused_fails_the_step(ctx: PipelineContext, jobs: Jobs) -> None:
    def refuse(params: Json) -> Json:
        raise refusal("AccessDeniedException", "not authorized to perform: sagemaker:StopTrainingJob")

    ctx.answers["StopTrainingJob"], jobs.ends = refuse, [{"Status": "InProgress"}]
    stop = threading.Event()
    stop.set()
    with pytest.raises(StepFailed, match="sagemaker:StopTrainingJob"):
        run(ctx, "Training", {}, stop)


@pytest.mark.parametrize(
    ("code", "status", "fault"),
    [
        ("AccessDeniedException", 400, ""),
        ("ThrottlingException", 400, "Step.THROTTLING"),
        ("InternalFailure", 500, "Step.SERVICE_FAULT"),
        ("ResourceLimitExceeded", 400, "SageMaker.RESOURCE_LIMIT"),
    ],
)
def test_a_call_that_is_refused_fails_the_step_and_names_the_action(
    ctx: PipelineContext, code: str, status: int, fault: str
) -> None:
    def refuse(params: Json) -> Json:
        message = "role/pipeline is not authorized to perform: sagemaker:CreateTrainingJob"
        raise refusal(code, message, "CreateTrainingJob", status=status)

    ctx.answers["CreateTrainingJob"] = refuse
    with pytest.raises(StepFailed) as caught:
        run(ctx, "Training", {})
    assert str(caught.value).startswith(f"ClientError: {code} when calling CreateTrainingJob: ")
    assert "sagemaker:CreateTrainingJob" in str(caught.value)
    assert caught.value.fault == fault


def test_a_role_that_cannot_be_assumed_fails_the_step(
    ctx: PipelineContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def client(service: str, role_arn: str | None = None) -> Any:
        raise refusal("AccessDenied", "not authorized to perform: sts:AssumeRole", "AssumeRole")

    monkeypatch.setattr(ctx, "client", client)
    with pytest.raises(StepFailed, match=f"AccessDenied when assuming {ROLE}: .*sts:AssumeRole"):
        run(ctx, "Processing", {})


def test_sessions_are_made_anew_before_they_expire(
    ctx: PipelineContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from local_cloud.sagemaker.pipelines import clients

    now = [0.0]
    monkeypatch.setattr(clients.time, "monotonic", lambda: now[0])
    made = RoleClients(ctx, ROLE)
    for hours in (0, 10, 12, 13):
        now[0] = hours * 3600.0
        made.get("sagemaker")
    assert ctx.roles == [("sagemaker", ROLE)] * 2


def test_every_job_step_type_is_covered() -> None:
    assert set(KINDS) == set(job_steps.JOBS)
