"""Reset deletes what a local cloud has made, and nothing of anybody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_cloud import home as homes
from local_cloud import launcher
from local_cloud.__main__ import main
from local_cloud.launcher import Cloud, LaunchError
from local_cloud.options import Options
from local_cloud.reset import options_of, reset
from local_cloud.state import folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = homes.claim(tmp_path / "home")
    (made / "jobs" / "old").mkdir(parents=True)
    (made / launcher.LOG_FILE).write_text("what happened")
    return made


def fill(state: Path) -> Path:
    held = folder.hold(state)
    held.database.write_bytes(b"records")
    held.release()
    return state


def test_what_a_dead_cloud_has_left_is_deleted(home: Path, tmp_path: Path) -> None:
    state = fill(tmp_path / "state")
    cloud = Cloud(1, 1, "http://127.0.0.1:1", "1", "here", "then", state=str(state))
    (home / launcher.STATE_FILE).write_text(json.dumps(vars(cloud)))
    assert reset(home) == (True, None)
    assert {path.name for path in home.iterdir()} == {homes.MARKER, "launcher.lock"}
    assert not (state / folder.DATABASE).exists()
    assert reset(home) == (False, None)


def test_a_state_folder_may_be_named(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = fill(tmp_path / "state")
    command = ["reset", "--home", str(tmp_path / "none"), "--state", str(state)]
    assert main(command) == 0
    assert main(command) == 0
    assert capsys.readouterr().out == "emptied\nthere was nothing to empty\n"
    assert (home / "jobs" / "old").exists()


def test_nothing_is_deleted_when_one_of_them_is_not_ours(home: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("dear reader")
    with pytest.raises(LaunchError, match="letters was not made by the local cloud to keep its state"):
        reset(home, tmp_path / "letters")
    with pytest.raises(LaunchError, match="letters was not made by the local cloud; nothing was deleted"):
        reset(tmp_path / "letters", fill(tmp_path / "state"))
    assert (home / "jobs" / "old").exists()
    assert (tmp_path / "state" / folder.DATABASE).exists()
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["one.txt"]


def test_a_state_that_another_cloud_uses_is_left_alone(home: Path, tmp_path: Path) -> None:
    held = folder.hold(fill(tmp_path / "state"))
    with pytest.raises(LaunchError, match="in use by another local cloud"):
        reset(home, tmp_path / "state")
    assert held.database.exists()
    held.release()


def test_a_cloud_is_started_again_with_its_options(tmp_path: Path) -> None:
    wished = Options("eu-west-1", "111122223333", True, tmp_path, 60.0)
    cloud = launcher._cloud(1, 4600, wished)
    assert options_of(cloud) == wished
    assert options_of(launcher._cloud(1, 4600, Options())) == Options()
