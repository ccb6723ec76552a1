"""Events are read or refused with what they lack."""

from typing import Any

import pytest

from infra.serving.runtime.errors import EventError
from infra.serving.runtime.events import approved_package, changed_endpoint


def test_the_package_and_the_endpoint_are_read() -> None:
    assert approved_package({"detail": {"ModelPackageArn": "arn:x"}}) == "arn:x"
    assert changed_endpoint({"detail": {"EndpointName": "e"}}) == "e"


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"detail": {}}, {"detail": {"EndpointName": ""}}])
def test_what_is_missing_is_named(event: dict[str, Any]) -> None:
    with pytest.raises(EventError, match=r"event 42: detail\.EndpointName is missing"):
        changed_endpoint({"id": "42", **event})
