"""The folder that keeps the state of a local cloud: known by a marker, private, held by one server."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local_cloud import processes
from local_cloud.home import mark

MARKER = ".local-cloud-state"
LOCK = "lock"
DATABASE = "state.db"
BODIES = "bodies"
_MARKER_TEXT = "The local cloud keeps its state in this folder. `python -m local_cloud reset` empties it.\n"
_RELEASE_S, _POLL_S = 5.0, 0.02
_FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm")


class StateError(Exception):
    """A folder cannot keep the state of a local cloud; the message names it and says what to do."""


@dataclass
class Held:
    """A state folder that this process holds; nobody else opens it until `release`."""

    path: Path
    lock: IO[str]

    @property
    def database(self) -> Path:
        """Where the records are."""
        return self.path / DATABASE

    @property
    def bodies(self) -> Path:
        """Where the bodies of objects are."""
        return self.path / BODIES

    def release(self) -> None:
        """Let others open the folder."""
        self.lock.close()


def hold(folder: Path) -> Held:
    """Make a folder, or take one that a local cloud has made, and hold it.

    The system lets go of the lock when its holder dies, so that no dead server is ever in the way.

    Raises
    ------
    StateError
        The folder holds other files, another server holds it, or it cannot be made.
    """
    folder = folder.resolve()
    try:
        if not mark(folder, MARKER, _MARKER_TEXT):
            raise StateError(
                f"{folder} holds files and was not made by the local cloud to keep its state: "
                "give another --state, or empty that one"
            )
        return Held(folder, _locked(folder))
    except OSError as error:
        raise StateError(f"{folder} cannot keep the state of the local cloud: {error}") from error


def is_state(folder: Path) -> bool:
    """Whether a local cloud made a folder to keep its state."""
    return (folder / MARKER).is_file()


def empty(folder: Path) -> bool:
    """Delete the state in a folder; false when there is none. Marker and lock stay, as does what is not ours.

    Raises
    ------
    StateError
        The folder was not made by a local cloud, or a server holds it.
    """
    folder = folder.resolve()
    if not folder.exists():
        return False
    if not is_state(folder):
        raise StateError(f"{folder} was not made by the local cloud to keep its state; nothing was deleted")
    held = hold(folder)
    try:
        found = held.database.exists()
        for name in _FILES:
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(held.bodies, ignore_errors=True)
    finally:
        held.release()
    return found


def size(folder: Path) -> int:
    """The bytes that the state in a folder takes."""
    files = [folder / name for name in _FILES] + list((folder / BODIES).glob("*/*"))
    total = 0
    for file in files:
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def _locked(folder: Path) -> IO[str]:
    lock = (folder / LOCK).open("a+")
    try:
        deadline = time.monotonic() + _RELEASE_S
        while not _try(lock):
            holder = _holder(lock)
            # The threads of a killed server end one after the other, and the last lets go.
            if time.monotonic() > deadline or processes.find(holder) is not None:
                raise StateError(
                    f"{folder} is in use by another local cloud (process {holder}): "
                    "stop that one, or give another --state"
                )
            time.sleep(_POLL_S)
    except BaseException:
        lock.close()
        raise
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _try(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(lock: IO[str]) -> int:
    lock.seek(0)
    text = lock.read().strip()
    return int(text) if text.isdigit() else 0
