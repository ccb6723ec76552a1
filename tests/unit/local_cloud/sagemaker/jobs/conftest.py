"""Jobs run for real, without CloudWatch and without STS."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.sagemaker.jobs import processing, training
from local_cloud.sagemaker.jobs.logs import LogShipper

from ..conftest import AccountContext


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No CloudWatch, no STS."""

    class Silent(LogShipper):
        def __init__(self, *_: Any, **__: Any) -> None: ...
        def line(self, number: int, text: str) -> None: ...
        def metric(self, metric: dict[str, Any]) -> None: ...
        def close(self) -> None: ...

    monkeypatch.setattr(processing, "LogShipper", Silent)
    monkeypatch.setattr(training, "LogShipper", Silent)
    monkeypatch.setattr(AccountContext, "job_environment", lambda self, role: {"ROLE": role})
