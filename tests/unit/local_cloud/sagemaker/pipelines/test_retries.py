"""Retry policies: what is accepted, how long is waited, and when retries cease."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.sagemaker.pipelines import retries
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed
from local_cloud.sagemaker.pipelines.retries import Retries, RetryPolicy, parse

from .documents import document, lambda_step, processing
from .lab import Lab

INTERNAL, CAPACITY = "SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR"
THROTTLING, FAULT = "Step.THROTTLING", "Step.SERVICE_FAULT"


def test_defaults_are_those_of_the_service() -> None:
    (policy,) = parse([{"ExceptionType": [INTERNAL]}], "Training")
    assert policy == RetryPolicy((INTERNAL,), interval=1, backoff=2.0, attempts=5, minutes=None)


def test_one_type_and_the_older_name_are_understood() -> None:
    (policy,) = parse([{"ExceptionType": "SageMaker.JOB_CAPACITY_ERROR", "ExpireAfterMin": 5}], "Processing")
    assert policy == RetryPolicy((CAPACITY,), attempts=None, minutes=5)


@pytest.mark.parametrize(
    ("type_", "policy", "named"),
    [
        (
            "Lambda",
            {"ExceptionType": [THROTTLING]},
            "a Lambda step takes no RetryPolicies; these do: Processing",
        ),
        ("Training", {}, "ExceptionType of a Training step must be of"),
        ("Training", {"ExceptionType": ["Step.BAD_LUCK"]}, "'Step.BAD_LUCK'"),
        ("RegisterModel", {"ExceptionType": [INTERNAL]}, r"of \[Step.SERVICE_FAULT, Step.THROTTLING\]"),
        (
            "Training",
            {"ExceptionType": [FAULT], "MaxAttempts": 1, "ExpireAfterMin": 1},
            "MaxAttempts or ExpireAfterMin, not both",
        ),
        ("Training", {"ExceptionType": [FAULT], "MaxAttempts": 21}, "MaxAttempts must be .* 20, got 21"),
        ("Training", {"ExceptionType": [FAULT], "ExpireAfterMin": 14401}, "ExpireAfterMin must be"),
        ("Training", {"ExceptionType": [FAULT], "IntervalSeconds": 43201}, "IntervalSeconds must be"),
        ("Training", {"ExceptionType": [FAULT], "IntervalSeconds": 0.5}, "IntervalSeconds must be"),
        ("Training", {"ExceptionType": [FAULT], "BackoffRate": "2"}, "BackoffRate must be"),
    ],
)
def test_a_policy_that_the_service_does_not_take_is_refused(
    type_: str, policy: dict[str, Any], named: str
) -> None:
    with pytest.raises(DefinitionError, match=named):
        parse([policy], type_)


def test_waits_grow_by_the_backoff_rate_until_the_attempts_are_used() -> None:
    run = Retries((RetryPolicy((INTERNAL,), interval=10, backoff=3.0, attempts=3),))
    assert [run.next_wait(INTERNAL, 0) for _ in range(4)] == [10, 30, 90, None]
    assert run.next_wait(CAPACITY, 0) is None
    assert run.next_wait("", 0) is None


def test_nothing_is_tried_again_once_the_minutes_are_over() -> None:
    run = Retries((RetryPolicy((INTERNAL,), interval=60, backoff=1.0, attempts=None, minutes=2),))
    assert [run.next_wait(INTERNAL, elapsed) for elapsed in (0, 60, 61)] == [60, 60, None]


def test_each_policy_counts_for_itself_and_the_first_that_names_a_type_counts() -> None:
    once, twice = RetryPolicy((INTERNAL,), attempts=1), RetryPolicy((INTERNAL, CAPACITY), attempts=2)
    run = Retries((once, twice))
    faults = (INTERNAL, CAPACITY, INTERNAL, CAPACITY, CAPACITY)
    assert [run.next_wait(fault, 0) for fault in faults] == [1, 1, None, 2, None]


def test_the_service_retries_its_own_faults_unless_a_policy_says_otherwise() -> None:
    assert [Retries(()).next_wait(fault, 0) for fault in (THROTTLING, FAULT, INTERNAL)] == [1, 1, None]
    never = Retries((RetryPolicy((THROTTLING,), attempts=0),))
    assert never.next_wait(THROTTLING, 0) is None
    assert never.next_wait(FAULT, 0) == 1
    assert retries.DEFAULTS[0].attempts == 5


def _failing(times: int, fault: str) -> Callable[[threading.Event], None]:
    left = [times]

    def behave(stop: threading.Event) -> None:
        if left[0]:
            left[0] -= 1
            raise StepFailed("bad luck", fault)

    return behave


POLICY = [{"ExceptionType": [INTERNAL], "IntervalSeconds": 30, "BackoffRate": 2, "MaxAttempts": 2}]


@pytest.mark.parametrize(
    ("fails", "status", "attempts", "waits"),
    [(0, "Succeeded", 1, []), (2, "Succeeded", 3, [30, 60]), (3, "Failed", 3, [30, 60])],
)
def test_a_step_is_tried_again_and_counts_its_attempts(
    lab: Lab, fails: int, status: str, attempts: int, waits: list[float]
) -> None:
    lab.runner.behave["A"] = _failing(fails, INTERNAL)
    assert lab.run(document(processing("A", RetryPolicies=POLICY))).status == status
    assert (lab.records["A"]["AttemptCount"], lab.waits) == (attempts, waits)


def test_another_failure_is_not_tried_again(lab: Lab) -> None:
    lab.runner.behave["A"] = _failing(1, CAPACITY)
    assert lab.run(document(processing("A", RetryPolicies=POLICY))).status == "Failed"
    assert lab.waits == []


def test_faults_of_the_service_are_tried_again_for_every_type_of_step(lab: Lab) -> None:
    lab.runner.behave["A"] = _failing(2, THROTTLING)
    lab.runner.results["A"] = {"OutputParameters": {"Uri": "s3://b"}}
    assert lab.run(document(lambda_step("A"))).status == "Succeeded"
    assert lab.waits == [1, 2]


def test_every_attempt_has_a_job_name_and_time_of_its_own(lab: Lab) -> None:
    lab.runner.behave["A"] = _failing(1, INTERNAL)
    reads = {"Environment": {"T": {"Get": "Execution.CurrentDateTime"}}}
    lab.run(document(processing("A", RetryPolicies=POLICY, arguments=reads)))
    assert lab.runner.asked["A"]["Environment"] == {"T": "2026-01-01T12:00:30+00:00"}


def test_a_stop_ends_the_wait_for_the_next_attempt(lab: Lab) -> None:
    execution = lab.execution(document(processing("A", RetryPolicies=POLICY)))
    lab.runner.behave["A"] = _failing(1, INTERNAL)

    def wait(event: threading.Event, seconds: float) -> bool:
        execution.stop.set()
        return event.wait(seconds)

    object.__setattr__(execution.around, "wait", wait)
    assert execution.run().status == "Stopped"
    assert lab.statuses() == {"A": "Stopped"}


def test_a_wait_counts_once_towards_the_expiry_of_a_policy(lab: Lab) -> None:
    policy = [{"ExceptionType": [INTERNAL], "IntervalSeconds": 60, "BackoffRate": 1, "ExpireAfterMin": 2}]
    lab.runner.behave["A"] = _failing(9, INTERNAL)
    assert lab.run(document(processing("A", RetryPolicies=policy))).status == "Failed"
    assert lab.waits == [60, 60]


def test_a_wait_counts_in_full_on_a_fast_clock(lab: Lab) -> None:
    policy = [{"ExceptionType": [INTERNAL], "IntervalSeconds": 60, "BackoffRate": 1, "ExpireAfterMin": 2}]
    lab.runner.behave["A"] = _failing(9, INTERNAL)
    execution = lab.execution(document(processing("A", RetryPolicies=policy)))
    waits: list[float] = []
    object.__setattr__(execution.around, "wait", lambda event, seconds: bool(waits.append(seconds)))
    assert execution.run().status == "Failed"
    assert waits == [60, 60]
