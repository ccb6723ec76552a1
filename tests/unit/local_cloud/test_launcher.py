"""One cloud a home: started once, found by its state file, stopped without a trace."""

from __future__ import annotations

import http.server
import json
import os
import socket
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local_cloud import launcher, processes
from local_cloud.__main__ import main

# Stands for the real server: same arguments, same health check, and a child of its own.
STUB = """
    import argparse, http.server, json, signal, subprocess, sys
    parser = argparse.ArgumentParser()
    parser.add_argument("--home")
    parser.add_argument("--port", type=int)
    parser.add_argument("--account")
    parser.add_argument("--region")
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--state")
    parser.add_argument("--speed", type=float)
    options = parser.parse_args()
    behaviour = open("behaviour").read()
    if behaviour == "fails":
        sys.exit("cannot read the moon")
    if behaviour == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["sleep", "600"])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/_local_cloud/health" else 404)
            self.end_headers()
            said = {"status": "ok", "account": options.account, "region": options.region}
            self.wfile.write(json.dumps(said).encode())

    http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "stub_server.py").write_text(textwrap.dedent(STUB))
    monkeypatch.setattr(launcher, "SERVER", "stub_server")
    monkeypatch.setattr(launcher, "_ROOT", tmp_path)
    monkeypatch.setattr(processes, "ORPHAN_WAIT_S", 0.1)
    (tmp_path / "behaviour").write_text("works")
    home = tmp_path / "home"
    yield home
    launcher.stop(home, grace=0.1)


@pytest.fixture
def port() -> int:
    return launcher.free_port(0)


def test_start_find_and_stop(home: Path, port: int) -> None:
    cloud = launcher.start(home, port)
    assert launcher.find(home) == cloud
    assert launcher.health(cloud) == {"status": "ok", "account": "123456789012", "region": "us-east-1"}
    assert (cloud.port, cloud.endpoint_url) == (port, f"http://127.0.0.1:{port}")
    family = [cloud.pid, *(process.pid for process in processes.descendants(cloud.pid))]
    assert len(family) == 2
    assert launcher.stop(home)
    assert launcher.find(home) is None
    assert not (home / launcher.STATE_FILE).exists()
    assert not set(family) & set(processes.table())
    assert not launcher.stop(home)


def test_server_gets_the_account_and_region(home: Path, port: int) -> None:
    arguments = ["--home", str(home), "--port", str(port), "--region", "eu-west-1"]
    assert main(["up", *arguments, "--account", "111122223333"]) == 0
    cloud = launcher.find(home)
    assert cloud is not None
    assert (cloud.account, cloud.region) == ("111122223333", "eu-west-1")
    assert launcher.health(cloud) == {"status": "ok", "account": "111122223333", "region": "eu-west-1"}
    assert cloud.environment()["AWS_REGION"] == "eu-west-1"
    with pytest.raises(SystemExit):
        main(["up", *arguments, "--account", "mine"])


def test_home_that_is_not_ours_is_refused_and_left_alone(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    (home / "letter.txt").write_text("dear reader")
    assert main(["up", "--home", str(home)]) == 1
    assert f"{home} holds files and was not made by the local cloud" in capsys.readouterr().err
    assert not launcher.stop(home)
    assert [path.name for path in home.iterdir()] == ["letter.txt"]


def test_state_file_holds_what_others_need(home: Path, port: int) -> None:
    cloud = launcher.start(home, port)
    state = json.loads((home / launcher.STATE_FILE).read_text())
    assert set(state) == {
        "pid",
        "port",
        "endpoint_url",
        "account",
        "region",
        "started",
        "auth",
        "state",
        "speed",
    }
    assert state["account"] == "123456789012"
    assert cloud.environment()["AWS_ENDPOINT_URL"] == state["endpoint_url"]


def test_second_start_gives_the_running_cloud(home: Path, port: int) -> None:
    first = launcher.start(home, port)
    assert launcher.start(home, launcher.free_port(0)) == first


def test_what_a_running_cloud_was_not_started_with_is_refused(
    home: Path, port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    launcher.start(home, port)
    assert main(["up", "--home", str(home)]) == 0
    assert capsys.readouterr().out.startswith("already running: ")
    assert main(["up", "--home", str(home), "--auth", "--state", str(tmp_path / "s")]) == 1
    said = capsys.readouterr().err
    assert "it does not enforce permissions and keeps its records in memory alone: stop it first" in said


def test_racing_starts_give_one_cloud(home: Path, port: int) -> None:
    with ThreadPoolExecutor(3) as pool:
        clouds = list(pool.map(lambda _: launcher.start(home, port), range(3)))
    assert len({cloud.pid for cloud in clouds}) == 1


def test_taken_port_is_passed_over(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        cloud = launcher.start(home, taken)
    assert cloud.port != taken
    assert launcher.health(cloud) is not None


class Other(http.server.BaseHTTPRequestHandler):
    """Another cloud, which is healthy too."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "ok", "pid": 1}')

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_port_that_another_cloud_takes_at_the_same_moment_is_left_to_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        taken = other.server_address[1]
        monkeypatch.setattr(launcher, "_port", lambda home, wished: wished)  # it looked free
        cloud = launcher.start(home, taken)
        other.shutdown()
    assert cloud.port != taken
    assert launcher.health(cloud) is not None


def test_the_port_of_the_dead_server_is_waited_for(home: Path, port: int) -> None:
    cloud = launcher.start(home, port)
    launcher.stop(home)
    (home / launcher.STATE_FILE).write_text(json.dumps(vars(cloud)))
    with socket.socket() as dying:
        dying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        dying.bind(("127.0.0.1", port))
        dying.listen()
        threading.Timer(0.1, dying.close).start()
        assert launcher._port(home, port) == port


@pytest.mark.parametrize("content", ["", "[]", '{"pid": 1}', "not json"])
def test_broken_state_file_is_no_cloud(home: Path, content: str) -> None:
    home.mkdir()
    (home / launcher.STATE_FILE).write_text(content)
    assert launcher.find(home) is None


def test_state_of_a_dead_or_reused_pid_is_stale(home: Path, port: int) -> None:
    cloud = launcher.start(home, port)
    launcher.stop(home)
    for pid in (cloud.pid, os.getpid()):
        state = {**vars(cloud), "pid": pid}
        (home / launcher.STATE_FILE).write_text(json.dumps(state))
        assert launcher.find(home) is None
    assert launcher.start(home, port).pid not in (cloud.pid, os.getpid())


def test_cloud_of_another_home_is_not_ours(home: Path, port: int, tmp_path: Path) -> None:
    launcher.start(home, port)
    other = tmp_path / "other"
    other.mkdir()
    (other / launcher.STATE_FILE).write_text((home / launcher.STATE_FILE).read_text())
    assert launcher.find(other) is None


def test_server_that_fails_is_reported_with_its_log(home: Path, port: int) -> None:
    (home.parent / "behaviour").write_text("fails")
    with pytest.raises(launcher.LaunchError, match=r"code 1(.|\n)*cannot read the moon"):
        launcher.start(home, port)
    assert launcher.find(home) is None


def test_stubborn_server_is_killed_with_its_children(home: Path, port: int) -> None:
    (home.parent / "behaviour").write_text("stubborn")
    cloud = launcher.start(home, port)
    family = [cloud.pid, *(process.pid for process in processes.descendants(cloud.pid))]
    assert launcher.stop(home, grace=0.1)
    assert not set(family) & set(processes.table())


def test_commands_say_what_they_did(home: Path, port: int, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--home", str(home)]
    assert main(["status", *arguments]) == 3
    assert capsys.readouterr().out == "not running\n"
    assert main(["up", *arguments, "--port", str(port)]) == 0
    assert f"running: http://127.0.0.1:{port} " in capsys.readouterr().out
    assert main(["up", *arguments]) == 0
    assert capsys.readouterr().out.startswith("already running: ")
    assert main(["status", *arguments]) == 0
    assert capsys.readouterr().out.startswith("running: ")
    assert main(["env", *arguments]) == 0
    assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{port}\n" in capsys.readouterr().out
    assert main(["down", *arguments]) == 0
    assert capsys.readouterr().out == "stopped\n"
    assert main(["down", *arguments]) == 0
    assert capsys.readouterr().out == "not running\n"


def test_commands_that_need_a_cloud_say_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--home", str(home)]) == 1
    assert main(["deploy", str(home), "--home", str(home)]) == 1
    assert capsys.readouterr().err.count("no local cloud runs for") == 2
