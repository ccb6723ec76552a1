"""Starting and stopping the local cloud, which is a program of its own."""

import subprocess
import sys

from bertline.errors import ToolFailed
from bertline.paths import CLOUD_HOME, ROOT
from bertline.processes import run
from bertline.target import Target, local_cloud


def up(port: int | None = None) -> tuple[Target, bool]:
    """Start the local cloud unless it runs; return it and whether this call started it."""
    running = local_cloud()
    if running:
        return running, False
    arguments = ["up", "--home", str(CLOUD_HOME)]
    if port is not None:
        arguments += ["--port", str(port)]
    run([sys.executable, "-m", "local_cloud", *arguments], log="local-cloud.log")
    started = local_cloud()
    if started is None:
        raise ToolFailed(f"the local cloud ended right after its start: see {CLOUD_HOME / 'server.log'}")
    return started, True


def down() -> bool:
    """Stop the local cloud and everything it runs; False if it was not running."""
    was_running = local_cloud() is not None
    subprocess.run(
        [sys.executable, "-m", "local_cloud", "down", "--home", str(CLOUD_HOME)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return was_running
