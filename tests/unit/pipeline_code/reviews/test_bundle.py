import io
import tarfile
from pathlib import Path

import pytest

from pipeline_code.reviews.bundle import BundleError, extract_bundle, load_inference
from tests.unit.pipeline_code.workspace import Workspace


def test_a_trained_model_comes_out_of_its_archive(trained: Workspace, tmp_path: Path) -> None:
    facts = extract_bundle(trained.root / "packed" / "model.tar.gz", tmp_path)
    assert [item["name"] for item in facts["classes"]] == ["negative", "neutral", "positive"]
    assert load_inference(tmp_path).JSON_LINES == "application/jsonlines"


def archive(path: Path, name: str) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    return path


@pytest.mark.parametrize("name", ["../outside", "/etc/outside"])
def test_a_member_stays_inside_or_the_archive_is_refused(name: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    with pytest.raises(BundleError):
        extract_bundle(archive(tmp_path / "m.tar.gz", name), inside)
    assert not (tmp_path / "outside").exists()


def test_damaged_and_incomplete_archives_are_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="Train did not write a model"):
        extract_bundle(tmp_path / "none.tar.gz", tmp_path)
    (tmp_path / "bad.tar.gz").write_bytes(b"no archive")
    with pytest.raises(BundleError, match="cannot be unpacked"):
        extract_bundle(tmp_path / "bad.tar.gz", tmp_path)
    with pytest.raises(BundleError, match=r"lacks model\.safetensors"):
        extract_bundle(archive(tmp_path / "m.tar.gz", "config.json"), tmp_path / "x")
