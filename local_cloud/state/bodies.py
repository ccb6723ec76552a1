"""Large bodies - objects of S3, code of functions - as files that are written once and never changed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

Reference = tuple[str, int]  # the name of a file, and how many bytes it has


class BodyError(Exception):
    """A body that a record refers to cannot be read; the message names its file."""


class Bodies:
    """A folder of bodies. A file gets its name only when all of it is on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._present: set[str] = set()

    @staticmethod
    def name() -> str:
        """A name that no body has."""
        return secrets.token_hex(16)

    def write(self, name: str, body: bytes) -> None:
        """Write a body, unless it is there."""
        if name in self._present:
            return
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
        self._present.add(name)

    def read(self, reference: Reference) -> bytes:
        """Read a body.

        Raises
        ------
        BodyError
            It is missing or not as long as it was.
        """
        name, size = reference
        path = self._path(name)
        try:
            body = path.read_bytes()
        except OSError as error:
            raise BodyError(f"{path}: {error.strerror}") from error
        if len(body) != size:
            raise BodyError(f"{path} has {len(body)} bytes instead of {size}")
        self._present.add(name)
        return body

    def remove(self, names: Iterable[str]) -> None:
        """Delete bodies that nothing refers to any more."""
        for name in names:
            self._present.discard(name)
            self._path(name).unlink(missing_ok=True)

    def sweep(self, kept: set[str]) -> int:
        """Delete every file but the `kept` bodies, drafts too; return how many there were."""
        gone = 0
        for path in self._folder.glob("*/*"):
            if path.name not in kept:
                path.unlink()
                gone += 1
        return gone

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
