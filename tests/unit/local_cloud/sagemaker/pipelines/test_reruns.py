"""An execution is run again from where it failed, by selected steps, or after a restart of the cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.pipelines import executions, records

from . import api
from .api import Jobs
from .conftest import PipelineContext
from .documents import condition, document, equals, fail, parameter, processing
from .test_foreach import loop

Json = dict[str, Any]
Events = list[tuple[str, Mapping[str, Any]]]
URI = "ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"


def reads(name: str, *others: str, **more: Any) -> Json:
    """A step that reads the output of others."""
    environment = {other: {"Get": f"Steps.{other}.{URI}"} for other in others}
    return processing(name, arguments={"Environment": environment}, **more)


CHAIN = document(processing("A"), reads("B", "A"), reads("C", "B"), reads("D", "A"))
GATED = document(
    processing("A"),
    condition("Gate", [equals({"Get": "Parameters.P"}, "yes")], [reads("Then", "A")], [reads("Else", "A")])
    | {"DependsOn": ["A"]},
    parameters=(parameter("P", default="yes"),),
)


@pytest.fixture
def jobs(ctx: PipelineContext) -> Jobs:
    return Jobs(ctx)


class TestRetry:
    """RetryPipelineExecution."""

    def test_only_what_has_not_succeeded_runs_again(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, CHAIN)
        jobs.failing = {"B": "disk full"}
        arn = api.start(ctx, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Failed"
        assert api.statuses(ctx, arn) == {"A": "Succeeded", "B": "Failed"}
        jobs.failing, before = {}, api.steps(ctx, arn)["A"]
        api.retry(ctx, arn)
        found = api.ended(ctx, arn)
        assert found["PipelineExecutionStatus"] == "Succeeded"
        assert "FailureReason" not in found
        assert api.statuses(ctx, arn) == dict.fromkeys("ABCD", "Succeeded")
        assert jobs.ran == ["A", "B", "B", "C", "D"] or jobs.ran == ["A", "B", "B", "D", "C"]
        assert api.steps(ctx, arn)["A"] == before

    def test_a_stopped_execution_goes_on(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, CHAIN)
        reached = jobs.hold("B")
        arn = api.start(ctx, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
        assert reached.wait(10)
        api.stop(ctx, arn)
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Stopped"
        jobs.gates.clear()
        api.retry(ctx, arn)
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Succeeded"
        assert sorted(jobs.ran) == ["A", "B", "B", "C", "D"]

    def test_a_condition_keeps_its_outcome(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, GATED)
        jobs.failing = {"Else": "no"}
        arn = api.start(ctx, PipelineParameters=[{"Name": "P", "Value": "no"}])
        api.ended(ctx, arn)
        jobs.failing = {}
        api.retry(ctx, arn)
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Succeeded"
        assert jobs.ran == ["A", "Else", "Else"]

    def test_items_that_succeeded_are_kept(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, document(loop("Each", ["a", "b"], processing("Do"))))
        jobs.failing = {"Do-1": "no"}
        arn = api.start(ctx)
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Failed"
        jobs.failing = {}
        api.retry(ctx, arn)
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Succeeded"
        assert sorted(jobs.ran) == ["Do-0", "Do-1", "Do-1"]

    def test_the_definition_and_the_parameters_are_those_of_the_start(
        self, ctx: PipelineContext, jobs: Jobs
    ) -> None:
        api.create(ctx, GATED)
        jobs.failing = {"Then": "no"}
        arn = api.start(ctx)
        api.ended(ctx, arn)
        changed = document(fail("Other", "x"))
        operations.call(ctx, "UpdatePipeline", {"PipelineName": "Reviews", "PipelineDefinition": changed})
        jobs.failing = {}
        api.retry(ctx, arn)
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Succeeded"

    def test_the_same_request_token_retries_once(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, CHAIN)
        jobs.failing = {"A": "no"}
        arn = api.start(ctx)
        api.ended(ctx, arn)
        for _ in range(2):
            api.retry(ctx, arn, ClientRequestToken="t" * 32)
            api.ended(ctx, arn)
        assert jobs.ran == ["A", "A"]

    def test_what_has_succeeded_or_runs_cannot_be_retried(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, CHAIN)
        reached = jobs.hold("A")
        arn = api.start(ctx)
        assert reached.wait(10)
        with pytest.raises(ServiceError, match="is Executing; only one that is Failed or Stopped") as caught:
            api.retry(ctx, arn)
        assert caught.value.code == "ValidationException"
        jobs.gates["A"].set()
        api.ended(ctx, arn)
        with pytest.raises(ServiceError, match="is Succeeded; only"):
            api.retry(ctx, arn)
        with pytest.raises(ServiceError, match="does not exist") as caught:
            api.retry(ctx, f"{arn}x")
        assert caught.value.code == "ResourceNotFound"

    def test_a_retry_is_told(self, ctx: PipelineContext, jobs: Jobs, events: Events) -> None:
        api.create(ctx, document(processing("A")))
        jobs.failing = {"A": "no"}
        arn = api.start(ctx)
        api.ended(ctx, arn)
        jobs.failing = {}
        api.retry(ctx, arn)
        api.ended(ctx, arn)
        told = [one["currentPipelineExecutionStatus"] for kind, one in events if "Execution Status" in kind]
        assert told == ["Executing", "Failed", "Executing", "Succeeded"]
        ends = [(one["stepType"], one["currentStepStatus"]) for kind, one in events if "Step Status" in kind]
        assert ends == [("Processing", end) for end in ("Executing", "Failed", "Executing", "Succeeded")]


class TestSelective:
    """SelectiveExecutionConfig."""

    def _start(self, ctx: PipelineContext, *selected: str, source: str | None = None, **more: Any) -> str:
        config: Json = {"SelectedSteps": [{"StepName": name} for name in selected]}
        if source:
            config["SourcePipelineExecutionArn"] = source
        return api.start(ctx, SelectiveExecutionConfig=config, **more)

    def test_selected_steps_run_on_the_results_of_the_source(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, CHAIN)
        source = api.start(ctx)
        api.ended(ctx, source)
        jobs.ran.clear()
        arn = self._start(ctx, "B", "C", source=source)
        found = api.ended(ctx, arn)
        assert found["PipelineExecutionStatus"] == "Succeeded"
        assert found["SelectiveExecutionConfig"]["SourcePipelineExecutionArn"] == source
        assert jobs.ran == ["B", "C"]
        listed = api.steps(ctx, arn)
        assert set(listed) == {"A", "B", "C"}
        origin = {"SourcePipelineExecutionArn": source}
        assert listed["A"]["SelectiveExecutionResult"] == origin
        assert "SelectiveExecutionResult" not in listed["B"]
        created = [params for name, params in ctx.calls if name == "CreateProcessingJob"]
        assert created[-2]["Environment"] == {"A": "s3://b/A/out"}

    def test_a_selective_execution_may_be_a_source_and_be_retried(
        self, ctx: PipelineContext, jobs: Jobs
    ) -> None:
        api.create(ctx, CHAIN)
        source = api.start(ctx)
        api.ended(ctx, source)
        jobs.failing = {"B": "no"}
        first = self._start(ctx, "B", source=source)
        assert api.ended(ctx, first)["PipelineExecutionStatus"] == "Failed"
        jobs.failing = {}
        api.retry(ctx, first)
        assert api.ended(ctx, first)["PipelineExecutionStatus"] == "Succeeded"
        second = self._start(ctx, "C", source=first)
        assert api.ended(ctx, second)["PipelineExecutionStatus"] == "Succeeded"
        assert jobs.ran[-3:] == ["B", "B", "C"]

    def test_the_first_steps_need_no_source(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, CHAIN)
        arn = self._start(ctx, "A", "D")
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Succeeded"
        assert jobs.ran == ["A", "D"]

    def test_a_failed_source_gives_the_steps_that_succeeded(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, CHAIN)
        jobs.failing = {"B": "no"}
        source = api.start(ctx)
        api.ended(ctx, source)
        arn = self._start(ctx, "D", source=source)
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Succeeded"
        with pytest.raises(ServiceError, match=r"the steps \[B\] have not succeeded"):
            self._start(ctx, "C", source=source)

    def test_steps_of_a_branch_run_as_the_source_has_decided(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, GATED)
        source = api.start(ctx)
        api.ended(ctx, source)
        arn = self._start(ctx, "Then", source=source)
        assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Succeeded"
        assert jobs.ran == ["A", "Then", "Then"]
        with pytest.raises(ServiceError, match="'Else' is in a branch of step 'Gate' that .* has not taken"):
            self._start(ctx, "Else", source=source)

    def test_a_selected_condition_decides_anew_but_runs_no_step_that_is_not_selected(
        self, ctx: PipelineContext, jobs: Jobs
    ) -> None:
        api.create(ctx, GATED)
        source = api.start(ctx)
        api.ended(ctx, source)
        no = [{"Name": "P", "Value": "no"}]
        alone = self._start(ctx, "Gate", source=source, PipelineParameters=no)
        assert api.ended(ctx, alone)["PipelineExecutionStatus"] == "Succeeded"
        assert set(api.steps(ctx, alone)) == {"A", "Gate"}
        both = self._start(ctx, "Gate", "Else", source=source, PipelineParameters=no)
        api.ended(ctx, both)
        assert jobs.ran == ["A", "Then", "Else"]

    @pytest.mark.parametrize(
        ("selected", "named"),
        [
            (("Z",), r"SelectedSteps \[Z\] are not in the pipeline definition"),
            (("A", "C"), r"\[A, C\] are not connected: the steps between them \[B\] must be selected"),
            (
                ("C",),
                r"SourcePipelineExecutionArn: null. The selected steps \[C\] have dependencies on \[A, B\]",
            ),
        ],
    )
    def test_a_selection_that_cannot_run_is_refused(
        self, ctx: PipelineContext, jobs: Jobs, selected: tuple[str, ...], named: str
    ) -> None:
        api.create(ctx, CHAIN)
        with pytest.raises(ServiceError, match=named) as caught:
            self._start(ctx, *selected)
        assert caught.value.code == "ValidationException"
        assert ctx.store.list("PipelineExecution") == []

    def test_the_source_must_be_an_ended_execution_of_the_pipeline(
        self, ctx: PipelineContext, jobs: Jobs
    ) -> None:
        api.create(ctx, CHAIN)
        api.create(ctx, CHAIN, name="Other")
        other = api.start(ctx, "Other")
        api.ended(ctx, other)
        with pytest.raises(ServiceError, match="is an execution of another pipeline"):
            self._start(ctx, "B", source=other)
        reached = jobs.hold("A")
        running = api.start(ctx)
        assert reached.wait(10)
        with pytest.raises(ServiceError, match="is Executing"):
            self._start(ctx, "B", source=running)
        jobs.gates["A"].set()
        api.ended(ctx, running)


class TestInterrupted:
    """A cloud that went down while an execution ran."""

    @pytest.fixture
    def left(self, ctx: PipelineContext, jobs: Jobs) -> str:
        """An execution whose record says Executing and that no thread runs."""
        api.create(ctx, CHAIN)
        jobs.failing = {"B": "no"}
        arn = api.start(ctx, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
        api.ended(ctx, arn)
        jobs.failing = {}

        def go_back(record: Json) -> None:
            record["PipelineExecutionStatus"] = "Executing"
            record["Steps"]["B"]["StepStatus"] = "Executing"
            del record["FailureReason"], record["Steps"]["B"]["FailureReason"]

        ctx.store.modify(records.EXECUTION, arn, go_back)
        return arn

    def test_it_has_failed_with_a_reason(self, ctx: PipelineContext, left: str, events: Events) -> None:
        executions.interrupted(ctx)
        found = operations.call(ctx, "DescribePipelineExecution", {"PipelineExecutionArn": left})
        assert found["PipelineExecutionStatus"] == "Failed"
        assert "local cloud was stopped" in found["FailureReason"]
        listed = api.steps(ctx, left)
        assert (listed["A"]["StepStatus"], listed["B"]["StepStatus"]) == ("Succeeded", "Failed")
        assert "local cloud was stopped" in listed["B"]["FailureReason"]
        (_, step), (_, execution) = events[-2:]
        assert (step["stepName"], step["currentStepStatus"]) == ("B", "Failed")
        assert execution["currentPipelineExecutionStatus"] == "Failed"

    def test_it_can_be_retried(self, ctx: PipelineContext, jobs: Jobs, left: str) -> None:
        executions.interrupted(ctx)
        api.retry(ctx, left)
        assert api.ended(ctx, left)["PipelineExecutionStatus"] == "Succeeded"
        assert jobs.ran.count("A") == 1

    def test_what_has_ended_or_runs_stays_as_it_is(self, ctx: PipelineContext, jobs: Jobs) -> None:
        api.create(ctx, CHAIN)
        done = api.start(ctx)
        api.ended(ctx, done)
        reached = jobs.hold("A")
        running = api.start(ctx)
        assert reached.wait(10)
        executions.interrupted(ctx)
        found = operations.call(ctx, "DescribePipelineExecution", {"PipelineExecutionArn": running})
        assert found["PipelineExecutionStatus"] == "Executing"
        jobs.gates["A"].set()
        assert api.ended(ctx, running)["PipelineExecutionStatus"] == "Succeeded"
        assert api.ended(ctx, done)["PipelineExecutionStatus"] == "Succeeded"


def test_what_an_execution_leaves_goes_with_its_pipeline(ctx: PipelineContext, jobs: Jobs) -> None:
    cached = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
    text = document(processing("A") | cached)
    api.create(ctx, text)
    api.ended(ctx, api.start(ctx))
    api.ended(ctx, api.start(ctx))
    assert jobs.ran == ["A"]
    operations.call(ctx, "DeletePipeline", {"PipelineName": "Reviews", "ClientRequestToken": api.token()})
    for kind in (records.EXECUTION, records.RESULT, records.CACHE, "PipelineVersion"):
        assert ctx.store.list(kind) == []
    api.create(ctx, text)
    api.ended(ctx, api.start(ctx))
    assert jobs.ran == ["A", "A"]
