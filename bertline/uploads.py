"""Uploading files under the hash of their content: equal content has an equal address, for ever."""

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertline import contracts
from bertline.data import athena
from bertline.platform import Platform
from bertline.sources import Content, Files, gather
from bertline.target import Target

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Upload:
    """Where the content is, and how much of it had to be sent."""

    uri: str
    files: int
    sent: int


def content_hash(files: Mapping[str, Content]) -> str:
    """SHA-256 over the sorted names and contents."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\0{_digest(files[name])}\n".encode())
    return whole.hexdigest()


def upload(s3: Any, source: Path, bucket: str, prefix: str) -> Upload:
    """Send a file, or all files below a folder; see `send` and `bertline.sources.gather`."""
    return send(s3, gather(s3, [source]), bucket, prefix)


@contextlib.contextmanager
def gathered(
    target: Target, place: Platform, sources: Iterable[str | Path], contract: Path | None
) -> Iterator[Files]:
    """All files of all sources and, with a contract, the results of its queries.

    Raises
    ------
    BertlineError
        See `bertline.sources.gather` and `bertline.source_queries.with_results`.
    """
    files = gather(target.client("s3"), sources)
    if contract is None:
        yield files
        return
    # DuckDB costs a fifth of a second to import, which only this needs.
    from bertline.source_queries import with_results

    whole = contracts.read(contract)
    with with_results(files, whole, lambda sql: athena.select(target, place, sql)) as found:
        yield found


def send(
    s3: Any,
    files: Mapping[str, Content],
    bucket: str,
    prefix: str,
    on_file: Callable[[str], None] = lambda name: None,
) -> Upload:
    """Send files to s3://bucket/prefix/<hash>/, unless they are there; nothing is held in memory or on disk.

    Each file is read twice: for the hash that names the place, and to send it there.
    """
    base = f"{prefix}/{content_hash(files)[:16]}/"
    present = _present(s3, bucket, base)
    missing = [name for name in sorted(files) if present.get(base + name) != files[name].size]
    for name in missing:
        on_file(name)
        with files[name].open() as stream:
            s3.upload_fileobj(stream, bucket, base + name)
    return Upload(uri=f"s3://{bucket}/{base}", files=len(files), sent=len(missing))


def _digest(content: Content) -> str:
    digest = hashlib.sha256()
    with content.open() as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _present(s3: Any, bucket: str, prefix: str) -> dict[str, int]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {item["Key"]: int(item["Size"]) for page in pages for item in page.get("Contents", [])}
