"""Starting and stopping the local cloud, which is a program of its own."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bertline.errors import BertlineError, ToolFailed
from bertline.paths import CLOUD_HOME, private_home
from bertline.processes import run
from bertline.target import Target, check_place, local_cloud, place_of


@dataclass(frozen=True)
class Wishes:
    """How the local cloud is to behave; None leaves it to the default, or to the cloud that runs.

    Parameters
    ----------
    port
        Port on 127.0.0.1; any free one if it is taken.
    auth
        Whether permissions are enforced, as on AWS. They are unless this says no.
    state
        Folder that keeps everything between starts; without one, memory alone holds it.
    speed
        Times by which bake times, alarm periods and cooldowns are faster.
    """

    port: int | None = None
    auth: bool | None = None
    state: Path | None = None
    speed: float | None = None

    def arguments(self) -> list[str]:
        """The wishes as `local_cloud up` takes them."""
        words = [] if self.port is None else ["--port", str(self.port)]
        words += [] if self.auth is False else ["--auth"]
        words += [] if self.state is None else ["--state", str(self.state.resolve())]
        return words + ([] if self.speed is None else ["--speed", f"{self.speed:g}"])

    def check(self, running: dict[str, object]) -> None:
        """Raise BertlineError if the cloud that runs was started with another wish than one of these."""
        wanted = {
            "port": self.port,
            "auth": self.auth,
            "state": str(self.state.resolve()) if self.state else None,
            "speed": self.speed,
        }
        for name, value in wanted.items():
            if value is not None and running.get(name) != value:
                raise BertlineError(
                    f"the local cloud runs already, with {name} = {running.get(name)} and not {value}: "
                    "stop it with `bertline down` and start it again"
                )


DEFAULT = Wishes()


def up(environment: str, wishes: Wishes = DEFAULT) -> tuple[Target, bool]:
    """Start the local cloud for an environment unless it runs; return it and whether this call started it.

    Raises
    ------
    BertlineError
        It runs for another region or account than the environment's, or with other wishes.
    """
    place = place_of(environment)
    running = local_cloud()
    if running:
        check_place(running, place, environment)
        wishes.check(json.loads((CLOUD_HOME / "cloud.json").read_text()))
        return running, False
    where = ["--region", place.region] + (["--account", place.account] if place.account else [])
    private_home()
    _tool("up", *where, *wishes.arguments())
    started = local_cloud()
    if started is None:
        raise ToolFailed(f"the local cloud ended right after its start: see {CLOUD_HOME / 'server.log'}")
    return started, True


def down() -> bool:
    """Stop the local cloud and everything it runs; False if it was not running."""
    was_running = local_cloud() is not None
    if CLOUD_HOME.is_dir():
        _tool("down")
    return was_running


def reset(state: Path | None = None) -> None:
    """Empty the local cloud, and the folder that keeps its state; ToolFailed if that is not one."""
    private_home()
    _tool("reset", *(["--state", str(state.resolve())] if state else []))


def describe(on_line: Callable[[str], None]) -> None:
    """Say what runs and where, line by line."""
    _tool("status", on_line=on_line)


def _tool(command: str, *arguments: str, on_line: Callable[[str], None] = lambda line: None) -> None:
    words = [sys.executable, "-m", "local_cloud", command, "--home", str(CLOUD_HOME), *arguments]
    run(words, log="local-cloud.log", on_line=on_line)
