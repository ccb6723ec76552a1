"""How jobs end, and that a stop and an end never get into each other's way."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local_cloud.sagemaker import operations, resources
from local_cloud.sagemaker.jobs import lifecycle

from ..conftest import AccountContext
from .requests import processing_request, run_job, s3_output


def test_a_time_limit_stops_the_job(ctx: AccountContext) -> None:
    request = processing_request(script="sleep 600", StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = run_job(ctx, lifecycle.PROCESSING, request)
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeInSeconds" in job["FailureReason"]


def test_jobs_of_one_name_in_other_regions_and_of_other_kinds_keep_apart(ctx: AccountContext) -> None:
    other = AccountContext(ctx.account, "eu-west-1", ctx.endpoint_url, ctx.home)
    runs = [
        lifecycle.Run(ctx, lifecycle.PROCESSING, "job", {}),
        lifecycle.Run(ctx, lifecycle.TRAINING, "job", {}),
        lifecycle.Run(other, lifecycle.TRAINING, "job", {}),
    ]
    assert len({run.folder for run in runs}) == 3


def test_a_stop_that_crosses_the_end_does_not_undo_it(
    ctx: AccountContext, events: list[tuple[str, Mapping[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = threading.Event()
    find = lifecycle.find_run

    def find_while_it_ends(*where: Any) -> lifecycle.Run | None:
        found = find(*where)
        finish.set()
        if found is not None:
            found.done.wait(0.3)  # the end has every chance to come between
        return found

    run = lifecycle.start(
        ctx, lifecycle.PROCESSING, "job", processing_request(), lambda run: finish.wait(30) and None
    )
    monkeypatch.setattr(lifecycle, "find_run", find_while_it_ends)
    operations.call(ctx, "StopProcessingJob", {"ProcessingJobName": "job"})
    assert run.done.wait(30)
    job = operations.call(ctx, "DescribeProcessingJob", {"ProcessingJobName": "job"})
    assert job["ProcessingJobStatus"] == "Completed"
    assert [detail["ProcessingJobStatus"] for _, detail in events] == ["InProgress", "Stopping", "Completed"]


def test_temporary_files_have_short_paths_and_go_with_the_job(ctx: AccountContext) -> None:
    name = "n" * 63
    script = "touch $TMPDIR/file; echo $TMPDIR > /opt/ml/processing/out/where; exit 1"
    output = s3_output(mode="Continuous")
    run_job(ctx, lifecycle.PROCESSING, processing_request(name, script, ProcessingOutputConfig=output))
    where = Path(ctx.stub.objects["b", "out/where"].decode().strip())
    assert len(str(where.relative_to(ctx.home))) <= 16
    assert not where.parent.exists()


def test_jobs_of_an_ended_server_are_failed_by_its_successor(
    ctx: AccountContext, events: list[tuple[str, Mapping[str, Any]]]
) -> None:
    counters = {"Completed": 1, "InProgress": 2, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0}
    more: dict[str, dict[str, Any]] = {
        "TrainingJob": {"SecondaryStatus": "Training", "SecondaryStatusTransitions": []},
        "HyperParameterTuningJob": {
            "TrainingJobStatusCounters": counters,
            "ObjectiveStatusCounters": {"Succeeded": 1, "Pending": 2, "Failed": 0},
        },
    }
    for kind in lifecycle.KINDS:
        for name, status in (("ran", "InProgress"), ("ending", "Stopping"), ("over", "Completed")):
            record = {f"{kind.name}Name": name, kind.status: status, **more.get(kind.name, {})}
            resources.create(ctx, kind.name, name, record)
            run = lifecycle.Run(ctx, kind, name, {})
            for folder in (run.folder, run.scratch):
                folder.mkdir(parents=True)
    lifecycle.interrupted(ctx)
    for kind in lifecycle.KINDS:
        for name in ("ran", "ending"):
            record = ctx.store.get(kind.name, name)
            assert record[kind.status] == "Failed"
            assert record["FailureReason"].startswith("InternalServerError: the local cloud was stopped")
            assert kind.ended in record
            run = lifecycle.Run(ctx, kind, name, {})
            assert not run.folder.exists()
            assert not run.scratch.exists()
        assert ctx.store.get(kind.name, "over")[kind.status] == "Completed"
    assert ctx.store.get("TrainingJob", "ran")["SecondaryStatus"] == "Failed"
    tuning = ctx.store.get("HyperParameterTuningJob", "ran")
    assert tuning["TrainingJobStatusCounters"] == {**counters, "InProgress": 0, "NonRetryableError": 2}
    assert tuning["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 2}
    assert len(events) == 2 * len(lifecycle.KINDS)
    lifecycle.interrupted(ctx)
    assert len(events) == 2 * len(lifecycle.KINDS)


def test_a_job_that_runs_is_not_taken_for_an_earlier_one(ctx: AccountContext) -> None:
    finish = threading.Event()
    run = lifecycle.start(
        ctx, lifecycle.PROCESSING, "job", processing_request(), lambda run: finish.wait(30) and None
    )
    lifecycle.interrupted(ctx)
    finish.set()
    assert run.done.wait(30)
    assert ctx.store.get("ProcessingJob", "job")["ProcessingJobStatus"] == "Completed"


def test_a_job_whose_end_cannot_be_announced_has_ended_all_the_same(
    ctx: AccountContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        if resources.get(ctx, "ProcessingJob", "job")["ProcessingJobStatus"] == "Completed":
            raise RuntimeError("the event loop is closed")

    ctx.event_sink, told = closed, threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: told.set())
    run = lifecycle.start(ctx, lifecycle.PROCESSING, "job", processing_request(), lambda run: None)
    assert run.done.wait(30)
    assert told.wait(30)  # the fault is not hushed up
    assert ctx.store.get("ProcessingJob", "job")["ProcessingJobStatus"] == "Completed"
