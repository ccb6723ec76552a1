"""Content addresses: same content, same place; nothing is sent twice."""

from pathlib import Path
from typing import Any

import pytest

from bertline.errors import BertlineError
from bertline.uploads import content_hash, upload


class FakeS3:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.objects[key] = Path(path).read_bytes()

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **arguments: Any) -> list[Any]:
        found = [k for k in self.objects if k.startswith(arguments["Prefix"])]
        return [{"Contents": [{"Key": k, "Size": len(self.objects[k])} for k in found]}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.csv").write_text("id,text\n1,good\n")
    (tmp_path / "in" / "deep" / "b.csv").write_text("id,text\n2,bad\n")
    (tmp_path / "in" / ".DS_Store").write_text("not data")
    return tmp_path / "in"


def test_files_land_below_the_hash_of_their_content(folder: Path) -> None:
    s3 = FakeS3()
    sent = upload(s3, folder, "raw", "reviews")
    assert sent.uri.startswith("s3://raw/reviews/") and sent.uri.endswith("/")
    base = sent.uri.removeprefix("s3://raw/")
    assert sorted(s3.objects) == [f"{base}a.csv", f"{base}deep/b.csv"]


def test_a_second_upload_sends_nothing(folder: Path) -> None:
    s3 = FakeS3()
    first = upload(s3, folder, "raw", "reviews")
    second = upload(s3, folder, "raw", "reviews")
    assert (first.sent, second.sent) == (2, 0)
    assert first.uri == second.uri


def test_an_upload_that_was_cut_off_is_completed(folder: Path) -> None:
    s3 = FakeS3()
    whole = upload(s3, folder, "raw", "reviews")
    del s3.objects[whole.uri.removeprefix("s3://raw/") + "deep/b.csv"]
    assert upload(s3, folder, "raw", "reviews").sent == 1


def test_changed_content_and_changed_names_get_another_address(folder: Path) -> None:
    s3 = FakeS3()
    before = upload(s3, folder, "raw", "reviews").uri
    (folder / "a.csv").write_text("id,text\n1,fine\n")
    changed = upload(s3, folder, "raw", "reviews").uri
    (folder / "a.csv").rename(folder / "c.csv")
    renamed = upload(s3, folder, "raw", "reviews").uri
    assert len({before, changed, renamed}) == 3


def test_the_hash_does_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_text("1")
    two.write_text("2")
    assert content_hash({"a": one, "b": two}) == content_hash({"b": two, "a": one})


def test_one_file_is_a_source_too(folder: Path) -> None:
    assert upload(FakeS3(), folder / "a.csv", "raw", "reviews").files == 1


def test_nothing_to_send_is_an_error_that_names_the_source(tmp_path: Path) -> None:
    with pytest.raises(BertlineError, match="nowhere"):
        upload(FakeS3(), tmp_path / "nowhere", "raw", "reviews")
