"""Events are read or refused with what they lack."""

from typing import Any

import pytest

from infra.serving.runtime.errors import EventError
from infra.serving.runtime.events import changed_endpoint, read_approval
from infra.serving.runtime.notes import Approval
from tests.unit.infra.serving.runtime.conftest import NOON, PACKAGE

APPROVAL = {"time": "2026-11-23T12:00:00Z", "detail": {"ModelPackageArn": PACKAGE}}


def test_the_package_and_the_endpoint_are_read() -> None:
    assert read_approval(APPROVAL) == Approval(PACKAGE, NOON)
    assert changed_endpoint({"detail": {"EndpointName": "e"}}) == "e"


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"detail": {}}, {"detail": {"EndpointName": ""}}])
def test_what_is_missing_is_named(event: dict[str, Any]) -> None:
    with pytest.raises(EventError, match=r"event 42: detail\.EndpointName is missing"):
        changed_endpoint({"id": "42", **event})


@pytest.mark.parametrize(
    ("fields", "approves"),
    [
        (None, True),
        ([], True),
        (["ModelApprovalStatus"], True),
        (["ApprovalDescription", "ModelApprovalStatus"], True),
        (["CustomerMetadataProperties"], False),
    ],
)
def test_the_edit_of_an_approved_package_is_no_approval(fields: list[str] | None, approves: bool) -> None:
    event = {**APPROVAL, "detail": {"ModelPackageArn": PACKAGE, "UpdatedModelPackageFields": fields}}
    assert (read_approval(event) is not None) is approves


@pytest.mark.parametrize(
    "time", ["2026-11-23T12:00:00Z", "2026-11-23T14:00:00+02:00", "2026-11-23T12:00:00.000"]
)
def test_times_are_compared_in_one_zone(time: str) -> None:
    assert read_approval({**APPROVAL, "time": time}) == Approval(PACKAGE, NOON)


@pytest.mark.parametrize("time", [None, "", "yesterday"])
def test_an_approval_without_a_time_is_refused(time: str | None) -> None:
    with pytest.raises(EventError, match=r"event 42: time .* is no moment"):
        read_approval({**APPROVAL, "id": "42", "time": time})
