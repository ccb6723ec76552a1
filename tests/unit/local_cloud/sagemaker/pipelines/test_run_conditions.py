"""Steps that wait for others to fail, stop or end in any way, and steps that come after a condition."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.sagemaker.pipelines.errors import StepFailed, StepStopped
from local_cloud.sagemaker.pipelines.executor import Outcome

from .documents import condition, document, equals, fail, processing
from .lab import Lab, ends

Json = dict[str, Any]


def after(name: str, other: str, trigger: str, **more: Any) -> Json:
    return processing(name, DependsOn=[{"Step": other, "Trigger": trigger}], **more)


def _failed(reason: str, **properties: Any) -> StepFailed:
    error = StepFailed(reason)
    error.properties = properties
    return error


@pytest.mark.parametrize(
    ("end", "ran"),
    [
        (None, {"Completed", "Any"}),
        (StepFailed("disk full"), {"Failed", "Any"}),
        (StepStopped("by hand"), {"Stopped", "Any"}),
    ],
)
def test_the_trigger_says_after_which_end_a_step_runs(lab: Lab, end: Exception | None, ran: set[str]) -> None:
    if end:
        lab.runner.behave["A"] = ends(end)
    triggers = ("Completed", "Failed", "Stopped", "Any")
    outcome = lab.run(document(processing("A"), *(after(one, "A", one) for one in triggers)))
    assert set(lab.runner.asked) - {"A"} == ran
    assert outcome == Outcome("CompletedWithFailures" if end else "Succeeded")


def test_a_failure_that_a_step_waits_for_lets_the_rest_go_on(lab: Lab) -> None:
    lab.runner.behave["Train"] = ends(StepFailed("disk full"))
    text = document(
        processing("Train"),
        after("Notify", "Train", "Failed"),
        processing("Evaluate", DependsOn=["Train"]),
        processing("Report", DependsOn=["Notify"]),
    )
    assert lab.run(text).status == "CompletedWithFailures"
    assert lab.statuses() == {"Train": "Failed", "Notify": "Succeeded", "Report": "Succeeded"}


def test_a_step_that_waits_for_a_failure_reads_what_is_known_of_it(lab: Lab) -> None:
    lab.runner.behave["A"] = ends(_failed("disk full", FailureReason="disk full"))
    reads = {"Environment": {"WHY": {"Get": "Steps.A.FailureReason"}}}
    lab.run(document(processing("A"), after("Notify", "A", "Failed", arguments=reads)))
    assert lab.runner.asked["Notify"]["Environment"] == {"WHY": "disk full"}


def test_another_failure_still_fails_the_execution(lab: Lab) -> None:
    lab.runner.behave = {"A": ends(StepFailed("no")), "Notify": ends(StepFailed("no mail"))}
    text = document(processing("A"), after("Notify", "A", "Failed"))
    outcome = lab.run(text)
    assert outcome == Outcome("Failed", "Step failure: One or multiple steps failed. Notify: no mail")


def test_who_waits_for_a_failure_runs_though_another_step_has_failed_too(lab: Lab) -> None:
    lab.runner.behave = {"A": ends(StepFailed("no")), "B": ends(StepFailed("neither"))}
    text = document(
        processing("A"),
        processing("B"),
        after("Notify", "A", "Failed"),
        processing("C", DependsOn=["Notify"]),
    )
    assert "B: neither" in str(lab.run(text, parallel=1).reason)
    assert set(lab.runner.asked) == {"A", "B", "Notify"}


def test_a_fail_step_ends_the_execution_whoever_waits_for_it(lab: Lab) -> None:
    text = document(fail("Stop", "enough"), after("Notify", "Stop", "Failed"))
    assert lab.run(text).status == "Failed"
    assert lab.statuses() == {"Stop": "Failed", "Notify": "Succeeded"}


def test_a_step_stopped_from_outside_stops_the_execution(lab: Lab) -> None:
    lab.runner.behave["A"] = ends(StepStopped("by hand"))
    assert lab.run(document(processing("A"), processing("B", DependsOn=["A"]))) == Outcome("Stopped")
    assert lab.statuses() == {"A": "Stopped"}


def test_who_depends_on_a_condition_comes_after_the_steps_of_its_branch(lab: Lab) -> None:
    inner = condition("Inner", [equals(1, 2)], [processing("Never")], [processing("Deep")])
    gate = condition("Gate", [equals(1, 1)], [inner, processing("Then")], [processing("Else")])
    assert lab.run(document(processing("After", DependsOn=["Gate"]), gate)).status == "Succeeded"
    assert set(lab.records) == {"Gate", "Inner", "Deep", "Then", "After"}
    assert lab.history[-2:] == [("After", "Executing"), ("After", "Succeeded")]


def test_who_reads_the_outcome_of_a_condition_does_not_wait_for_its_branch(lab: Lab) -> None:
    reads = {"Environment": {"OUT": {"Get": "Steps.Gate.Outcome"}}}
    inside = processing("Then", DependsOn=["Reader"])
    text = document(condition("Gate", [equals(1, 1)], [inside]), processing("Reader", arguments=reads))
    assert lab.run(text).status == "Succeeded"
    assert lab.runner.asked["Reader"]["Environment"] == {"OUT": "True"}


@pytest.mark.parametrize(("value", "ran"), [(1, {"Gate", "Then", "After"}), (2, {"Gate"})])
def test_who_depends_on_a_step_of_a_branch_runs_only_with_it(lab: Lab, value: int, ran: set[str]) -> None:
    gate = condition("Gate", [equals(1, value)], [processing("Then")])
    assert lab.run(document(gate, processing("After", DependsOn=["Then"]))).status == "Succeeded"
    assert set(lab.records) == ran
