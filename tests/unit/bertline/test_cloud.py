"""What the local cloud is told when it starts, and when one that runs will do."""

import json
from pathlib import Path
from typing import Any

import pytest

from bertline import cloud
from bertline.cloud import Wishes
from bertline.errors import BertlineError
from bertline.target import Target

HERE = Target("local", "us-east-1", "http://127.0.0.1:4566", "123456789012")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines of the local cloud, which does not start."""
    called: list[list[str]] = []
    monkeypatch.setattr(cloud, "CLOUD_HOME", tmp_path / "home")
    monkeypatch.setattr(cloud, "private_home", lambda: None)
    monkeypatch.setattr(cloud, "run", lambda words, **_: called.append(words[3:]))
    found = iter([None, HERE])
    monkeypatch.setattr(cloud, "local_cloud", lambda: next(found))
    return called


def test_permissions_are_enforced_unless_told_otherwise(calls: Any, tmp_path: Path) -> None:
    cloud.up("dev")
    assert calls == [["up", "--home", str(tmp_path / "home"), "--region", "us-east-1", "--auth"]]


def test_every_wish_reaches_the_local_cloud(calls: Any, tmp_path: Path) -> None:
    cloud.up("dev", Wishes(4600, auth=False, state=tmp_path / "kept", speed=60))
    assert calls[0][5:] == ["--port", "4600", "--state", str(tmp_path / "kept"), "--speed", "60"]


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(port=4600), "port = 4566 and not 4600"),
        (Wishes(auth=False), "auth = True and not False"),
        (Wishes(state=Path("/kept")), "state = None and not /kept"),
        (Wishes(speed=60), "speed = 1.0 and not 60"),
    ],
)
def test_one_that_runs_otherwise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wishes: Wishes, said: str
) -> None:
    state = {"port": 4566, "auth": True, "state": None, "speed": 1.0}
    (tmp_path / "cloud.json").write_text(json.dumps(state))
    monkeypatch.setattr(cloud, "CLOUD_HOME", tmp_path)
    monkeypatch.setattr(cloud, "local_cloud", lambda: HERE)
    assert cloud.up("dev") == (HERE, False)
    with pytest.raises(BertlineError, match=said):
        cloud.up("dev", wishes)


def test_the_state_that_is_emptied_is_named(calls: Any, tmp_path: Path) -> None:
    cloud.reset(tmp_path / "kept")
    assert calls == [["reset", "--home", str(tmp_path / "home"), "--state", str(tmp_path / "kept")]]
