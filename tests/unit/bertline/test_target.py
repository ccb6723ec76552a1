"""Targets: the local cloud can never be mistaken for an account, nor the other way round."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bertline import target as module
from bertline.errors import BertlineError
from bertline.target import Place, Target, check_place, local_cloud, place_of, resolve

LOCAL = Target("local", "us-east-1", "http://127.0.0.1:4566", "123456789012")
Write = Callable[[int], None]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(module, "CLOUD_HOME", tmp_path)
    return tmp_path


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """Answers the health question as process 7 would."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/_local_cloud/health"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"status": "ok", "pid": 7}).encode())

        def log_message(self, *_: object) -> None:
            pass

    listening = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield listening
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def write_state(home: Path, server: HTTPServer) -> Write:
    def write(pid: int) -> None:
        url = f"http://127.0.0.1:{server.server_port}"
        state = {"pid": pid, "endpoint_url": url, "account": "123456789012", "region": "us-east-1"}
        (home / "cloud.json").write_text(json.dumps(state))

    return write


def test_a_local_cloud_that_answers_is_found(write_state: Write, server: HTTPServer) -> None:
    write_state(7)
    assert resolve("local", "dev").endpoint_url == f"http://127.0.0.1:{server.server_port}"


def test_a_state_file_of_another_process_is_not_a_local_cloud(write_state: Write) -> None:
    write_state(os.getpid())  # alive, but not what listens there
    assert local_cloud() is None


@pytest.mark.parametrize("content", ["", "{}", '{"pid": 7, "endpoint_url": "http://127.0.0.1:9"}'])
def test_a_stale_or_unfinished_state_file_is_no_local_cloud(home: Path, content: str) -> None:
    (home / "cloud.json").write_text(content)
    assert local_cloud() is None


def test_without_a_local_cloud_the_error_says_how_to_start_one(home: Path) -> None:
    with pytest.raises(BertlineError, match="bertline up"):
        resolve("local", "dev")


def test_a_local_cloud_for_another_region_or_account_is_refused() -> None:
    check_place(LOCAL, Place("us-east-1", None), "dev")
    for place in (Place("eu-west-1", None), Place("us-east-1", "999999999999")):
        with pytest.raises(BertlineError, match="bertline down"):
            check_place(LOCAL, place, "dev")


def test_programs_for_the_local_cloud_get_no_real_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "real")
    variables = LOCAL.variables()
    assert "AWS_PROFILE" not in variables and "AWS_SESSION_TOKEN" not in variables
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert variables["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert variables["AWS_ACCESS_KEY_ID"] == "123456789012"


def test_clients_of_the_local_cloud_go_to_its_address_only() -> None:
    assert LOCAL.client("s3").meta.endpoint_url == "http://127.0.0.1:4566"


def test_every_environment_names_its_region() -> None:
    for environment in ("dev", "staging", "prod"):
        assert place_of(environment).region.count("-") >= 2


def test_an_unknown_environment_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BertlineError, match=r"'moon'.*dev, prod, staging"):
        place_of("moon")
