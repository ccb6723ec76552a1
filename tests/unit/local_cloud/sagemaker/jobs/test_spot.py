"""Spot training: checkpoints that go up while the job runs, interruptions, and what they cost; retries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_cloud.clock import Clock
from local_cloud.sagemaker import operations
from local_cloud.sagemaker.jobs import lifecycle, supervise, training

from ..conftest import AccountContext
from .requests import Json, run_job, running, training_request, wait_for

# Counts on from its checkpoint; the first time it waits to be interrupted, and notes that it was.
COUNT = """
cd /opt/ml/checkpoints
trap 'echo asked > asked; exit 0' TERM
n=$(($(cat count 2>/dev/null || echo 0) + 1))
echo $n > count.tmp; mv count.tmp count
if [ $n -lt 2 ]; then sleep 600 & wait; fi
echo $n > /opt/ml/model/count
"""


def _spot_request(script: str = COUNT, **more: Any) -> Json:
    return training_request(
        entrypoint=["/bin/bash", "-ec", script],
        EnableManagedSpotTraining=True,
        CheckpointConfig={"S3Uri": "s3://b/points"},
        StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
        **more,
    )


def _interrupt(ctx: AccountContext, body: bytes = b"", name: str = "train") -> tuple[int, Json]:
    path = f"/_local_cloud/jobs/{name}/interrupt"
    found = operations.find_route("POST", path)
    assert found is not None
    serve, groups = found
    answer = serve(ctx, operations.Request("POST", path, {}, body, {}, groups))
    return answer.status, json.loads(answer.body)


def _statuses(job: Json) -> list[str]:
    return [one["Status"] for one in job["SecondaryStatusTransitions"]]


def _describe(ctx: AccountContext) -> Json:
    return operations.call(ctx, "DescribeTrainingJob", {"TrainingJobName": "train"})


def test_an_interrupted_job_goes_on_from_its_checkpoint(ctx: AccountContext) -> None:
    run = running(ctx, lifecycle.TRAINING, _spot_request())
    wait_for(run, lambda: ctx.stub.objects.get(("b", "points/count")) == b"1\n")  # while it runs
    assert _interrupt(ctx)[0] == 202
    assert run.done.wait(30)
    job = _describe(ctx)
    assert job["TrainingJobStatus"] == "Completed", job
    assert _statuses(job) == [
        "Starting",
        "Downloading",
        "Training",
        "Interrupted",
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert ctx.stub.objects["b", "points/count"] == b"2\n"
    assert ctx.stub.objects["b", "points/asked"] == b"asked\n"
    assert all("EndTime" in one for one in job["SecondaryStatusTransitions"])


def test_spot_capacity_is_cheaper(ctx: AccountContext) -> None:
    job = run_job(ctx, lifecycle.TRAINING, _spot_request("sleep 1.05"))
    assert 1 <= job["BillableTimeInSeconds"] < job["TrainingTimeInSeconds"]


def test_waiting_for_capacity_ends_with_max_wait_time(ctx: AccountContext) -> None:
    request = _spot_request()
    request["StoppingCondition"]["MaxWaitTimeInSeconds"] = 1
    run = lifecycle.start(ctx, lifecycle.TRAINING, "train", request, training.work)
    run.interrupt(capacity_after=3600)
    assert run.done.wait(30)
    job = _describe(ctx)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


def test_the_longest_wait_passes_sooner_on_a_faster_clock(ctx: AccountContext) -> None:
    ctx.clock = Clock(10_000)
    run = running(ctx, lifecycle.TRAINING, _spot_request())
    run.interrupt(capacity_after=1_000_000)  # 100 s of real time, where 120 s of the clock may be waited
    assert run.done.wait(30)
    assert _describe(ctx)["SecondaryStatus"] == "MaxWaitTimeExceeded"


def test_capacity_comes_back_sooner_on_a_faster_clock(ctx: AccountContext) -> None:
    ctx.clock = Clock(10_000)
    run = running(ctx, lifecycle.TRAINING, _spot_request())
    wait_for(run, lambda: ("b", "points/count") in ctx.stub.objects)
    _interrupt(ctx, b'{"CapacityAfterSeconds": 100}')
    assert run.done.wait(30)
    assert _describe(ctx)["TrainingJobStatus"] == "Completed"


def test_a_job_can_be_stopped_while_it_waits_for_capacity(ctx: AccountContext) -> None:
    run = running(ctx, lifecycle.TRAINING, _spot_request())
    wait_for(run, lambda: ("b", "points/count") in ctx.stub.objects)
    assert _interrupt(ctx, b'{"CapacityAfterSeconds": 3600}') == (
        202,
        {"TrainingJobName": "train", "CapacityAfterSeconds": 3600},
    )
    wait_for(run, lambda: _describe(ctx)["SecondaryStatus"] == "Interrupted")
    operations.call(ctx, "StopTrainingJob", {"TrainingJobName": "train"})
    assert run.done.wait(30)
    assert _describe(ctx)["SecondaryStatus"] == "Stopped"


def test_only_spot_jobs_that_run_can_be_interrupted(ctx: AccountContext) -> None:
    assert _interrupt(ctx)[0] == 404
    run = running(ctx, lifecycle.TRAINING, training_request(entrypoint=["/bin/sleep", "600"]))
    assert _interrupt(ctx)[0] == 409
    operations.call(ctx, "StopTrainingJob", {"TrainingJobName": "train"})
    assert run.done.wait(30)
    spot = running(ctx, lifecycle.TRAINING, {**_spot_request("sleep 600"), "TrainingJobName": "spot"})
    assert _interrupt(ctx, b"[]", "spot")[0] == 400
    operations.call(ctx, "StopTrainingJob", {"TrainingJobName": "spot"})
    assert spot.done.wait(30)


@pytest.mark.parametrize(("retries", "status"), [(1, "Completed"), (0, "Failed")])
def test_a_fault_of_the_cloud_is_retried(
    ctx: AccountContext, monkeypatch: pytest.MonkeyPatch, retries: int, status: str
) -> None:
    real, faults = supervise.run, [RuntimeError("disk gone")]

    def run(*given: Any, **named: Any) -> Any:
        if faults:
            raise faults.pop()
        return real(*given, **named)

    monkeypatch.setattr(supervise, "run", run)
    retry = {"RetryStrategy": {"MaximumRetryAttempts": retries}} if retries else {}
    job = run_job(ctx, lifecycle.TRAINING, training_request(entrypoint=["/bin/true"], **retry))
    assert job["TrainingJobStatus"] == status
    assert _statuses(job).count("Starting") == 1 + retries
    assert job.get("FailureReason", "").startswith("InternalServerError") is (status == "Failed")


def test_a_fault_of_the_script_is_not(ctx: AccountContext) -> None:
    retry = {"MaximumRetryAttempts": 3}
    job = run_job(ctx, lifecycle.TRAINING, training_request(entrypoint=["/bin/false"], RetryStrategy=retry))
    assert job["TrainingJobStatus"] == "Failed"
    assert _statuses(job) == ["Starting", "Downloading", "Training", "Failed"]
