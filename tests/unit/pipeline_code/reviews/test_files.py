from pathlib import Path

import pytest

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.files import atomic, make_readable, only_file, read_json, sha256_files, write_json


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(ZeroDivisionError), atomic(path) as temporary:
        temporary.write_text("half")
        _ = 1 / 0
    assert read_json(path) == {"a": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


def test_json_that_no_reader_must_accept_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())


def test_missing_and_broken_json_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"a\.json is missing"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(FileError, match=r"a\.json is not valid JSON"):
        read_json(tmp_path / "a.json")


def test_only_file_wants_one(tmp_path: Path) -> None:
    (tmp_path / "a.toml").touch()
    assert only_file(tmp_path, "*.toml", "contract").name == "a.toml"
    with pytest.raises(FileError, match="does not exist"):
        only_file(tmp_path / "none", "*.toml", "contract")


def test_a_hash_of_files_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    paths = [tmp_path / "a", tmp_path / "b"]
    before = sha256_files(paths)
    assert sha256_files(paths[::-1]) == before
    (tmp_path / "b").write_text("c")
    assert sha256_files(paths) != before


def test_files_become_readable_for_everybody(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir(mode=0o700)
    path = tmp_path / "code" / "x.py"
    path.touch(mode=0o600)
    make_readable(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.parent.stat().st_mode & 0o777 == 0o755
