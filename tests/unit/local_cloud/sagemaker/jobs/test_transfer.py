"""Prefixes down, folders up, archives that depend on content alone."""

import os
import tarfile
from pathlib import Path

import pytest

from local_cloud.sagemaker.jobs.errors import JobFailed
from local_cloud.sagemaker.jobs.transfer import download, listed, pack, split_uri, upload

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
    assert download(s3, f"s3://bucket/{prefix}", tmp_path / "in") == len(files)
    assert _files(tmp_path / "in") == files


def test_shards_are_disjoint_and_cover_everything(s3: MemoryS3, tmp_path: Path) -> None:
    for number in range(2):
        download(s3, "s3://bucket/raw", tmp_path / str(number), share=(number, 2))
    assert _files(tmp_path / "0") == ["a.csv", "deep/b.csv"]
    assert _files(tmp_path / "1") == ["c.csv"]


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
        pack(folder, archives[-1])
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with tarfile.open(archives[0]) as tar:
        assert tar.getnames() == ["code", "code/a", "code/b"]
