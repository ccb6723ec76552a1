"""Prefixes down, folders up, archives that depend on content alone."""

import json
import os
import socket
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.sagemaker.jobs import transfer
from local_cloud.sagemaker.jobs.errors import JobFailed
from local_cloud.sagemaker.jobs.transfer import (
    Object,
    download,
    fetch_all,
    listed,
    objects,
    pack,
    shared,
    split_uri,
    upload,
)

from ..conftest import MemoryS3


@pytest.fixture
def s3() -> MemoryS3:
    client = MemoryS3()
    for key in ("raw/a.csv", "raw/deep/b.csv", "raw/c.csv", "raw-2/d.csv", "raw/empty/", "part-1", "part-2"):
        client.objects["bucket", key] = key.encode()
    return client


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("prefix", "files"),
    [
        ("raw", ["a.csv", "c.csv", "deep/b.csv"]),
        ("raw/", ["a.csv", "c.csv", "deep/b.csv"]),
        ("raw/a.csv", ["a.csv"]),
        ("raw/deep", ["b.csv"]),
        ("part-", ["part-1", "part-2"]),
    ],
)
def test_a_prefix_names_an_object_a_folder_or_a_beginning(
    s3: MemoryS3, tmp_path: Path, prefix: str, files: list[str]
) -> None:
    download(s3, f"s3://bucket/{prefix}", tmp_path / "in")
    assert _files(tmp_path / "in") == files


def test_shards_are_disjoint_and_cover_everything(s3: MemoryS3, tmp_path: Path) -> None:
    found = objects(s3, "S3Prefix", "s3://bucket/raw")
    for number in range(2):
        fetch_all(s3, shared(found, (number, 2)), tmp_path / str(number))
    assert _files(tmp_path / "0") == ["a.csv", "deep/b.csv"]
    assert _files(tmp_path / "1") == ["c.csv"]


def test_a_seed_shuffles_alike_on_all_instances(s3: MemoryS3) -> None:
    for number in range(40):
        s3.objects["bucket", f"many/{number:02d}"] = b""
    found = objects(s3, "S3Prefix", "s3://bucket/many")
    shards = [[one.key for one in shared(found, (at, 3), seed=5)] for at in range(3)]
    assert sorted(key for shard in shards for key in shard) == [one.key for one in found]
    assert shards[0] != sorted(shards[0])
    assert shared(found, (0, 1), seed=5) != shared(found, (0, 1), seed=6)


def test_a_manifest_names_objects_below_its_prefix(s3: MemoryS3, tmp_path: Path) -> None:
    manifest = [{"prefix": "s3://bucket/raw/"}, "a.csv", "deep/b.csv"]
    s3.objects["lists", "train.manifest"] = json.dumps(manifest).encode()
    fetch_all(s3, objects(s3, "ManifestFile", "s3://lists/train.manifest"), tmp_path)
    assert _files(tmp_path) == ["a.csv", "deep/b.csv"]


@pytest.mark.parametrize("text", ["", "{}", '["a.csv"]', '[{"prefix": 1}]', '[{"prefix": "s3://b/"}, 2]'])
def test_what_is_no_manifest_is_an_error(s3: MemoryS3, text: str) -> None:
    s3.objects["lists", "bad"] = text.encode()
    with pytest.raises(JobFailed, match="s3://lists/bad is no manifest"):
        objects(s3, "ManifestFile", "s3://lists/bad")


def test_a_prefix_without_objects_is_an_error(s3: MemoryS3, tmp_path: Path) -> None:
    with pytest.raises(JobFailed, match='No S3 objects found under S3 URL "s3://bucket/none"'):
        download(s3, "s3://bucket/none", tmp_path)
    with pytest.raises(JobFailed, match="not an S3 URI"):
        split_uri("https://bucket/none")


def test_a_key_cannot_leave_the_folder(s3: MemoryS3, tmp_path: Path) -> None:
    s3.objects["bucket", "evil/../../x"] = b""
    with pytest.raises(JobFailed, match="leaves the folder"):
        download(s3, "s3://bucket/evil", tmp_path / "in")
    assert not (tmp_path.parent / "x").exists()


def test_a_folder_goes_up_below_its_prefix(s3: MemoryS3, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x").write_text("1")
    assert upload(s3, tmp_path, "s3://bucket/out/") == 1
    assert s3.objects["bucket", "out/deep/x"] == b"1"
    assert list(listed(s3, "s3://bucket/out").values()) == ["deep/x"]
    assert upload(s3, tmp_path / "missing", "s3://bucket/out") == 0


def test_the_same_files_make_the_same_archive(tmp_path: Path) -> None:
    archives = []
    for at, order in enumerate((("b", "a"), ("a", "b"))):
        folder = tmp_path / f"folder-{at}"
        (folder / "code").mkdir(parents=True)
        for name in order:
            (folder / "code" / name).write_text(name)
            os.utime(folder / "code" / name, (at, 1000 * at))
        archives.append(tmp_path / f"{at}.tar.gz")
        pack([folder], archives[-1])
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with tarfile.open(archives[0]) as tar:
        assert tar.getnames() == ["code", "code/a", "code/b"]


def test_a_socket_is_no_part_of_an_archive(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights").write_text("1")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(os.path.relpath(folder / "left"))  # an address has 107 characters at most
        pack([folder], tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        assert tar.getnames() == ["weights"]


def test_after_a_failure_the_rest_is_not_downloaded(
    s3: MemoryS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_PARALLEL", 1)
    many = [Object("bucket", "gone", "0"), *(Object("bucket", "raw/a.csv", str(at)) for at in range(1, 200))]
    asked, first = [], threading.Event()

    class Counted(MemoryS3):
        def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
            asked.append(Key)
            if Key == "gone":
                first.wait(10)
            return s3.get_object(Bucket, Key)

    def submitted(*members: Any, **named: Any) -> Any:
        found = submit(*members, **named)
        first.set()
        return found

    submit = transfer.ThreadPoolExecutor.submit
    monkeypatch.setattr(transfer.ThreadPoolExecutor, "submit", submitted)
    with pytest.raises(ClientError):
        fetch_all(Counted(), many, tmp_path)
    assert len(asked) < len(many)
