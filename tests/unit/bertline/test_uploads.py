"""Content addresses: same content, same place; nothing is sent twice."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from bertline.errors import BertlineError
from bertline.sources import LocalFile, gather
from bertline.uploads import content_hash, send, upload

from .conftest import FakeS3


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
    (tmp_path / "1").write_text("1")
    (tmp_path / "2").write_text("2")
    one, two = LocalFile(tmp_path / "1"), LocalFile(tmp_path / "2")
    assert content_hash({"a": one, "b": two}) == content_hash({"b": two, "a": one})


def test_one_file_is_a_source_too(folder: Path) -> None:
    assert upload(FakeS3(), folder / "a.csv", "raw", "reviews").files == 1


def test_nothing_to_send_is_an_error_that_names_the_source(tmp_path: Path) -> None:
    with pytest.raises(BertlineError, match="nowhere"):
        upload(FakeS3(), tmp_path / "nowhere", "raw", "reviews")


def test_several_sources_share_one_address_that_does_not_depend_on_their_order(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.csv").write_text("id,text\n3,fine\n")
    s3 = FakeS3()
    s3.objects |= {"lake/x/2026/c.csv": b"id,text\n4,so so\n", "lake/x/": b"", "lake/xy/d.csv": b"other"}
    sources = [str(folder), str(tmp_path / "more.csv"), "s3://lake/x"]
    sent = send(s3, gather(s3, sources), "raw", "reviews")
    base = sent.uri.removeprefix("s3://raw/")
    names = ["2026/c.csv", "a.csv", "deep/b.csv", "more.csv"]
    assert sorted(key for key in s3.objects if key.startswith(base)) == [f"{base}{name}" for name in names]
    assert send(s3, gather(s3, reversed(sources)), "raw", "reviews").uri == sent.uri


def test_what_came_from_s3_has_the_address_of_the_same_local_files(folder: Path) -> None:
    s3 = FakeS3()
    s3.objects |= {f"lake/{name}": (folder / name).read_bytes() for name in ("a.csv", "deep/b.csv")}
    there = send(s3, gather(s3, ["s3://lake/"]), "raw", "reviews")
    assert there.uri == upload(FakeS3(), folder, "raw", "reviews").uri
    assert s3.objects[there.uri.removeprefix("s3://raw/") + "a.csv"] == (folder / "a.csv").read_bytes()


def test_two_files_of_one_name_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n9,another\n")
    with pytest.raises(BertlineError, match="another source has a file a.csv too"):
        gather(FakeS3(), [folder, tmp_path / "a.csv"])


def test_an_object_is_a_source_too_and_hidden_ones_are_left_out() -> None:
    s3 = FakeS3()
    s3.objects |= {"lake/a.csv": b"1", "lake/.git/x": b"2"}
    assert list(gather(s3, ["s3://lake/a.csv"])) == ["a.csv"]
    assert list(gather(s3, ["s3://lake"])) == ["a.csv"]


def test_an_empty_prefix_is_named() -> None:
    with pytest.raises(BertlineError, match="s3://lake/nothing: there is no object"):
        gather(FakeS3(), ["s3://lake/nothing"])


def test_an_object_that_changes_between_hash_and_copy_is_not_sent() -> None:
    s3 = FakeS3()
    s3.objects |= {"lake/a.csv": b"before"}
    files = gather(s3, ["s3://lake/a.csv"])
    s3.objects["lake/a.csv"] = b"after!"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        send(s3, files, "raw", "reviews")
    assert list(s3.objects) == ["lake/a.csv"]
