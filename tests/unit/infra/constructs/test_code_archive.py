"""The archive of the job code depends on the code and on nothing else."""

import gzip
import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from infra.constructs.code_archive import CodeArchive, pack_code

FILES = {
    "__init__.py": "",
    "jobs/train.py": "print('train')\n",
    "reviews/report.html.j2": "<p>{{ title }}</p>",
    "reviews/report.css": "p {}",
}
LEFT_OUT = {
    "tests/test_train.py": "",
    "reviews/tests/test_report.py": "",
    "jobs/__pycache__/train.py": "",
    "jobs/train.pyc": "",
    "README.md": "",
    "reviews/data.csv": "",
}


def write(folder: Path, files: dict[str, str], *, mtime: int = 1) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        os.utime(path, (mtime, mtime))
    return folder


def members(archive: CodeArchive) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive.data), mode="r:gz") as tar:
        return tar.getmembers()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write(tmp_path / "a" / "package", FILES)


def test_code_and_templates_are_packed_below_the_package_name(package: Path) -> None:
    write(package, LEFT_OUT)
    assert [item.name for item in members(pack_code(package))] == sorted(f"package/{name}" for name in FILES)


def test_the_archive_can_be_unpacked_and_imported_from(package: Path, tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(pack_code(package).data), mode="r:gz") as tar:
        tar.extractall(tmp_path / "out", filter="data")
    assert (tmp_path / "out" / "package" / "jobs" / "train.py").read_text() == FILES["jobs/train.py"]


def test_a_second_build_gives_the_same_bytes(package: Path) -> None:
    assert pack_code(package) == pack_code(package)


def test_folder_times_modes_and_order_of_creation_do_not_matter(package: Path, tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        other = write(tmp_path / "b" / "package", dict(reversed(FILES.items())), mtime=1_900_000_000)
        (other / "jobs" / "train.py").chmod(0o777)
    finally:
        os.umask(old)
    assert pack_code(other) == pack_code(package)


def test_members_carry_no_trace_of_the_machine(package: Path) -> None:
    for item in members(pack_code(package)):
        assert (item.mtime, item.uid, item.gid, item.uname, item.gname, item.mode) == (0, 0, 0, "", "", 0o644)
    header = pack_code(package).data[:10]
    assert header[3] == 0, "the gzip header must hold no file name"
    assert header[4:8] == bytes(4), "the gzip header must hold no time"


def test_the_fingerprint_is_that_of_the_content_not_of_its_compression(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = pack_code(package)
    compress = gzip.compress
    monkeypatch.setattr(gzip, "compress", lambda data, **_: compress(data, compresslevel=1, mtime=0))
    other = pack_code(package)
    assert other.data != usual.data
    assert other.fingerprint == usual.fingerprint


@pytest.mark.parametrize("change", ["content", "name", "new"])
def test_any_change_of_the_code_changes_the_fingerprint(package: Path, change: str) -> None:
    before = pack_code(package).fingerprint
    if change == "content":
        (package / "jobs" / "train.py").write_text("print('other')\n")
    elif change == "name":
        shutil.move(package / "jobs" / "train.py", package / "jobs" / "trainer.py")
    else:
        (package / "jobs" / "more.py").touch()
    assert pack_code(package).fingerprint != before


def test_a_folder_without_code_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "package", LEFT_OUT)
    with pytest.raises(FileNotFoundError, match="no job code to pack"):
        pack_code(tmp_path / "package")


def test_libraries_lie_beside_the_package_and_count_for_the_fingerprint(package: Path) -> None:
    first = pack_code(package, {"library/b.py": b"b", "library/a.py": b"a"})
    assert [item.name for item in members(first)][-2:] == ["library/a.py", "library/b.py"]
    assert pack_code(package, {"library/a.py": b"a", "library/b.py": b"b"}) == first
    assert pack_code(package, {"library/a.py": b"x", "library/b.py": b"b"}).fingerprint != first.fingerprint
