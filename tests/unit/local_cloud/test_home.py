"""A home is made for its owner alone, and nothing is deleted in a folder that is none."""

from pathlib import Path

import pytest

from local_cloud import home


def test_a_missing_and_an_empty_folder_become_homes_of_their_owner_alone(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o755)
    for folder in (empty, tmp_path / "new" / "home"):
        assert home.claim(folder) == folder.resolve()
        assert home.is_claimed(folder)
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_home_stays_one_and_is_cleared_of_work_alone(tmp_path: Path) -> None:
    folder = home.claim(tmp_path / "home")
    for name in ("jobs", "endpoints", "tmp"):
        (folder / name / "old").mkdir(parents=True)
    for name in ("cloud.json", "server.log", "launcher.lock"):
        (folder / name).write_text("kept")
    assert home.claim(folder) == folder
    home.clear(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        home.MARKER,
        "cloud.json",
        "launcher.lock",
        "server.log",
    ]


def test_a_folder_with_other_files_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    with pytest.raises(home.HomeError, match=r"was not made by the local cloud.*--home"):
        home.claim(tmp_path)
    with pytest.raises(home.HomeError, match="was not made"):
        home.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["jobs"]


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(home.HomeError, match="cannot be the home"):
        home.claim(tmp_path / "file")


def test_a_home_that_another_start_claims_meanwhile_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True])  # unclaimed at the first look, claimed at the second
    (tmp_path / home.MARKER).write_text("")
    monkeypatch.setattr(home, "is_claimed", lambda folder: next(answers))
    assert home.claim(tmp_path) == tmp_path
