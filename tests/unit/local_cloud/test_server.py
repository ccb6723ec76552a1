"""The server process: what the emulator is told, and the paths of its own."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from local_cloud import server
from local_cloud.options import Options

HERE = (b"host", b"127.0.0.1:4600")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    held = {"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "secret", "BIND_HOST": "anywhere", "PATH": "/bin"}
    monkeypatch.setattr(os, "environ", held)
    return held


def test_the_emulator_listens_on_loopback_only(environment: dict[str, str], tmp_path: Path) -> None:
    server.configure_environment(server.Settings(tmp_path, 4600))
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert environment["IOT_MTLS_ENABLED"] == "0"
    assert environment["GATEWAY_PORT"] == "4600"
    for name in ("TMPDIR", "STATE_DIR", "S3_DATA_DIR"):
        assert Path(environment[name]).is_relative_to(tmp_path), "it writes into the home, nowhere else"
    assert environment["MINISTACK_ACCOUNT_ID"] == "123456789012"


def test_the_emulator_plays_the_account_and_region_it_is_given(
    environment: dict[str, str], tmp_path: Path
) -> None:
    server.configure_environment(server.Settings(tmp_path, 4600, Options("eu-west-1", "111122223333")))
    assert environment["MINISTACK_ACCOUNT_ID"] == "111122223333"
    assert environment["MINISTACK_REGION"] == "eu-west-1"


def test_nothing_of_the_callers_aws_settings_stays(environment: dict[str, str], tmp_path: Path) -> None:
    server.configure_environment(server.Settings(tmp_path, 4600))
    assert "mine" not in environment.values()
    assert "secret" not in environment.values()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4600"
    assert environment["PATH"] == "/bin"


def _get(path: str, *extra: tuple[bytes, bytes]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is sent for a request, and the scopes that went on to the emulator."""
    sent: list[dict[str, Any]] = []
    passed: list[dict[str, Any]] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        passed.append(scope)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def own(method: str, path: str, *_: Any) -> tuple[int, dict[str, str], bytes]:
        return 200, {"content-type": "text/plain"}, f"{method} {path}".encode()

    scope = {"type": "http", "method": "GET", "path": path, "headers": [HERE, *extra]}
    asyncio.run(server.application(app, own)(scope, receive, send))
    return sent, passed


def test_health_is_answered_without_the_emulator() -> None:
    sent, passed = _get("/_local_cloud/health")
    assert passed == []
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"])["status"] == "ok"
    assert json.loads(sent[1]["body"])["pid"] == os.getpid()


def test_own_paths_reach_the_service_and_others_pass_untouched() -> None:
    sent, passed = _get("/_local_cloud/anything")
    assert passed == []
    assert sent[1]["body"] == b"GET /_local_cloud/anything"
    (other,) = _get("/bucket/key")[1]
    assert other["headers"] == [HERE]


@pytest.mark.parametrize("path", ["/", "/bucket/key", "/_local_cloud/health", "/_local_cloud/anything"])
def test_a_web_page_reaches_nothing(path: str) -> None:
    sent, passed = _get(path, (b"origin", b"https://evil.example"))
    assert passed == []
    assert sent[0]["status"] == 403
    assert "evil.example" in json.loads(sent[1]["body"])["message"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "thesis.txt").write_text("years of work")
    with pytest.raises(SystemExit):
        server.main(["--home", str(tmp_path), "--port", "4600"])
    assert (tmp_path / "jobs" / "thesis.txt").read_text() == "years of work"
    assert "was not made by the local cloud" in capsys.readouterr().err


def test_every_part_can_be_loaded() -> None:
    for part in server.PARTS:
        __import__(f"local_cloud.sagemaker.{part}")
