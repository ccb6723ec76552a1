"""ForEach steps: once for every item, so many at once, and what later steps see of them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from local_cloud.sagemaker.pipelines.definition import parse
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed
from local_cloud.sagemaker.pipelines.executor import Outcome

from .documents import condition, document, equals, fail, lambda_step, parameter, processing
from .lab import Lab, ends

Json = dict[str, Any]
ITEM = {"Get": "ForEach.CurrentItem"}
USE_ITEM = {"Environment": {"ITEM": ITEM}}


def loop(name: str, items: Any, *body: Json, most: Any = 50, **more: Any) -> Json:
    selector = {"Selector": more.pop("selector")} if "selector" in more else {}
    arguments = {"IterableItems": items, "MaxConcurrency": most, "ForEachBody": list(body), **selector}
    return {"Name": name, "Type": "ForEach", "Arguments": arguments, **more}


def scored(name: str = "Try") -> Json:
    return lambda_step(name, outputs=(("Score", "Float"), ("Uri", "String")), Arguments={"In": ITEM})


def best(pick: str, step: str = "Try") -> Json:
    return {"Pick": pick, "Field": {"Get": f"IterationOutput.{step}.OutputParameters['Score']"}}


def test_the_body_runs_for_every_item(lab: Lab) -> None:
    text = document(loop("Each", ["a", {"Get": "Parameters.P"}, 3], processing("Do", arguments=USE_ITEM)),
                    parameters=(parameter("P"),))  # fmt: skip
    assert lab.run(text, P="b").status == "Succeeded"
    assert [lab.runner.asked[f"Do-{at}"]["Environment"]["ITEM"] for at in range(3)] == ["a", "b", 3]
    assert lab.statuses() == dict.fromkeys(("Each", "Do-0", "Do-1", "Do-2"), "Succeeded")


def test_items_may_be_json_text_and_their_members_be_read(lab: Lab) -> None:
    items = json.dumps([{"name": "x", "deep": {"n": [1, 2]}}, '{"name": "y", "deep": {"n": [3, 4]}}'])
    reads = {"A": {"Get": "ForEach.CurrentItem.name"}, "B": {"Get": "ForEach.CurrentItem['deep'].n[1]"}}
    text = document(
        loop("Each", {"Get": "Parameters.P"}, processing("Do", arguments={"Environment": reads})),
        parameters=(parameter("P"),),
    )
    assert lab.run(text, P=items).status == "Succeeded"
    found = [lab.runner.asked[f"Do-{at}"]["Environment"] for at in range(2)]
    assert found == [{"A": "x", "B": 2}, {"A": "y", "B": 4}]


@pytest.mark.parametrize("items", ["{}", "x", "[" + "1," * 100 + "1]"])
def test_items_that_are_no_list_or_too_many_fail_the_step(lab: Lab, items: str) -> None:
    text = document(loop("Each", {"Get": "Parameters.P"}, processing("Do")), parameters=(parameter("P"),))
    assert lab.run(text, P=items).status == "Failed"
    assert "IterableItems" in lab.records["Each"]["FailureReason"]
    assert set(lab.records) == {"Each"}


def test_without_items_there_is_nothing_to_do(lab: Lab) -> None:
    text = document(loop("Each", {"Get": "Parameters.P"}, processing("Do")), parameters=(parameter("P"),))
    assert lab.run(text, P="[]").status == "Succeeded"
    assert lab.left["Each"]["InputItemCount"] == 0


def test_steps_of_a_body_see_those_of_the_same_item_and_steps_outside(lab: Lab) -> None:
    uri = "ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"
    first = processing("First", arguments={**USE_ITEM})
    second = processing(
        "Second",
        arguments={
            "Environment": {
                "SAME": {"Get": "Steps.First.Environment['ITEM']"},
                "OUTER": {"Get": f"Steps.Outer.{uri}"},
            }
        },
    )
    assert (
        lab.run(document(loop("Each", ["a", "b"], second, first), processing("Outer"))).status == "Succeeded"
    )
    assert lab.history[:2] == [("Outer", "Executing"), ("Outer", "Succeeded")]
    seen = [lab.runner.asked[f"Second-{at}"]["Environment"] for at in range(2)]
    assert seen == [{"SAME": one, "OUTER": "s3://b/Outer/out"} for one in "ab"]


@pytest.mark.parametrize(("most", "parallel"), [(2, 50), (50, 2)])
def test_no_more_run_at_once_than_allowed(lab: Lab, most: int, parallel: int) -> None:
    meeting, running, peak = threading.Barrier(2, timeout=10), [], []

    def work(stop: threading.Event) -> None:
        running.append(1)
        peak.append(len(running))
        meeting.wait()
        running.pop()

    lab.runner.behave = {f"Do-{at}": work for at in range(4)}
    text = document(loop("Each", list("abcd"), processing("Do"), most=most))
    assert lab.run(text, parallel=parallel).status == "Succeeded"
    assert max(peak) == 2


def test_a_loop_takes_no_place_of_its_own(lab: Lab) -> None:
    assert lab.run(document(loop("Each", ["a", "b"], processing("Do"))), parallel=1).status == "Succeeded"
    assert set(lab.runner.asked) == {"Do-0", "Do-1"}


@pytest.mark.parametrize(("pick", "uri"), [("MaxBy", "s3://b/1"), ("MinBy", "s3://b/2")])
def test_later_steps_read_outputs_counts_and_the_selected_iteration(lab: Lab, pick: str, uri: str) -> None:
    for at, score in enumerate((0.5, 0.9, 0.1)):
        lab.runner.results[f"Try-{at}"] = {"OutputParameters": {"Score": score, "Uri": f"s3://b/{at}"}}
    reads = {
        "BEST": {"Get": "Steps.Each.Selected.OutputParameters['Uri']"},
        "FIRST": {"Get": "Steps.Each.IterationOutputs[0].Try.OutputParameters['Uri']"},
        "HOW": {"Get": "Steps.Each.Status"},
        "MANY": {"Get": "Steps.Each.SucceededStepCount"},
    }
    text = document(
        loop("Each", ["x", "y", "z"], scored(), selector=best(pick)),
        processing("Use", arguments={"Environment": reads}),
    )
    assert lab.run(text).status == "Succeeded"
    wanted = {"BEST": uri, "FIRST": "s3://b/0", "HOW": "Succeeded", "MANY": 3}
    assert lab.runner.asked["Use"]["Environment"] == wanted


def test_a_failed_item_fails_the_loop_once_the_others_have_ended(lab: Lab) -> None:
    lab.runner.behave["First-1"] = ends(StepFailed("disk full"))
    second = processing("Second", DependsOn=["First"])
    outcome = lab.run(document(loop("Each", ["a", "b", "c"], processing("First"), second)))
    assert outcome == Outcome(
        "Failed", "Step failure: One or multiple steps failed. Each: 1 of 6 steps failed"
    )
    assert lab.statuses()["First-1"] == "Failed"
    assert set(lab.records) == {"Each", *(f"First-{at}" for at in range(3)), "Second-0", "Second-2"}


def test_a_step_that_runs_in_any_case_reads_the_counts_of_a_failed_loop(lab: Lab) -> None:
    lab.runner.behave["Do-0"] = ends(StepFailed("no"))
    reads = {"HOW": {"Get": "Steps.Each.Status"}, "BAD": {"Get": "Steps.Each.FailedStepCount"}}
    always = processing(
        "Always", DependsOn=[{"Step": "Each", "Trigger": "Any"}], arguments={"Environment": reads}
    )
    assert (
        lab.run(document(loop("Each", ["a", "b"], processing("Do")), always)).status
        == "CompletedWithFailures"
    )
    assert lab.runner.asked["Always"]["Environment"] == {"HOW": "Failed", "BAD": 1}


def test_a_selector_field_that_is_no_number_fails_the_loop(lab: Lab) -> None:
    lab.runner.results["Try-0"] = {"OutputParameters": {"Score": "high", "Uri": ""}}
    assert lab.run(document(loop("Each", ["x"], scored(), selector=best("MaxBy")))).status == "Failed"
    assert "must be a number in every iteration, got 'high'" in lab.records["Each"]["FailureReason"]


def test_a_stop_stops_the_loop(lab: Lab) -> None:
    execution = lab.execution(document(loop("Each", ["a", "b"], processing("Do"), most=1)))
    lab.runner.behave["Do-0"] = lambda stop: execution.stop.set()
    assert execution.run().status == "Stopped"
    assert lab.statuses() == {"Each": "Stopped", "Do-0": "Succeeded"}


def test_kept_items_are_not_run_again(lab: Lab) -> None:
    kept = {"Do-0": {"Environment": {"ITEM": "a"}}}
    assert lab.run(document(loop("Each", ["a", "b"], processing("Do"))), kept=kept).status == "Succeeded"
    assert set(lab.runner.asked) == {"Do-1"}
    assert lab.left["Each"]["IterationOutputs"][0] == {"Do": kept["Do-0"]}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            document(loop("E", [], processing("D"))),
            "IterableItems must be an expression or a list of 1 to 100",
        ),
        (document(loop("E", "abc", processing("D"))), "IterableItems must be"),
        (
            document(loop("E", ["a"], processing("D"), most=51)),
            "MaxConcurrency must be a whole number from 1 to 50, got 51",
        ),
        (document(loop("E", ["a"], processing("D"), most=None)), "MaxConcurrency must be"),
        (document(loop("E", ["a"])), "needs ForEachBody"),
        (document(loop("E", ["a"], fail("D", ""))), "a Fail step may not be inside a ForEach step"),
        (
            document(loop("E", ["a"], condition("D", [equals(1, 1)], []))),
            "a Condition step may not be inside a ForEach step",
        ),
        (document(loop("E", ["a"], loop("D", ["b"], processing("C")))), "a ForEach step may not be inside"),
        (document(loop("E", ["a"], processing("D")), processing("D")), "'D' is used twice"),
        (document(loop("E", ["a"], processing("D")), processing("D-0")), "runs in ForEach step 'E'"),
        (document(processing("D", arguments=USE_ITEM)), "reads ForEach.CurrentItem, but is in no ForEach"),
        (document(loop("E", [ITEM], processing("D"))), "'E' reads ForEach.CurrentItem"),
        (
            document(loop("E", ["a"], processing("D"), selector={"Pick": "Best"})),
            "Selector.Pick must be one of",
        ),
        (document(loop("E", ["a"], scored(), selector=best("MaxBy", "Other"))), "Selector.Field must be"),
        (
            document(
                loop("E", ["a"], scored(), selector={"Pick": "MaxBy", "Field": {"Get": "Parameters.P"}})
            ),
            "Selector.Field must be",
        ),
        (
            document(loop("E", ["a"], processing("D", DependsOn=["C"]), processing("C", DependsOn=["D"]))),
            "circle",
        ),
        (document(loop("E", ["a"], processing("D", DependsOn=["E"]))), "circle"),
        (
            document(loop("E", ["a"], processing("D")), processing("F", DependsOn=["D"])),
            "'D', which is not there",
        ),
    ],
)
def test_a_loop_that_cannot_run_is_named(text: str, named: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(text)
    assert named in str(caught.value)
