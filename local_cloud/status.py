"""What `up` and `status` say of a running cloud, for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_cloud import launcher, processes
from local_cloud.cloud import Cloud
from local_cloud.state import folder

_WORDS = {
    "ProcessingJob": "processing jobs",
    "TrainingJob": "training jobs",
    "TransformJob": "transform jobs",
    "HyperParameterTuningJob": "tuning jobs",
    "PipelineExecution": "pipeline executions",
    "Endpoint": "endpoints",
}
_MIB = 2**20


def where(cloud: Cloud) -> str:
    """Where a cloud is to be found and how it behaves, in a line."""
    how = ["permissions enforced"] if cloud.auth else []
    how += [f"records kept in {cloud.state}"] if cloud.state else []
    how += [f"waits {cloud.speed:g} times faster"] if cloud.speed != 1 else []
    place = f"{cloud.endpoint_url} (account {cloud.account}, region {cloud.region}, pid {cloud.pid})"
    return "; ".join([place, *how])


def lines(home: Path, cloud: Cloud) -> Iterator[str]:
    """All that `status` says of a cloud."""
    told = launcher.ask(cloud, "status")
    answers = launcher.health(cloud) is not None
    yield f"{'running' if answers else 'running, but not answering'}: {where(cloud)}"
    yield f"page: {cloud.page}"
    yield f"log: {home / launcher.LOG_FILE}"
    family = [cloud.pid, *(process.pid for process in processes.descendants(cloud.pid))]
    server, all_of_it = processes.resident([cloud.pid]), processes.resident(family)
    yield f"up for {_ago(cloud.started)}, since {cloud.started}"
    yield f"memory: {server / _MIB:.0f} MiB, {all_of_it / _MIB:.0f} MiB with its {len(family) - 1} processes"
    if cloud.state:
        yield f"state: {cloud.state}, {folder.size(Path(cloud.state)) / _MIB:.1f} MiB"
    else:
        yield "state: in memory alone; --state keeps it"
    if told is not None:
        yield from _running(told)


def _running(told: dict[str, Any]) -> Iterator[str]:
    counts = [
        f"{told['running'][kind]} {words}" for kind, words in _WORDS.items() if told["running"].get(kind)
    ]
    yield f"runs: {', '.join(counts) or 'nothing'}"
    folders: dict[str, list[str]] = defaultdict(list)
    for process in told["processes"]:
        folders[process["folder"]].append(str(process["pid"]))
    for name, pids in folders.items():
        yield f"  {name}: pid {', '.join(pids)}"


def _ago(started: str) -> str:
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds())
    hours, rest = divmod(seconds, 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
