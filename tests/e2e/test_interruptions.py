"""A local cloud that dies in the middle of training leaves nothing behind and comes back."""

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bertline import watch
from bertline.runs import start

from . import cloud

pytestmark = pytest.mark.e2e


def test_a_killed_local_cloud_leaves_no_orphan_and_starts_again(assembly: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with cloud.running(home) as target:
        place = cloud.deployed(home, assembly)
        inputs = cloud.upload_inputs(target, place, tmp_path, reviews=90)
        arn = start(target, place, {**inputs, "Epochs": "50"}, "to be killed")
        assert eventually(lambda: watch.look(target, arn).step("Train").state == "Executing", seconds=120)
        assert eventually(lambda: len(cloud.processes_of(home)) > 1, seconds=30)
        os.kill(json.loads((home / "cloud.json").read_text())["pid"], signal.SIGKILL)
        assert eventually(lambda: cloud.processes_of(home) == [], seconds=30), cloud.processes_of(home)
    with cloud.running(home) as target:
        assert cloud.deployed(home, assembly).pipeline == "bertline-dev"


def eventually(true: Callable[[], bool], seconds: float) -> bool:
    """Whether it becomes true within the time."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.25)):
        if true():
            return True
        pause.wait(0.25)
    return False
