"""Approval: the command waits for the endpoint that holds exactly the approved package."""

from collections.abc import Callable
from typing import Any

import pytest

from bertline import approval
from bertline.errors import BertlineError
from bertline.platform import Platform

from .conftest import client_error

PACKAGE = "arn:aws:sagemaker:r:a:model-package/bertline-dev/2"
Fake = Callable[..., Any]


def serving(package: str, *states: str) -> dict[str, Any]:
    """An endpoint that goes through the states, one a question."""
    left = list(states)

    def describe(**_: Any) -> dict[str, str]:
        state = left.pop(0) if len(left) > 1 else left[0]
        if state == "absent":
            raise client_error("ValidationException", "Could not find endpoint")
        return {"EndpointStatus": state, "EndpointConfigName": "c"}

    return {
        "describe_endpoint": describe,
        "describe_endpoint_config": {"ProductionVariants": [{"ModelName": "m"}]},
        "describe_model": {"PrimaryContainer": {"ModelPackageName": package}},
    }


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    monkeypatch.setitem(approval.PATIENCE, "local", 10.0)


def test_it_waits_through_creation(fake: Fake) -> None:
    seen: list[str] = []
    target = fake(sagemaker=serving(PACKAGE, "absent", "Creating", "InService"))
    approval.wait_until_served(target, "bertline-dev", PACKAGE, seen.append)
    assert seen == ["not there yet", "Creating", "InService"]


def test_another_package_in_service_is_not_enough(fake: Fake) -> None:
    target = fake(sagemaker=serving("arn:aws:sagemaker:r:a:model-package/bertline-dev/1", "InService"))
    with pytest.raises(BertlineError, match="does not serve"):
        approval.wait_until_served(target, "bertline-dev", PACKAGE)


def test_a_failed_endpoint_ends_the_wait(fake: Fake) -> None:
    with pytest.raises(BertlineError, match="failed"):
        approval.wait_until_served(
            fake(sagemaker=serving(PACKAGE, "Creating", "Failed")), "bertline-dev", PACKAGE
        )


def test_versions_are_found_by_number_and_missing_ones_named(fake: Fake, place: Platform) -> None:
    packages = [{"ModelPackageVersion": v, "ModelPackageArn": f"arn:{v}"} for v in (2, 1)]
    target = fake(sagemaker={"list_model_packages": {"ModelPackageSummaryList": packages}})
    assert approval.find(target, place, 1) == "arn:1"
    assert approval.find(target, place, None) == "arn:2"
    with pytest.raises(BertlineError, match=r"no version 7 \(there are: 1, 2\)"):
        approval.find(target, place, 7)


def test_an_empty_group_says_what_to_do(fake: Fake, place: Platform) -> None:
    target = fake(sagemaker={"list_model_packages": {"ModelPackageSummaryList": []}})
    with pytest.raises(BertlineError, match="run the pipeline first"):
        approval.newest(target, place)


@pytest.mark.parametrize(
    ("before", "statuses"),
    [
        ("PendingManualApproval", ["Approved"]),
        ("Rejected", ["Approved"]),
        ("Approved", ["PendingManualApproval", "Approved"]),  # going back to it: a change is what deploys
    ],
)
def test_an_approval_is_always_a_change_of_the_status(fake: Fake, before: str, statuses: list[str]) -> None:
    seen: list[str] = []
    target = fake(
        sagemaker={
            "describe_model_package": {"ModelApprovalStatus": before},
            "update_model_package": lambda **asked: seen.append(asked["ModelApprovalStatus"]),
        }
    )
    approval.approve(target, PACKAGE, "why")
    assert seen == statuses
