"""Order, parallelism, branches, cache, failure and stop: with a runner that only notes what it is asked."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from local_cloud.sagemaker.pipelines.errors import StepFailed, StepStopped
from local_cloud.sagemaker.pipelines.executor import Outcome

from .documents import condition, document, equals, fail, lambda_step, parameter, processing, step
from .lab import NOON, Lab

Json = dict[str, Any]
URI = "ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"
REPORT = [{"PropertyFileName": "R", "OutputName": "out", "FilePath": "r.json"}]
CACHED = {"Enabled": True, "ExpireAfter": "PT1H"}


def _raise(error: Exception) -> Callable[[threading.Event], None]:
    def behave(stop: threading.Event) -> None:
        raise error

    return behave


def _environment(**values: Any) -> Mapping[str, Any]:
    return {"Environment": values}


def test_values_of_earlier_steps_reach_later_ones(lab: Lab) -> None:
    reads = _environment(IN={"Get": f"Steps.A.{URI}"}, N={"Get": "Parameters.N"})
    outcome = lab.run(
        document(processing("B", arguments=reads), processing("A"), parameters=(parameter("N"),)), N="7"
    )
    assert outcome == Outcome("Succeeded")
    assert lab.runner.asked["B"]["Environment"] == {"IN": "s3://b/A/out", "N": "7"}
    assert lab.history == [("A", "Executing"), ("A", "Succeeded"), ("B", "Executing"), ("B", "Succeeded")]
    assert lab.records["A"]["Metadata"] == {"ProcessingJob": {"Arn": "arn:A"}}


def test_independent_steps_run_side_by_side(lab: Lab) -> None:
    meeting = threading.Barrier(2, timeout=10)
    lab.runner.behave = {name: lambda stop: meeting.wait() and None for name in ("A", "B")}
    assert lab.run(document(processing("A"), processing("B"))).status == "Succeeded"


def test_no_more_steps_run_at_once_than_allowed(lab: Lab) -> None:
    running, most = [], []

    def work(stop: threading.Event) -> None:
        running.append(1)
        most.append(len(running))
        running.pop()

    lab.runner.behave = dict.fromkeys("ABC", work)
    assert lab.run(document(*map(processing, "ABC")), parallel=1).status == "Succeeded"
    assert max(most) == 1
    assert len(most) == 3


@pytest.mark.parametrize(("value", "ran", "outcome"), [("yes", "Then", "True"), ("no", "Else", "False")])
def test_only_the_branch_of_the_outcome_runs(lab: Lab, value: str, ran: str, outcome: str) -> None:
    gate = condition(
        "Gate", [equals({"Get": "Parameters.P"}, "yes")], [processing("Then")], [processing("Else")]
    )
    text = document(gate, processing("After", DependsOn=["Gate"]), parameters=(parameter("P"),))
    assert lab.run(text, P=value).status == "Succeeded"
    assert set(lab.records) == {"Gate", ran, "After"}
    assert [name for name, status in lab.history if status == "Succeeded"] == ["Gate", ran, "After"]
    assert lab.records["Gate"]["Metadata"] == {"Condition": {"Outcome": outcome}}


def test_all_conditions_of_a_gate_must_hold_and_gates_nest(lab: Lab) -> None:
    inner = condition("Inner", [equals(1, 1), equals(1, 2)], [processing("A")], [processing("B")])
    assert lab.run(document(condition("Outer", [equals(1, 1)], [inner]))).status == "Succeeded"
    assert set(lab.records) == {"Outer", "Inner", "B"}


def test_a_gate_reads_the_property_file_of_a_step(lab: Lab) -> None:
    lab.files["s3://b/A/out/r.json"] = {"gate": {"passed": True}, "why": "short"}
    passed = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.A.PropertyFiles.R"}, "Path": "gate.passed"}}
    why = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.A.PropertyFiles.R"}, "Path": "why"}}
    gate = condition(
        "Gate",
        [equals(passed, False)],
        [],
        [fail("Refuse", {"Std:Join": {"On": " ", "Values": ["too", why]}})],
    )
    outcome = lab.run(document(processing("A", PropertyFiles=REPORT), gate))
    assert outcome == Outcome("Failed", "Step failure: One or multiple steps failed. Refuse: too short")
    assert lab.records["Refuse"]["FailureReason"] == "too short"
    assert lab.records["Refuse"]["Metadata"] == {"Fail": {"ErrorMessage": "too short"}}


def test_a_failure_starts_nothing_more_but_lets_the_rest_end(lab: Lab) -> None:
    failed = threading.Event()

    def slow(stop: threading.Event) -> None:
        assert failed.wait(10)

    def broken(stop: threading.Event) -> None:
        failed.set()
        raise StepFailed("disk full")

    lab.runner.behave = {"Slow": slow, "Broken": broken}
    text = document(
        processing("Slow"), processing("Broken"), processing("Next", DependsOn=["Slow", "Broken"])
    )
    outcome = lab.run(text)
    assert outcome.status == "Failed"
    assert "Broken: disk full" in str(outcome.reason)
    assert lab.records["Slow"]["StepStatus"] == "Succeeded"
    assert "Next" not in lab.records


def test_a_job_may_know_its_own_name(lab: Lab) -> None:
    names = {"T": {"Get": "Execution.TrainingJobName"}, "P": {"Get": "Execution.ProcessingJobName"}}
    lab.run(document(processing("A", arguments=_environment(**names))))
    assert lab.runner.asked["A"]["Environment"] == {"T": "job-A", "P": "job-A"}


def test_reasons_are_cut_to_the_length_of_the_service(lab: Lab) -> None:
    outcome = lab.run(document(fail("A", "x" * 2000)))
    assert len(lab.records["A"]["FailureReason"]) == 1024
    assert len(str(outcome.reason)) == 1024


def test_a_bug_in_the_runner_fails_the_step(lab: Lab) -> None:
    lab.runner.behave = {"A": _raise(RuntimeError("oops"))}
    assert lab.run(document(processing("A"))).status == "Failed"
    assert lab.records["A"]["FailureReason"] == "InternalServerError: RuntimeError: oops"


def test_a_stop_ends_running_steps_and_starts_no_more(lab: Lab) -> None:
    text = document(processing("A"), processing("B", DependsOn=["A"]))
    execution = lab.execution(text)

    def stopped(stop: threading.Event) -> None:
        execution.stop.set()
        assert stop.wait(10)
        raise StepStopped

    lab.runner.behave = {"A": stopped}
    assert execution.run() == Outcome("Stopped")
    assert {name: one["StepStatus"] for name, one in lab.records.items()} == {"A": "Stopped"}


def test_output_parameters_keep_their_type_and_reach_arguments_and_conditions(lab: Lab) -> None:
    def get(name: str) -> Json:
        return {"Get": f"Steps.A.OutputParameters['{name}']"}

    outputs = [("Uri", "String"), ("Share", "Float"), ("Fresh", "Boolean")]
    answer = {"Uri": "s3://b/model", "Share": 0.25, "Fresh": True}
    lab.runner.results = {"A": {"OutputParameters": answer}}
    more_than = {"Type": "GreaterThan", "LeftValue": get("Share"), "RightValue": 0.2}
    gate = condition("Gate", [more_than, equals(get("Fresh"), True)], [fail("Late", get("Uri"))])
    text = document(
        lambda_step("A", outputs=outputs, Arguments={"P": {"Get": "Parameters.P"}}),
        processing("B", arguments=_environment(IN=get("Uri"))),
        gate | {"DependsOn": ["B"]},
        parameters=(parameter("P", "Integer"),),
    )
    assert lab.run(text, P=7).reason == "Step failure: One or multiple steps failed. Late: s3://b/model"
    assert lab.runner.asked["A"] == {"P": 7}
    assert lab.runner.asked["B"]["Environment"] == {"IN": "s3://b/model"}


def test_a_function_is_asked_every_time_and_another_answer_runs_the_next_step_again(lab: Lab) -> None:
    read = {"Environment": {"IN": {"Get": "Steps.A.OutputParameters['Uri']"}}}
    text = document(lambda_step("A", CacheConfig=CACHED), processing("B", arguments=read, CacheConfig=CACHED))
    asked = []
    for name, uri in (("e1", "s3://b/1"), ("e2", "s3://b/1"), ("e3", "s3://b/2")):
        lab.runner.results = {"A": {"OutputParameters": {"Uri": uri}}}
        assert lab.run(text, name).status == "Succeeded"
        asked.append(set(lab.runner.asked))
    assert asked == [{"A", "B"}, {"A"}, {"A", "B"}]


def test_a_stop_while_a_function_runs_waits_for_its_answer(lab: Lab) -> None:
    execution = lab.execution(document(lambda_step("A"), processing("B", DependsOn=["A"])))
    lab.runner.behave = {"A": lambda stop: execution.stop.set()}
    assert execution.run() == Outcome("Stopped")
    assert {name: one["StepStatus"] for name, one in lab.records.items()} == {"A": "Succeeded"}


class TestCache:
    """A step with the same arguments is answered from an earlier execution."""

    TEXT = document(
        processing(
            "A",
            PropertyFiles=REPORT,
            CacheConfig=CACHED,
            arguments={
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {
                            "OutputName": "out",
                            "S3Output": {
                                "S3Uri": {
                                    "Std:Join": {
                                        "On": "/",
                                        "Values": ["s3://b", {"Get": "Execution.PipelineExecutionId"}],
                                    }
                                }
                            },
                        }
                    ]
                },
                "Environment": {"P": {"Get": "Parameters.P"}},
            },
        ),
        processing("B", CacheConfig=CACHED, arguments=_environment(IN={"Get": f"Steps.A.{URI}"})),
        fail(
            "C",
            {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.A.PropertyFiles.R"}, "Path": "who"}},
        )
        | {"DependsOn": ["B"]},
        parameters=(parameter("P"),),
    )

    def test_a_hit_gives_the_old_properties_and_files(self, lab: Lab) -> None:
        lab.files = {"s3://b/e1/r.json": {"who": "first"}}
        lab.run(self.TEXT, "e1", P="x")
        lab.run(self.TEXT, "e2", P="x")
        source = {"SourcePipelineExecutionArn": "arn:p/execution/e1"}
        assert [lab.records[name]["CacheHitResult"] for name in ("A", "B")] == [source, source]
        assert lab.records["A"]["Metadata"] == {"ProcessingJob": {"Arn": "arn:A"}}
        assert lab.runner.asked == {}
        assert lab.records["C"]["FailureReason"] == "first"

    def test_a_changed_input_runs_again(self, lab: Lab) -> None:
        lab.files = {f"s3://b/{name}/r.json": {"who": name} for name in ("e1", "e2")}
        lab.run(self.TEXT, "e1", P="x")
        lab.run(self.TEXT, "e2", P="y")
        assert set(lab.runner.asked) == {"A", "B"}
        assert lab.records["C"]["FailureReason"] == "e2"

    def test_an_expired_result_runs_again(self, lab: Lab) -> None:
        text = document(processing("A", CacheConfig=CACHED))
        lab.run(text, "e1")
        lab.now = NOON + timedelta(hours=1, seconds=1)
        lab.run(text, "e2")
        assert set(lab.runner.asked) == {"A"}

    def test_a_step_without_cache_and_a_failed_step_run_again(self, lab: Lab) -> None:
        lab.run(document(processing("A", CacheConfig=CACHED)), "e1")
        lab.run(document(processing("A", CacheConfig={"Enabled": False})), "e2")
        assert set(lab.runner.asked) == {"A"}
        lab.runner.behave = {"B": _raise(StepFailed("no"))}
        for name in ("e3", "e4"):
            lab.run(document(processing("B", CacheConfig=CACHED)), name)
            assert set(lab.runner.asked) == {"B"}


@pytest.mark.parametrize("status", ["Executing", "Succeeded"])
def test_a_listener_that_breaks_fails_the_execution_and_does_not_hang_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    note = lab.step

    def breaks(record: Json) -> None:
        if record["StepStatus"] == status:
            raise OSError("no space left on device")
        note(record)

    monkeypatch.setattr(lab, "step", breaks)
    found: list[Outcome] = []
    running = threading.Thread(target=lambda: found.append(lab.run(document(processing("A")))), daemon=True)
    running.start()
    running.join(10)
    assert [outcome.status for outcome in found] == ["Failed"]
    assert "no space left on device" in str(found[0].reason)


@pytest.mark.parametrize("around", ["condition", "loop"])
def test_as_many_ways_as_you_like_lead_to_a_step(lab: Lab, around: str) -> None:
    """Every pair of steps waits for the pair before: 2^40 ways, which nobody may walk one by one."""
    pairs = [[f"A{at}", f"B{at}"] for at in range(41)]
    inner = [processing(name) for name in pairs[0]]
    for before, pair in itertools.pairwise(pairs):
        inner = [*(processing(name, DependsOn=before) for name in pair), *inner]
    if around == "condition":
        outer = condition("Outer", [equals(1, 1)], inner)
    else:
        outer = step("Outer", "ForEach", {"IterableItems": ["x"], "MaxConcurrency": 2, "ForEachBody": inner})
    assert lab.run(document(outer, processing("After", DependsOn=["Outer"]))) == Outcome("Succeeded")
    assert len(lab.records) == 2 + len(inner)
