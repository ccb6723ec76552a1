"""Pipelines without an emulator: a SageMaker client that calls the operations, and jobs without a log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from local_cloud.sagemaker import model, operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import logs

from ..conftest import ACCOUNT, REGION, AccountContext
from .lab import Lab

Json = dict[str, Any]
Call = Callable[[Json], Json]


class DirectClient:
    """As much of a SageMaker client as steps use; `answers` stand in for operations."""

    def __init__(self, ctx: PipelineContext) -> None:
        self._ctx = ctx

    def __getattr__(self, method: str) -> Callable[..., Json]:
        names = {xform_name(name): name for name in model.operation_names()}
        name = names[method]

        def call(**params: Any) -> Json:
            self._ctx.calls.append((name, params))
            if name in self._ctx.answers:
                return self._ctx.answers[name](params)
            try:
                return operations.call(self._ctx, name, params)
            except ServiceError as error:
                raise refusal(error.code, error.message, name, status=error.status) from error

        return call


class PipelineContext(AccountContext):
    """A context whose SageMaker client calls the operations of this process, whatever the role.

    `roles` notes who asked for which client; `answers` replaces operations, and `clients` other services.
    """

    def __init__(self, *members: Any, **named: Any) -> None:
        super().__init__(*members, **named)
        self.calls: list[tuple[str, Json]] = []
        self.roles: list[tuple[str, str | None]] = []
        self.answers: dict[str, Call] = {}
        self.clients: dict[str, Any] = {}

    def client(self, service: str, role_arn: str | None = None) -> Any:
        self.roles.append((service, role_arn))
        if service == "sagemaker":
            return DirectClient(self)
        return self.clients[service] if service in self.clients else super().client(service, role_arn)


def refusal(code: str, message: str, operation: str = "Create", *, status: int = 400) -> ClientError:
    """What a client raises when the service refuses."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)  # type: ignore[arg-type]


@pytest.fixture
def ctx(tmp_path: Path, events: list[Any]) -> PipelineContext:
    def sink(account: str, region: str, detail_type: str, detail: Any, resources: Any) -> None:
        events.append((detail_type, detail))

    return PipelineContext(ACCOUNT, REGION, "http://127.0.0.1:1", tmp_path, event_sink=sink)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processing jobs run for real, but write no log."""

    class Silent(logs.LogShipper):
        def __init__(self, *_: Any, **__: Any) -> None: ...
        def line(self, number: int, text: str) -> None: ...
        def say(self, stream: str, text: str) -> None: ...
        def close(self) -> None: ...

    monkeypatch.setattr(logs, "LogShipper", Silent)
    monkeypatch.setattr(AccountContext, "job_environment", lambda self, role: {"ROLE": role})


@pytest.fixture
def lab() -> Lab:
    return Lab()
