"""Fakes of the AWS clients: what they were asked is kept, what they answer is set by the test."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

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


class FakeS3:
    """Objects in memory; the keys of another bucket than `raw` begin with its name."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def upload_fileobj(self, stream: IO[bytes], bucket: str, key: str) -> None:
        self.objects[_whole(bucket, key)] = stream.read()

    def get_object(self, *, Bucket: str, Key: str, IfMatch: str) -> dict[str, Any]:
        content = self.objects[_whole(Bucket, Key)]
        if IfMatch != _etag(content):
            raise client_error("PreconditionFailed", "At least one of the pre-conditions did not hold")
        return {"Body": io.BytesIO(content)}

    def get_paginator(self, operation: str) -> "FakeS3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[Any]:
        start = _whole(Bucket, "")
        keys = [key for key in self.objects if key.startswith(start + Prefix)]
        return [
            {
                "Contents": [
                    {"Key": key.removeprefix(start), "Size": len(content), "ETag": _etag(content)}
                    for key, content in ((key, self.objects[key]) for key in keys)
                ]
            }
        ]


def _whole(bucket: str, key: str) -> str:
    return key if bucket == "raw" else f"{bucket}/{key}"


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class FakeTarget(Target):
    kind: Kind = "local"
    region: str = "us-east-1"
    clients: dict[str, Any] = field(default_factory=dict)

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
