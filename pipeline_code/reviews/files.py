"""Files as the jobs need them: written whole or not at all, hashed, found by name."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline_code.reviews.errors import FileError

_CHUNK = 1 << 20


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes its name only if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically; NaN and infinity are refused, as no JSON reader must accept them."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    FileError
        The file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileError(f"{path} is missing: the step that writes it did not run or failed") from None
    except ValueError as error:
        raise FileError(f"{path} is not valid JSON: {error}") from None


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_files(paths: list[Path]) -> str:
    """Hex SHA-256 over the names and contents of several files, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda item: item.name):
        digest.update(f"{path.name}\0{sha256_file(path)}\n".encode())
    return digest.hexdigest()


def require_directory(path: Path, what: str) -> Path:
    """Return `path`, or raise FileError if it is not a directory."""
    if not path.is_dir():
        raise FileError(f"the {what} directory {path} does not exist")
    return path


def only_file(directory: Path, pattern: str, what: str) -> Path:
    """Return the one file of `directory` that matches; none or several is a FileError."""
    found = sorted(require_directory(directory, what).glob(pattern))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise FileError(f"{directory} must hold exactly one {pattern} file ({what}), found: {names}")
    return found[0]


def make_readable(directory: Path) -> None:
    """Let any container user read the files (0644) and enter the folders (0755) below `directory`."""
    for path in directory.rglob("*"):
        os.chmod(path, 0o755 if path.is_dir() else 0o644)  # noqa: PTH101 - a model is no secret inside its container
