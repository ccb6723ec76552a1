"""Moves the data of jobs between S3 and their folders."""

from __future__ import annotations

import gzip
import shutil
import tarfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig

from local_cloud.sagemaker.jobs.errors import JobFailed

_PARALLEL = 8
_UPLOAD = TransferConfig(multipart_threshold=64 * 2**20, multipart_chunksize=64 * 2**20)


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


def download(
    client: Any,
    uri: str,
    destination: Path,
    *,
    share: tuple[int, int] = (0, 1),
) -> int:
    """Download a prefix into a folder and return how many objects came.

    Parameters
    ----------
    share : (int, int)
        Take each object whose position in key order is ``share[0]`` modulo ``share[1]`` (ShardedByS3Key).

    Raises
    ------
    JobFailed
        The prefix names no object, or a key would leave the folder.
    """
    found = listed(client, uri)
    if not found:
        raise JobFailed(f'ClientError: Data download failed: No S3 objects found under S3 URL "{uri}".')
    bucket, _ = split_uri(uri)
    which, of = share
    mine = [item for at, item in enumerate(found.items()) if at % of == which]
    destination.mkdir(parents=True, exist_ok=True)
    base = destination.resolve()

    def fetch(item: tuple[str, str]) -> None:
        target = (base / item[1]).resolve()
        if not target.is_relative_to(base):
            raise JobFailed(f"ClientError: S3 key '{item[0]}' leaves the folder it is downloaded to")
        target.parent.mkdir(parents=True, exist_ok=True)
        body = client.get_object(Bucket=bucket, Key=item[0])["Body"]
        with target.open("wb") as file:
            shutil.copyfileobj(body, file, 2**20)

    _each(fetch, mine)
    return len(mine)


def upload(client: Any, source: Path, uri: str) -> int:
    """Upload all files of a folder below a prefix and return how many there were."""
    bucket, prefix = split_uri(uri)
    lead = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else []

    def send(path: Path) -> None:
        key = lead + path.relative_to(source).as_posix()
        client.upload_file(str(path), bucket, key, Config=_UPLOAD)

    _each(send, files)
    return len(files)


def upload_file(client: Any, source: Path, uri: str) -> None:
    """Upload one file to an object."""
    bucket, key = split_uri(uri)
    client.upload_file(str(source), bucket, key, Config=_UPLOAD)


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder as a tar.gz that depends on nothing but names, modes and contents."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=1, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            entry = tar.gettarinfo(path, arcname=path.relative_to(folder).as_posix())
            entry.mtime = entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.pax_headers = {}
            if entry.isfile():
                with path.open("rb") as file:
                    tar.addfile(entry, file)
            else:
                tar.addfile(entry)


def _each(work: Any, items: Iterable[Any]) -> None:
    with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="s3") as pool:
        for done in [pool.submit(work, item) for item in items]:
            done.result()
