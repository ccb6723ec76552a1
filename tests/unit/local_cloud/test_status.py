"""What `status` says of a running cloud."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_cloud import children, launcher, processes, status
from local_cloud.launcher import Cloud
from local_cloud.sagemaker import operations, overview
from local_cloud.sagemaker.context import Context
from local_cloud.state import folder

TOLD = {
    "running": {"PipelineExecution": 1, "Endpoint": 2, "TrainingJob": 0},
    "processes": [{"pid": 7, "folder": "endpoints/a/b/e"}, {"pid": 8, "folder": "endpoints/a/b/e"}],
}


def lines(monkeypatch: pytest.MonkeyPatch, told: dict[str, Any] | None, **more: Any) -> list[str]:
    monkeypatch.setattr(launcher, "ask", lambda cloud, name, timeout=2.0: told)
    started = (datetime.now(UTC) - timedelta(hours=2, minutes=5)).isoformat(timespec="seconds")
    cloud = Cloud(os.getpid(), 4566, "http://127.0.0.1:4566", "1", "here", started, **more)
    return list(status.lines(Path("/home"), cloud))


def test_where_it_is_and_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    said = lines(monkeypatch, TOLD, auth=True, speed=60.0)
    assert said[0].startswith("running: http://127.0.0.1:4566 (account 1, region here, pid ")
    assert said[0].endswith("); permissions enforced; waits 60 times faster")
    assert said[1:3] == ["page: http://127.0.0.1:4566/_local_cloud/", "log: /home/server.log"]
    assert said[3].startswith("up for 2 h 5 min, since ")
    assert said[4].startswith("memory: ")
    assert said[5:] == [
        "state: in memory alone; --state keeps it",
        "runs: 1 pipeline executions, 2 endpoints",
        "  endpoints/a/b/e: pid 7, 8",
    ]


def test_how_large_the_state_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held = folder.hold(tmp_path)
    held.database.write_bytes(b"x" * 3 * 2**20)
    assert f"state: {tmp_path}, 3.0 MiB" in lines(monkeypatch, TOLD, state=str(tmp_path))
    held.release()


def test_a_cloud_that_does_not_answer_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    said = lines(monkeypatch, None)
    assert said[0].startswith("running, but not answering: ")
    assert not any(line.startswith("runs") for line in said)


def test_memory_of_processes_that_have_ended_is_none() -> None:
    assert processes.resident([os.getpid()]) > 2**20
    assert processes.resident([2**22 + 1]) == 0


def test_the_server_counts_what_runs_and_names_its_processes(tmp_path: Path) -> None:
    ctx = Context("1", "here", "http://127.0.0.1:9", tmp_path)
    for number, state in enumerate(("InProgress", "Completed", "Stopping")):
        ctx.store.put("TrainingJob", f"t{number}", {"TrainingJobStatus": state})
    ctx.store.put("Endpoint", "e", {"EndpointStatus": "InService"})
    work = tmp_path / "jobs" / "one"
    work.mkdir(parents=True)
    child = children.spawn(["sleep", "60"], env={"PATH": os.environ["PATH"]}, cwd=work)
    try:
        found = operations.find_route("GET", overview.PATH)
        assert found is not None
        assert overview.running(ctx)["TrainingJob"] == 2
        assert overview.running(ctx)["Endpoint"] == 1
        assert {"pid": child.pid, "folder": "jobs/one"} in overview.processes(ctx)
    finally:
        child.terminate(0.0)
    assert child.pid not in [one["pid"] for one in overview.processes(ctx)]
