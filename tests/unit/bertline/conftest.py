"""Fakes of the AWS clients: what they were asked is kept, what they answer is set by the test."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bertline.platform import Platform
from bertline.target import Kind, Target


class FakeClient:
    """Answers `client.operation(**arguments)` from a table; an answer may be a function of the arguments."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation not in self.answers:
            raise AttributeError(f"the test gives no answer for {operation}")

        def call(**arguments: Any) -> Any:
            self.calls.append((operation, arguments))
            answer = self.answers[operation]
            return answer(**arguments) if callable(answer) else answer

        return call

    def get_paginator(self, operation: str) -> "FakePages":
        return FakePages(getattr(self, operation))


class FakePages:
    """One page, the operation's own answer."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call

    def paginate(self, **arguments: Any) -> list[Any]:
        return [self.call(**arguments)]


@dataclass(frozen=True)
class FakeTarget(Target):
    kind: Kind = "local"
    region: str = "us-east-1"
    clients: dict[str, FakeClient] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return self.clients[service]


@pytest.fixture
def fake() -> Callable[..., FakeTarget]:
    """`fake(sagemaker={"describe_endpoint": {...}})` makes a target."""

    def make(**services: dict[str, Any]) -> FakeTarget:
        return FakeTarget(
            clients={name.replace("_", "-"): FakeClient(answers) for name, answers in services.items()}
        )

    return make


@pytest.fixture
def place() -> Platform:
    return Platform(
        "dev", "raw", "artifacts", "bertline-dev-reviews", "bertline-dev", "bertline-dev", "bertline-dev"
    )


def client_error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")
