"""Moves the data of jobs between S3 and their folders."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import tarfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig

from local_cloud.sagemaker.jobs.errors import JobFailed

_PARALLEL = 8
_UPLOAD = TransferConfig(multipart_threshold=64 * 2**20, multipart_chunksize=64 * 2**20)


@dataclass(frozen=True)
class Object:
    """An object of S3, and its path below the folder it is downloaded to."""

    bucket: str
    key: str
    below: str


def split_uri(uri: str) -> tuple[str, str]:
    """``s3://bucket/a/b`` -> ``("bucket", "a/b")``; JobFailed for anything else."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise JobFailed(f"ClientError: '{uri}' is not an S3 URI like s3://bucket/prefix")
    return bucket, key


def listed(client: Any, uri: str) -> dict[str, str]:
    """The objects a prefix names: key -> path below the destination folder, in key order.

    A prefix that is exactly an object's key names that object; one with ``/`` behind it names a folder;
    any other takes all keys that begin with it, as S3Prefix does.
    """
    bucket, prefix = split_uri(uri)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = sorted(item["Key"] for page in pages for item in page.get("Contents", []))
    keys = [key for key in keys if not key.endswith("/")]
    if prefix in keys:
        return {prefix: prefix.rpartition("/")[2]}
    folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    below = {key: key[len(folder) :] for key in keys if key.startswith(folder)}
    if below:
        return below
    parent = prefix.rpartition("/")[0]
    return {key: key[len(parent) :].lstrip("/") for key in keys}


def objects(client: Any, kind: str, uri: str) -> list[Object]:
    """The objects that an S3 data source names.

    Parameters
    ----------
    kind : str
        S3Prefix (see `listed`) or ManifestFile: a JSON list of a prefix and paths below it.

    Raises
    ------
    JobFailed
        There are none, or the manifest is none.
    """
    bucket, key = split_uri(uri)
    if kind == "ManifestFile":
        found = _manifest(client, bucket, key)
    else:
        found = [Object(bucket, one, below) for one, below in listed(client, uri).items()]
    if not found:
        raise JobFailed(f'ClientError: Data download failed: No S3 objects found under S3 URL "{uri}".')
    return found


def shared(found: list[Object], share: tuple[int, int], seed: int | None = None) -> list[Object]:
    """The objects of one instance.

    Parameters
    ----------
    share : (int, int)
        Take each object whose position is ``share[0]`` modulo ``share[1]`` (ShardedByS3Key).
    seed : int, optional
        Shuffle before, alike on all instances (ShuffleConfig).
    """
    ordered = list(found)
    if seed is not None:
        random.Random(seed).shuffle(ordered)  # noqa: S311 - no secret is made of it
    which, of = share
    return ordered[which::of]


def download(client: Any, uri: str, destination: Path) -> None:
    """Download all objects of a prefix into a folder; JobFailed when there are none."""
    fetch_all(client, objects(client, "S3Prefix", uri), destination)


def fetch_all(client: Any, found: list[Object], destination: Path) -> None:
    """Download objects into a folder.

    Raises
    ------
    JobFailed
        A key would leave the folder.
    """
    destination.mkdir(parents=True, exist_ok=True)
    base = destination.resolve()

    def one(item: Object) -> None:
        target = (base / item.below).resolve()
        if not target.is_relative_to(base):
            raise JobFailed(f"ClientError: S3 key '{item.key}' leaves the folder it is downloaded to")
        fetch(client, item, target)

    _each(one, found)


def fetch(client: Any, item: Object, target: Path) -> None:
    """Download one object to a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(opened(client, item), file, 2**20)


def opened(client: Any, item: Object) -> Any:
    """The body of an object, as a stream."""
    return client.get_object(Bucket=item.bucket, Key=item.key)["Body"]


def upload(client: Any, source: Path, uri: str, key_id: str | None = None) -> int:
    """Upload all files of a folder below a prefix, encrypted with a KMS key if one is given; their number."""
    bucket, prefix = split_uri(uri)
    lead = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else []

    def send(path: Path) -> None:
        key = lead + path.relative_to(source).as_posix()
        client.upload_file(str(path), bucket, key, Config=_UPLOAD, **_sealed(key_id))

    _each(send, files)
    return len(files)


def upload_file(client: Any, source: Path, uri: str, key_id: str | None = None) -> None:
    """Upload one file to an object, encrypted with a KMS key if one is given."""
    bucket, key = split_uri(uri)
    client.upload_file(str(source), bucket, key, Config=_UPLOAD, **_sealed(key_id))


def _sealed(key_id: str | None) -> dict[str, Any]:
    return {"ExtraArgs": {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id}} if key_id else {}


def pack(folders: Sequence[Path], archive: Path) -> None:
    """Pack folders as one tar.gz that depends on nothing but names, modes and contents.

    Of two files of one name, that of the first folder is taken.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            found.setdefault(path.relative_to(folder).as_posix(), path)
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=1, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in sorted(found.items()):
            entry = tar.gettarinfo(path, arcname=name)
            if entry is None:  # a socket
                continue
            entry.mtime = entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.pax_headers = {}
            if entry.isfile():
                with path.open("rb") as file:
                    tar.addfile(entry, file)
            else:
                tar.addfile(entry)


def _manifest(client: Any, bucket: str, key: str) -> list[Object]:
    where = f"s3://{bucket}/{key}"
    try:
        first, *paths = json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())
        prefix = first["prefix"]
        if not all(isinstance(path, str) for path in (prefix, *paths)):
            raise TypeError("a prefix or path is no text")
    except (ValueError, TypeError, KeyError) as error:
        raise JobFailed(
            f'ClientError: {where} is no manifest like [{{"prefix": "s3://bucket/folder/"}}, "file"]: {error}'
        ) from None
    source, lead = split_uri(prefix)
    return [Object(source, lead + path, path) for path in paths]


def _each(work: Any, items: Iterable[Any]) -> None:
    with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="s3") as pool:
        try:
            for done in [pool.submit(work, item) for item in items]:
                done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # after a failure the rest is in vain
            raise
