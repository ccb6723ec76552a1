"""Tuning jobs: what they start, count and choose, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import early_stopping, lifecycle, training_host

from ..conftest import AccountContext
from .requests import ROLE, Json, run_job, running, wait_for

READ = """
x=$(sed -n 's/.*"x": "\\([^"]*\\)".*/\\1/p' $SAGEMAKER_BASE_DIR/input/config/hyperparameters.json)
"""
SQUARE = """
if [ "$x" = 3 ]; then echo "no value for 3" > $SAGEMAKER_BASE_DIR/output/failure; exit 1; fi
echo "loss=$((x * x))"
"""
Trainer = Callable[[str], None]


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """Says what training jobs without an entry point of their own run."""

    def install(script: str) -> None:
        command = tmp_path / "bin" / "train"
        command.parent.mkdir(exist_ok=True)
        command.write_text(f"#!/bin/bash\n{script}")
        command.chmod(0o755)

    monkeypatch.setattr(training_host, "venv_bin", lambda: tmp_path / "bin")
    install(READ + SQUARE)
    return install


def definition(**changes: Any) -> Json:
    return {
        "StaticHyperParameters": {"epochs": "2"},
        "AlgorithmSpecification": {
            "TrainingImage": "i",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://b/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def tuning_request(values: list[str], *, parallel: int = 2, most: int | None = None, **config: Any) -> Json:
    limits = {"MaxParallelTrainingJobs": parallel}
    return {
        "HyperParameterTuningJobName": "tune",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {**limits, "MaxNumberOfTrainingJobs": most} if most else limits,
            "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "x", "Values": values}]},
            **config,
        },
        "TrainingJobDefinition": definition(),
        "Tags": [{"Key": "team", "Value": "reviews"}],
    }


def children(ctx: AccountContext, **params: Any) -> list[Json]:
    listed = operations.call(
        ctx, "ListTrainingJobsForHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune", **params}
    )
    found: list[Json] = listed["TrainingJobSummaries"]
    return found


def test_a_grid_finds_the_best_and_counts_the_failed(ctx: AccountContext, trainer: Trainer) -> None:
    job = run_job(ctx, lifecycle.TUNING, tuning_request(["4", "2", "3"]))
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "2"}
    best = job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]
    assert best == {"MetricName": "loss", "Value": 4.0}
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 2,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 1,
        "Stopped": 0,
    }
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 1}
    ranked = children(ctx, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    assert [one["TunedHyperParameters"]["x"] for one in ranked] == ["4", "2"]
    assert [one["TunedHyperParameters"]["x"] for one in children(ctx)] == ["4", "2", "3"]
    (failed,) = children(ctx, StatusEquals="Failed")
    assert (failed["ObjectiveStatus"], failed["TuningJobName"]) == ("Failed", "tune")
    assert failed["FailureReason"] == "AlgorithmError: no value for 3, exit code: 1"


def test_children_are_training_jobs_with_their_values_and_tags(ctx: AccountContext, trainer: Trainer) -> None:
    tuning = run_job(ctx, lifecycle.TUNING, tuning_request(["5"]))
    (listed,) = operations.call(ctx, "ListTrainingJobs", {})["TrainingJobSummaries"]
    assert listed["TrainingJobName"].startswith("tune-001-")
    job = operations.call(ctx, "DescribeTrainingJob", {"TrainingJobName": listed["TrainingJobName"]})
    assert job["TuningJobArn"] == tuning["HyperParameterTuningJobArn"]
    assert job["HyperParameters"] == {"epochs": "2", "x": "5", "_tuning_objective_metric": "loss"}
    tags = operations.call(ctx, "ListTags", {"ResourceArn": job["TrainingJobArn"]})["Tags"]
    assert tags == [{"Key": "team", "Value": "reviews"}]


def test_never_more_at_a_time_than_allowed(ctx: AccountContext, trainer: Trainer, tmp_path: Path) -> None:
    trainer(
        f"cd {tmp_path}; mkdir -p now; touch now/$$; ls now | wc -l >> most; sleep 0.15; rm now/$$;"
        " echo loss=1; echo loss=0.5"
    )
    run_job(ctx, lifecycle.TUNING, tuning_request(["1", "2", "3", "4"], parallel=2))
    seen = [int(line) for line in (tmp_path / "most").read_text().split()]
    assert (len(seen), max(seen)) == (4, 2)


def test_all_failed_is_a_failure(ctx: AccountContext, trainer: Trainer) -> None:
    job = run_job(ctx, lifecycle.TUNING, tuning_request(["3"]))
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("All training jobs failed. For additional details")


def test_five_failures_and_no_success_end_it(ctx: AccountContext, trainer: Trainer) -> None:
    trainer("exit 1")
    job = run_job(ctx, lifecycle.TUNING, tuning_request(list("123456789"), parallel=1))
    assert job["FailureReason"].startswith("No training job succeeded after 5 attempts.")
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 5


def test_a_stop_stops_the_children(ctx: AccountContext, trainer: Trainer, tmp_path: Path) -> None:
    trainer(f"touch {tmp_path}/started; sleep 600")
    run = running(ctx, lifecycle.TUNING, tuning_request(["1", "2", "3"], parallel=1))
    wait_for(run, (tmp_path / "started").exists)
    described = operations.call(
        ctx, "DescribeHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune"}
    )
    assert described["TrainingJobStatusCounters"]["InProgress"] == 1
    assert described["ObjectiveStatusCounters"]["Pending"] == 1
    operations.call(ctx, "StopHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune"})
    assert run.done.wait(30)
    described = operations.call(
        ctx, "DescribeHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune"}
    )
    assert described["HyperParameterTuningJobStatus"] == "Stopped"
    assert [one["TrainingJobStatus"] for one in children(ctx)] == ["Stopped"]


def test_a_training_job_that_was_deleted_still_counts(
    ctx: AccountContext, trainer: Trainer, tmp_path: Path
) -> None:
    trainer(f"{READ} echo loss=$x; while [ $x = 2 -a ! -e {tmp_path}/go ]; do sleep 0.02; done")
    run = running(ctx, lifecycle.TUNING, tuning_request(["1", "2"], parallel=1))
    wait_for(run, lambda: len(children(ctx)) == 2)
    operations.call(ctx, "DeleteTrainingJob", {"TrainingJobName": children(ctx)[0]["TrainingJobName"]})
    (tmp_path / "go").touch()
    assert run.done.wait(30)
    job = operations.call(ctx, "DescribeHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune"})
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "1"}
    assert job["TrainingJobStatusCounters"]["Completed"] == 2


@pytest.mark.parametrize(
    ("criteria", "jobs"),
    [
        ({"TargetObjectiveMetricValue": 4.0}, 2),
        ({"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}, 4),
    ],
)
def test_a_criterion_completes_it_early(
    ctx: AccountContext, trainer: Trainer, criteria: Json, jobs: int
) -> None:
    values = ["9", "2", "5", "6"] if jobs == 2 else ["1", "2", "4", "5", "6"]
    job = run_job(
        ctx, lifecycle.TUNING, tuning_request(values, parallel=1, TuningJobCompletionCriteria=criteria)
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["Completed"] == jobs


def test_definitions_take_turns(ctx: AccountContext, trainer: Trainer) -> None:
    request = tuning_request([], parallel=1, most=3, Strategy="Random", RandomSeed=1)
    del request["TrainingJobDefinition"], request["HyperParameterTuningJobConfig"]["ParameterRanges"]
    del request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    request["TrainingJobDefinitions"] = [
        definition(
            DefinitionName=name,
            TuningObjective={"Type": "Minimize", "MetricName": "loss"},
            HyperParameterRanges={
                "IntegerParameterRanges": [{"Name": "x", "MinValue": low, "MaxValue": high}]
            },
        )
        for name, low, high in (("small", "1", "2"), ("large", "10", "20"))
    ]
    job = run_job(ctx, lifecycle.TUNING, request)
    assert job["BestTrainingJob"]["TrainingJobDefinitionName"] == "small"
    assert [one["TrainingJobDefinitionName"] for one in children(ctx)] == ["small", "large", "small"]
    assert job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Type"] == "Minimize"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {
                "WarmStartConfig": {
                    "WarmStartType": "TransferLearning",
                    "ParentHyperParameterTuningJobs": [{}],
                }
            },
            "Warm",
        ),
        ({"Autotune": {"Mode": "Enabled"}}, "Autotune"),
        ({"Strategy": "Hyperband"}, "Strategy Hyperband"),
        ({"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "f1"}}, "'f1' is not among"),
        ({"ResourceLimits": {"MaxParallelTrainingJobs": 1, "MaxNumberOfTrainingJobs": 5}}, "combinations"),
        ({"Strategy": "Random"}, "MaxNumberOfTrainingJobs"),
        (
            {
                "ParameterRanges": {
                    "IntegerParameterRanges": [{"Name": "x", "MinValue": "1", "MaxValue": "2"}]
                }
            },
            "only supports categorical",
        ),
    ],
)
def test_what_cannot_run_is_refused_by_name(
    ctx: AccountContext, trainer: Trainer, changes: Json, named: str
) -> None:
    request = tuning_request(["1"])
    top = {key: value for key, value in changes.items() if key in ("WarmStartConfig", "Autotune")}
    inner = {key: value for key, value in changes.items() if key not in top}
    request.update(top)
    request["HyperParameterTuningJobConfig"].update(inner)
    with pytest.raises(ServiceError, match=named):
        operations.call(ctx, "CreateHyperParameterTuningJob", request)
    assert ctx.store.list("HyperParameterTuningJob") == []


def test_an_ended_tuning_job_can_be_deleted(ctx: AccountContext, trainer: Trainer) -> None:
    run_job(ctx, lifecycle.TUNING, tuning_request(["1"]))
    operations.call(ctx, "DeleteHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune"})
    assert operations.call(ctx, "ListHyperParameterTuningJobs", {})["HyperParameterTuningJobSummaries"] == []
    assert json.dumps(operations.call(ctx, "ListTrainingJobs", {}), default=str).count("tune-001-") == 2


def test_hopeless_training_jobs_are_stopped_early(ctx: AccountContext, trainer: Trainer) -> None:
    trainer(f"{READ} echo loss=$x; echo loss=$x; if [ $x -gt 4 ]; then sleep 600; fi")
    request = tuning_request(["4", "9", "3"], parallel=1, TrainingJobEarlyStoppingType="Auto")
    job = run_job(ctx, lifecycle.TUNING, request)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    ended = {one["TunedHyperParameters"]["x"]: one["TrainingJobStatus"] for one in children(ctx)}
    assert ended == {"4": "Completed", "9": "Stopped", "3": "Completed"}
    assert job["TrainingJobStatusCounters"]["Stopped"] == 1
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "3"}


@pytest.mark.parametrize(
    ("mine", "ended", "expected"),
    [
        ([], [[1.0]], False),
        ([2.0], [], False),
        ([2.0], [[1.0, 0.5]], True),
        ([0.9], [[1.0, 0.5]], False),
        ([5.0, 0.7], [[1.0, 0.5], [0.9, 0.3]], True),  # averages 0.75 and 0.6: their median is 0.675
        ([5.0, 0.67], [[1.0, 0.5], [0.9, 0.3]], False),
    ],
)
def test_hopeless_is_worse_than_the_median_of_running_averages(
    mine: list[float], ended: list[list[float]], expected: bool
) -> None:
    assert early_stopping.hopeless(mine, ended) is expected


def test_training_jobs_keep_their_checkpoints_apart(ctx: AccountContext, trainer: Trainer) -> None:
    trainer("mkdir -p $SAGEMAKER_BASE_DIR/checkpoints; touch $SAGEMAKER_BASE_DIR/checkpoints/$$; echo loss=1")
    request = tuning_request(["1", "2"])
    request["TrainingJobDefinition"]["CheckpointConfig"] = {"S3Uri": "s3://b/points/"}
    run_job(ctx, lifecycle.TUNING, request)
    folders = {key.split("/")[1] for _, key in ctx.stub.objects if key.startswith("points/")}
    assert folders == {one["TrainingJobName"] for one in children(ctx)}
