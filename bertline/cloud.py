"""Starting and stopping the local cloud, which is a program of its own."""

import sys

from bertline.errors import ToolFailed
from bertline.paths import CLOUD_HOME, private_home
from bertline.processes import run
from bertline.target import Target, check_place, local_cloud, place_of


def up(environment: str, port: int | None = None) -> tuple[Target, bool]:
    """Start the local cloud for an environment unless it runs; return it and whether this call started it.

    Raises
    ------
    BertlineError
        It runs for another region or account than the environment's.
    """
    place = place_of(environment)
    running = local_cloud()
    if running:
        check_place(running, place, environment)
        return running, False
    arguments = ["up", "--home", str(CLOUD_HOME), "--region", place.region]
    if place.account:
        arguments += ["--account", place.account]
    if port is not None:
        arguments += ["--port", str(port)]
    private_home()
    run([sys.executable, "-m", "local_cloud", *arguments], log="local-cloud.log")
    started = local_cloud()
    if started is None:
        raise ToolFailed(f"the local cloud ended right after its start: see {CLOUD_HOME / 'server.log'}")
    return started, True


def down() -> bool:
    """Stop the local cloud and everything it runs; False if it was not running."""
    was_running = local_cloud() is not None
    if CLOUD_HOME.is_dir():
        run([sys.executable, "-m", "local_cloud", "down", "--home", str(CLOUD_HOME)], log="local-cloud.log")
    return was_running
