"""The job code is one tar.gz object whose key follows its content."""

import tarfile

from tests.unit.infra.synthesis import Assembly


def test_the_assembly_holds_the_job_code_as_tar_gz(dev: Assembly) -> None:
    (archive,) = dev.folder.glob("asset.*.tar.gz")
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert "pipeline_code/__init__.py" in names
    assert {name.split("/")[0] for name in names} == {"pipeline_code"}


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
