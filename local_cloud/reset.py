"""Empties a local cloud: all that its home and its state folder hold, and nothing that is not its own."""

from __future__ import annotations

from pathlib import Path

from local_cloud import home as homes
from local_cloud import launcher
from local_cloud.cloud import Cloud
from local_cloud.home import HomeError
from local_cloud.launcher import LaunchError
from local_cloud.options import Options
from local_cloud.state import folder
from local_cloud.state.folder import StateError


def reset(home: Path, state: Path | None = None) -> tuple[bool, Cloud | None]:
    """Delete all that a cloud has kept; one that runs starts anew, empty, with its port and options.

    Parameters
    ----------
    home
        Its home: jobs, endpoints and the log in it are deleted.
    state
        A state folder to empty beside the one that the cloud of this home uses, or used when it died.

    Returns
    -------
    Whether there was anything, and the cloud that runs now.

    Raises
    ------
    LaunchError
        A folder was not made by a local cloud, or another one uses it; nothing is deleted then.
    """
    home = home.resolve()
    last, running = launcher.last(home), launcher.find(home)
    states = {Path(last.state)} if last and last.state else set()
    states |= {state.resolve()} if state else set()
    _check(home, states)
    if running is not None:
        launcher.stop(home)
    try:
        found = sum(folder.empty(one) for one in states) > 0  # all of them, not the first alone
        if homes.is_claimed(home):
            with launcher.locked(home):
                found |= homes.clear(home, (launcher.STATE_FILE, launcher.LOG_FILE))
    except (HomeError, StateError) as error:
        raise LaunchError(str(error)) from error
    return (True, launcher.start(home, running.port, options_of(running))) if running else (found, None)


def options_of(cloud: Cloud) -> Options:
    """The options a cloud was started with."""
    state = Path(cloud.state) if cloud.state else None
    return Options(cloud.region, cloud.account, cloud.auth, state, cloud.speed)


def _check(home: Path, states: set[Path]) -> None:
    if home.exists() and not homes.is_claimed(home):
        raise LaunchError(f"{home} was not made by the local cloud; nothing was deleted")
    for state in states:
        if state.exists() and not folder.is_state(state):
            raise LaunchError(
                f"{state} was not made by the local cloud to keep its state; nothing was deleted"
            )
