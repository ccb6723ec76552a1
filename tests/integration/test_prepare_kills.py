"""Prepare is killed at random moments and run again: same dataset, no review lost or doubled in the store."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import ACCOUNT, REGION, ROOT, Cloud
from tests.integration.reviews import create_group, flush, offline_rows
from tests.unit.pipeline_code.workspace import Workspace, write_raw

pytestmark = pytest.mark.integration
KILLS = int(os.environ.get("BERTLINE_KILLS", "5"))
GROUPS, SENTENCES = 400, 10


def start(cloud: Cloud, world: Workspace, feature_group: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
    }
    arguments = world.prepare_arguments(feature_group_name=feature_group)
    command = [sys.executable, "-m", "pipeline_code.jobs.prepare", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def timed_run(cloud: Cloud, world: Workspace, feature_group: str) -> float:
    """Run Prepare to its end; return its seconds."""
    begun = time.monotonic()
    process = start(cloud, world, feature_group)
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0, told.decode()
    return time.monotonic() - begun


def outcome(world: Workspace) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Prepare's report and the bytes of its features."""
    report = json.loads((world.prepared / "prepare-algo-1.json").read_text())
    parts = [path for split in ("train", "checked", "test") for path in (world.root / split).iterdir()]
    return report, {f"{path.parent.name}/{path.name}": path.read_bytes() for path in parts}


def test_killed_and_run_again_it_makes_the_same_and_writes_once(cloud: Cloud, tmp_path: Path) -> None:
    world = Workspace(tmp_path).fill()
    write_raw(world.raw, GROUPS, SENTENCES)
    world.validate()
    whole = create_group(cloud, "prepared-whole")
    duration = timed_run(cloud, world, whole.name)
    expected, files = outcome(world)

    chance = random.Random(11)  # noqa: S311 - moments, not secrets
    groups, kills, while_writing = [], 0, 0
    while kills < KILLS:
        assert len(groups) < 3 * KILLS, "most runs ended before they were killed"
        groups.append(create_group(cloud, f"prepared-killed-{len(groups)}"))
        process = start(cloud, world, groups[-1].name)
        time.sleep(chance.uniform(0.0, duration))
        kills += process.poll() is None
        process.kill()
        process.communicate()
        duration = timed_run(cloud, world, groups[-1].name)
        report, again = outcome(world)
        assert report["dataset"] == expected["dataset"]
        assert again == files
        while_writing += 0 < report["feature_store"]["unchanged"] < expected["dataset"]["rows"]
    flush(cloud)
    stored = Counter(offline_rows(cloud, whole)["review_id"].to_pylist())
    assert stored
    assert set(stored.values()) == {1}
    for group in groups:
        assert Counter(offline_rows(cloud, group)["review_id"].to_pylist()) == stored
    print(
        f"kills={kills} while_writing={while_writing} records={len(stored)} lost=0 doubled=0 "
        f"dataset={expected['dataset']['hash']}"
    )
