"""`bertline upload` as a program: what is sent, what it says, and what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertline import options, platform, source_queries, upload_command
from bertline.errors import BertlineError
from bertline.platform import Platform

from .conftest import FakeS3
from .test_contracts import TEXT

Upload = Callable[..., str]


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def upload(
    s3: FakeS3,
    fake: Callable[..., Any],
    place: Platform,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Upload:
    target = fake()
    target.clients["s3"] = s3
    monkeypatch.setattr(options, "resolve", lambda kind, env: target)
    monkeypatch.setattr(platform, "find", lambda target, env: place)
    monkeypatch.setattr(source_queries, "HOME", tmp_path)
    monkeypatch.setattr(source_queries, "private_home", lambda: None)

    def run(*sources: Path, **more: Any) -> str:
        upload_command.upload([str(one) for one in sources], **more)
        return capsys.readouterr().out

    return run


def contract(folder: Path, text: str = TEXT) -> Path:
    path = folder / "shop.toml"
    path.write_text(text)
    return path


def test_several_files_are_one_input(upload: Upload, s3: FakeS3, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(name)
    said = upload(tmp_path / "a.csv", tmp_path / "b.csv")
    (uri,) = {f"s3://raw/{key.rsplit('/', 1)[0]}/" for key in s3.objects}
    assert "2 of 2 files were new" in said
    assert f"--set InputData={uri}" in said


def test_the_result_of_a_contracts_query_is_uploaded_too(upload: Upload, s3: FakeS3, tmp_path: Path) -> None:
    sql = "SELECT review, body, stars, title, 'x' AS shop_name FROM 'raw.csv'"
    (tmp_path / "raw.csv").write_text("review,body,stars,title\n1,good,5,t\n")
    said = upload(tmp_path / "raw.csv", contract=contract(tmp_path, TEXT.replace("SELECT 1", sql)))
    assert "2 of 2 files were new" in said
    assert {key.rsplit("/", 1)[1] for key in s3.objects} == {"raw.csv", "joined.parquet"}


def test_nothing_to_upload_is_an_error(upload: Upload, tmp_path: Path) -> None:
    with pytest.raises(BertlineError, match="nothing to upload"):
        upload()


def test_a_changed_contract_of_the_same_version_is_not_sent(
    upload: Upload, s3: FakeS3, tmp_path: Path
) -> None:
    assert "--set ContractUri=s3://raw/contracts/" in upload(contract(tmp_path), kind="contract")
    before = dict(s3.objects)
    with pytest.raises(BertlineError, match="bump the version"):
        upload(contract(tmp_path, TEXT.replace("stars", "rating")), kind="contract")
    assert s3.objects == before
