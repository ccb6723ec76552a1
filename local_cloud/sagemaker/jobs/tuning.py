"""Runs a tuning job: training jobs for the values a strategy proposes, as many at a time as it may have."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from contextlib import suppress
from typing import Any

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import early_stopping, lifecycle, training, tuning_plan
from local_cloud.sagemaker.jobs.errors import JobFailed, JobStopped, JobTimedOut
from local_cloud.sagemaker.jobs.lifecycle import Run
from local_cloud.sagemaker.jobs.ranges import Candidate
from local_cloud.sagemaker.jobs.tuning_plan import Definition, Limits
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

_POLL_SECONDS = 0.05
_HOPELESS = 5
_LOOK = (
    "For additional details, please take a look at the training job failures by listing training jobs for "
    "the hyperparameter tuning job."
)


class Trial:
    """One training job of a tuning job."""

    def __init__(self, run: Run, definition: Definition, tuned: Candidate) -> None:
        self.run, self.definition, self.tuned = run, definition, tuned
        self._last: Record = {}

    def record(self) -> Record:
        """The training job as it is now or, when somebody has deleted it since, as it was."""
        self._last = self.run.ctx.store.find(lifecycle.TRAINING.name, self.run.name) or self._last
        return self._last

    def losses(self) -> list[float]:
        """The objective as often as the job has printed it; less is better."""
        return [self.definition.loss(value) for value in self.record().get(early_stopping.HISTORY, [])]

    def stop(self) -> None:
        """Ask the training job to stop, if it has not ended."""
        with suppress(ServiceError):
            lifecycle.stop(self.run.ctx, lifecycle.TRAINING, self.run.name)

    def objective(self) -> float | None:
        """The last value of the objective metric; None when the job failed or printed none."""
        return _objective(self.record())


def work(run: Run) -> None:
    """The whole job.

    Raises
    ------
    JobFailed, JobStopped, JobTimedOut
        As the job ends; none of its training jobs runs any more then.
    """
    plan = tuning_plan.plan_of(run.request)
    _Tuning(run, plan.definitions, plan.limits).drive()


class _Tuning:
    def __init__(self, run: Run, definitions: list[Definition], limits: Limits) -> None:
        self.run, self.limits = run, limits
        self.waiting = list(definitions)  # those that may propose something yet, the next one first
        self.trials: list[Trial] = []
        self.active: list[Trial] = []
        self.since_best = 0
        self.best: Trial | None = None
        self.best_loss = 0.0
        self.began = time.monotonic()

    def drive(self) -> None:
        try:
            while self._fill() or self.active:
                if self.run.stop.wait(_POLL_SECONDS):
                    raise JobStopped
                if self.limits.seconds is not None and time.monotonic() - self.began > self.limits.seconds:
                    raise JobTimedOut
                if self._reap() and self._satisfied():
                    break
                if self.limits.early_stopping:
                    self._stop_hopeless()
        finally:
            self._end_active()
        if self.best is None:
            raise JobFailed(f"All training jobs failed. {_LOOK}")

    def _fill(self) -> bool:
        """Start training jobs while there may be more; whether any was started."""
        before = len(self.trials)
        while self.waiting and len(self.active) < self.limits.parallel:
            if self.limits.jobs is not None and len(self.trials) >= self.limits.jobs:
                break
            definition = self.waiting.pop(0)
            ended = [trial for trial in self.trials if trial.definition is definition]
            results = [
                (trial.tuned, definition.loss(value))
                for trial in ended
                if trial not in self.active and (value := trial.objective()) is not None
            ]
            tuned = definition.search.propose(results)
            if tuned is not None:
                self.waiting.append(definition)  # the definitions take turns
                self._start(definition, tuned)
        return len(self.trials) > before

    def _start(self, definition: Definition, tuned: Candidate) -> None:
        run = self.run
        name = f"{run.name}-{len(self.trials) + 1:03d}-{uuid.uuid4().hex[:8]}"
        record = run.ctx.store.get(run.kind.name, run.name)
        arn = record["HyperParameterTuningJobArn"]
        several = "TrainingJobDefinitions" in run.request
        objective = {"MetricName": definition.metric}
        if several:
            objective["Type"] = "Maximize" if definition.maximize else "Minimize"
        asked = definition.training_request(name, tuned)
        request = {
            **asked,
            "Tags": resources.tags_of(run.ctx, arn),
            "TuningJobArn": arn,
            "TuningJobName": run.name,
            "TrainingJobDefinitionName": definition.name,
            "TunedHyperParameters": tuned,
            "Objective": objective,
            **training.first_members(asked, name),
        }
        child = lifecycle.start(run.ctx, lifecycle.TRAINING, name, request, training.work)
        trial = Trial(child, definition, tuned)
        self.trials.append(trial)
        self.active.append(trial)
        self._count()

    def _reap(self) -> bool:
        """Take the training jobs that have ended out of those that run; whether there were any."""
        ended = [trial for trial in self.active if trial.run.done.is_set()]
        for trial in ended:
            self.active.remove(trial)
            value = trial.objective()
            if value is None:
                continue
            loss = trial.definition.loss(value)
            if self.best is None or loss < self.best_loss:
                self.best, self.best_loss, self.since_best = trial, loss, 0
            else:
                self.since_best += 1
        if ended:
            self._count()
            failed = [trial for trial in self.trials if trial not in self.active]
            if self.best is None and len(failed) >= _HOPELESS:
                raise JobFailed(f"No training job succeeded after {_HOPELESS} attempts. {_LOOK}")
        return bool(ended)

    def _stop_hopeless(self) -> None:
        ended = [
            (one.definition, one.losses())
            for one in self.trials
            if one.record()["TrainingJobStatus"] == "Completed"
        ]
        for trial in self.active:
            alike = [losses for definition, losses in ended if definition is trial.definition]
            if early_stopping.hopeless(trial.losses(), alike):
                trial.stop()

    def _satisfied(self) -> bool:
        """Whether a completion criterion is met."""
        if self.best is None:
            return False
        target, most = self.limits.target, self.limits.not_improving
        reached = target is not None and self.best_loss <= self.best.definition.loss(target)
        return reached or (most is not None and self.since_best >= most)

    def _end_active(self) -> None:
        for trial in self.active:
            trial.stop()
        for trial in self.active:
            trial.run.done.wait()
        self.active.clear()
        self._count()

    def _count(self) -> None:
        records = [trial.record() for trial in self.trials]
        best = self.best.record() if self.best else None
        spent = sum(record.get("TrainingTimeInSeconds", 0) for record in records)
        self.run.note(
            TrainingJobStatusCounters=_status_counters(records),
            ObjectiveStatusCounters=_objective_counters(records),
            ConsumedResources={"RuntimeInSeconds": spent},
            TuningJobCompletionDetails={"NumberOfTrainingJobsObjectiveNotImproving": self.since_best},
            **({"BestTrainingJob": summary(best)} if best else {}),
        )


def summary(record: Record) -> Record:
    """A training job as tuning jobs list it."""
    members = (
        "TrainingJobDefinitionName",
        "TrainingJobName",
        "TrainingJobArn",
        "TuningJobName",
        "CreationTime",
        "TrainingStartTime",
        "TrainingEndTime",
        "TrainingJobStatus",
        "TunedHyperParameters",
        "FailureReason",
    )
    found: Record = {key: record[key] for key in members if record.get(key) is not None}
    found["ObjectiveStatus"] = _objective_status(record)
    value = _objective(record)
    if value is not None:
        found["FinalHyperParameterTuningJobObjectiveMetric"] = {**record["Objective"], "Value": value}
    return found


@operation("ListTrainingJobsForHyperParameterTuningJob")
def list_training_jobs(ctx: Context, params: Params) -> Params:
    """The training jobs of a tuning job, by name when no order is asked for."""
    tuning = resources.get(ctx, lifecycle.TUNING.name, params["HyperParameterTuningJobName"])
    arn, asked = tuning["HyperParameterTuningJobArn"], str(params.get("SortBy", "Name"))
    records = [one for one in ctx.store.list(lifecycle.TRAINING.name) if one.get("TuningJobArn") == arn]
    rows = [{**summary(one), "FinalObjectiveMetricValue": _objective(one)} for one in records]
    if asked == "FinalObjectiveMetricValue":
        rows = [row for row in rows if row[asked] is not None]
    member: str = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}.get(asked, asked)
    order = {"SortOrder": "Ascending", **params, "SortBy": "Name"}
    return listing.respond(
        "ListTrainingJobsForHyperParameterTuningJob", order, rows, name=member, status="TrainingJobStatus"
    )


def _objective(record: Record) -> float | None:
    if record["TrainingJobStatus"] not in ("Completed", "Stopped"):
        return None
    metric = record["Objective"]["MetricName"]
    found: list[dict[str, Any]] = record.get("FinalMetricDataList", [])
    return next((float(one["Value"]) for one in found if one["MetricName"] == metric), None)


def _objective_status(record: Record) -> str:
    if record["TrainingJobStatus"] not in lifecycle.TERMINAL:
        return "Pending"
    return "Failed" if _objective(record) is None else "Succeeded"


def _objective_counters(records: list[Record]) -> dict[str, int]:
    counted = Counter(map(_objective_status, records))
    return {status: counted[status] for status in ("Succeeded", "Pending", "Failed")}


def _status_counters(records: list[Record]) -> dict[str, int]:
    counted = Counter(record["TrainingJobStatus"] for record in records)
    return {
        "Completed": counted["Completed"],
        "InProgress": counted["InProgress"] + counted["Stopping"],
        "RetryableError": 0,
        "NonRetryableError": counted["Failed"],
        "Stopped": counted["Stopped"],
    }
