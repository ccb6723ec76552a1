"""Jobs run for real, without CloudWatch and without STS."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.sagemaker.jobs import logs, mirror

from ..conftest import AccountContext


class Silent(logs.LogShipper):
    """Takes lines and metrics, and sends nothing."""

    started = 0

    def __init__(self, *_: Any, **__: Any) -> None: ...
    def say(self, stream: str, text: str) -> None: ...
    def metric(self, metric: dict[str, Any]) -> None: ...
    def close(self) -> None: ...

    def line(self, number: int, text: str) -> None: ...


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No CloudWatch, no STS; what is uploaded continuously is uploaded at once."""
    monkeypatch.setattr(logs, "LogShipper", Silent)
    monkeypatch.setattr(mirror, "_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(AccountContext, "job_environment", lambda self, role: {"ROLE": role})
