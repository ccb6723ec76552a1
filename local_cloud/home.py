"""The home folder of a local cloud: known by a marker, so that nobody else's files are ever deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

MARKER = ".local-cloud-home"
WORK_FOLDERS = ("jobs", "endpoints", "tmp")
_MARKER_TEXT = "The local cloud made this folder, and empties it at each start.\n"


class HomeError(Exception):
    """A folder cannot be the home of a local cloud; the message names it and says what to do."""


def claim(home: Path) -> Path:
    """Make a folder, or take an empty one, as a home readable by its owner alone; return its full path.

    Raises
    ------
    HomeError
        The folder holds files and was not made by a local cloud, or it cannot be made.
    """
    home = home.resolve()
    try:
        if mark(home, MARKER, _MARKER_TEXT):
            return home
    except OSError as error:
        raise HomeError(f"{home} cannot be the home of the local cloud: {error}") from error
    raise HomeError(
        f"{home} holds files and was not made by the local cloud, which would delete some of them: "
        "give another --home, or empty that one"
    )


def mark(folder: Path, marker: str, text: str) -> bool:
    """Make a folder, or take an empty one, readable by its owner alone and known by a marker.

    Returns false, and changes nothing, when the folder holds files and no such marker. Raises OSError when it
    cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / marker).is_file():
        return True
    # Another start may be marking it right now. The marker is the first file it writes, so look again.
    if any(folder.iterdir()) and not (folder / marker).is_file():
        return False
    folder.chmod(0o700)
    (folder / marker).write_text(text)
    return True


def is_claimed(home: Path) -> bool:
    """Whether the local cloud made a folder."""
    return (home / MARKER).is_file()


def clear(home: Path, files: Iterable[str] = ()) -> bool:
    """Delete what an earlier server has left of jobs and endpoints, and some `files`; all others stay.

    Returns
    -------
    Whether there was anything.

    Raises
    ------
    HomeError
        The folder is no home.
    """
    if not is_claimed(home):
        raise HomeError(f"{home} was not made by the local cloud")
    found = [home / name for name in (*WORK_FOLDERS, *files) if (home / name).exists()]
    for path in found:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return bool(found)
