"""Uploading a folder under the hash of its content: equal content has an equal address, for ever."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertline.errors import BertlineError


@dataclass(frozen=True)
class Upload:
    """Where a folder's content is, and how much of it had to be sent."""

    uri: str
    files: int
    sent: int


def content_hash(files: dict[str, Path]) -> str:
    """SHA-256 over the sorted relative names and contents."""
    whole = hashlib.sha256()
    for name in sorted(files):
        with files[name].open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{name}\0{digest}\n".encode())
    return whole.hexdigest()


def upload(
    s3: Any, source: Path, bucket: str, prefix: str, on_file: Callable[[str], None] = lambda name: None
) -> Upload:
    """Send a file, or all files below a folder, to s3://bucket/prefix/<hash>/, unless they are there.

    Raises
    ------
    BertlineError
        There is no such file or folder, or it is empty.
    """
    files = _files(source)
    base = f"{prefix}/{content_hash(files)[:16]}/"
    present = _present(s3, bucket, base)
    missing = [name for name in sorted(files) if present.get(base + name) != files[name].stat().st_size]
    for name in missing:
        on_file(name)
        s3.upload_file(str(files[name]), bucket, base + name)
    return Upload(uri=f"s3://{bucket}/{base}", files=len(files), sent=len(missing))


def _files(source: Path) -> dict[str, Path]:
    if source.is_file():
        return {source.name: source}
    files = {
        str(p.relative_to(source)): p for p in source.rglob("*") if p.is_file() and not p.name.startswith(".")
    }
    if not files:
        raise BertlineError(f"{source}: no such file or folder, or no file in it")
    return files


def _present(s3: Any, bucket: str, prefix: str) -> dict[str, int]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {item["Key"]: int(item["Size"]) for page in pages for item in page.get("Contents", [])}
