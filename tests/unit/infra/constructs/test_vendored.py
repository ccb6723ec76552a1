"""A library travels with its licence, without compiled files, or the build stops and says why."""

import sys
from pathlib import Path

import pytest

from infra.constructs.vendored import CannotVendor, vendored_files


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages with one package, `small` 1.0."""
    contents = {
        "small/__init__.py": "VALUE = 1\n",
        "small/data/table.txt": "1 2 3\n",
        "small/__pycache__/__init__.cpython-312.pyc": "compiled",
        "small-1.0.dist-info/METADATA": "Name: small\nVersion: 1.0\n",
        "small-1.0.dist-info/licenses/LICENSE": "free for all\n",
        "other/unrelated.py": "",
    }
    for name, content in contents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    record(tmp_path, *contents, "../../bin/small")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


def record(site: Path, *names: str) -> None:
    lines = "".join(f"{name},,\n" for name in names)
    (site / "small-1.0.dist-info" / "RECORD").write_text(lines)


def test_the_package_comes_with_its_data_and_its_licence(site: Path) -> None:
    assert vendored_files("small") == {
        "small/__init__.py": b"VALUE = 1\n",
        "small/data/table.txt": b"1 2 3\n",
        "small/LICENSE": b"free for all\n",
    }


def test_a_package_that_is_not_installed_is_named_with_the_remedy(site: Path) -> None:
    with pytest.raises(CannotVendor, match="nowhere is not installed: run `make setup`"):
        vendored_files("nowhere")


def test_machine_code_is_refused(site: Path) -> None:
    (site / "small" / "fast.so").write_bytes(b"\x7fELF")
    record(site, "small/__init__.py", "small/fast.so", "small-1.0.dist-info/licenses/LICENSE")
    with pytest.raises(CannotVendor, match=r"not a pure Python package \(small/fast\.so\)"):
        vendored_files("small")


def test_a_package_without_a_licence_is_not_passed_on(site: Path) -> None:
    record(site, "small/__init__.py")
    with pytest.raises(CannotVendor, match=r"small 1\.0 carries no licence"):
        vendored_files("small")
