"""What is uploaded: files, folders and S3 prefixes, gathered under the names they get below the upload."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlparse

from bertline.errors import BertlineError


class Content(Protocol):
    """Bytes that may be read more than once; every reading gives the same ones."""

    @property
    def size(self) -> int:
        """Number of bytes."""
        ...

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Begin to read."""
        ...


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine."""

    path: Path

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.path.stat().st_size

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Begin to read."""
        return self.path.open("rb")


@dataclass(frozen=True)
class StoredObject:
    """An object in S3; S3 refuses to read it once it has been replaced."""

    s3: Any
    bucket: str
    key: str
    size: int
    etag: str

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Begin to read."""
        answer = self.s3.get_object(Bucket=self.bucket, Key=self.key, IfMatch=self.etag)
        return closing(answer["Body"])


Files = dict[str, Content]


def gather(s3: Any, sources: Iterable[str | Path]) -> Files:
    """All files of all sources by the name they get: below a folder or prefix, the path from there.

    Raises
    ------
    BertlineError
        A source does not exist or holds no file, or two files would get the same name.
    """
    files: Files = {}
    for source in sources:
        found = _objects(s3, str(source)) if str(source).startswith("s3://") else _local(Path(source))
        combine(files, found, str(source))
    return files


def combine(files: Files, more: Mapping[str, Content], source: str) -> None:
    """Add files; BertlineError if one of them would take the place of another."""
    for name, content in more.items():
        if name in files:
            raise BertlineError(f"{source}: another source has a file {name} too: rename one of them")
        files[name] = content


def _local(source: Path) -> Files:
    if source.is_file():
        return {source.name: LocalFile(source)}
    found = ((path.relative_to(source).as_posix(), path) for path in source.rglob("*") if path.is_file())
    files: Files = {name: LocalFile(path) for name, path in found if not _hidden(name)}
    if not files:
        raise BertlineError(f"{source}: no such file or folder, or no file in it")
    return files


def _objects(s3: Any, source: str) -> Files:
    place = urlparse(source)
    bucket, prefix = place.netloc, place.path.lstrip("/")
    objects = {item["Key"]: item for item in _listed(s3, bucket, prefix)}
    folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    if prefix in objects and not prefix.endswith("/"):
        named = {prefix.rsplit("/", 1)[-1]: objects[prefix]}
    else:
        named = {key.removeprefix(folder): item for key, item in objects.items() if key.startswith(folder)}
    files: Files = {
        name: StoredObject(s3, bucket, item["Key"], int(item["Size"]), item["ETag"])
        for name, item in named.items()
        if name and not name.endswith("/") and not _hidden(name)
    }
    if not files:
        raise BertlineError(f"{source}: there is no object of that name and none below it")
    return files


def _listed(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))
