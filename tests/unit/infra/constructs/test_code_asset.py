"""The job code is one tar.gz object whose key follows its content."""

import subprocess
import sys
import tarfile
from pathlib import Path

from tests.unit.infra.synthesis import Assembly


def test_the_assembly_holds_the_job_code_as_tar_gz(dev: Assembly) -> None:
    (archive,) = dev.folder.glob("asset.*.tar.gz")
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert "pipeline_code/__init__.py" in names
    assert {name.split("/")[0] for name in names} == {"pipeline_code", "py3langid", "vaderSentiment"}


def test_jobs_can_tell_languages_without_a_network(dev: Assembly, tmp_path: Path) -> None:
    (archive,) = dev.folder.glob("asset.*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    assert (tmp_path / "py3langid" / "LICENSE").read_text().startswith("py3langid")
    program = "import py3langid as p; print(p.__file__); print(p.classify('Dies ist ein deutscher Satz.')[0])"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [str(tmp_path / "py3langid" / "__init__.py"), "de"]


def test_jobs_get_the_object_that_is_published(dev: Assembly) -> None:
    (archive,) = dev.folder.glob("asset.*.tar.gz")
    digest = archive.name.split(".")[1]
    (code,) = dev.definition()["Steps"][0]["Arguments"]["ProcessingInputs"][:1]
    assert code["InputName"] == "code"
    assert code["S3Input"]["S3Uri"].endswith(f"/{digest}.gz")


def test_environments_share_the_same_code(dev: Assembly, prod: Assembly) -> None:
    assert [path.name for path in dev.folder.glob("asset.*.tar.gz")] == [
        path.name for path in prod.folder.glob("asset.*.tar.gz")
    ]
