"""Targets: the local cloud can never be mistaken for an account, nor the other way round."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bertline import target as module
from bertline.errors import BertlineError
from bertline.target import Target, local_cloud, region_of, resolve

LOCAL = Target("local", "us-east-1", "http://127.0.0.1:4566", "123456789012")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(module, "CLOUD_HOME", tmp_path)
    return tmp_path


def write_state(home: Path, pid: int) -> None:
    state = {
        "pid": pid,
        "endpoint_url": "http://127.0.0.1:9",
        "account": "123456789012",
        "region": "us-east-1",
    }
    (home / "cloud.json").write_text(json.dumps(state))


def test_a_running_local_cloud_is_found(home: Path) -> None:
    write_state(home, os.getpid())
    assert resolve("local", "dev").endpoint_url == "http://127.0.0.1:9"


def test_a_dead_local_cloud_is_not_found(home: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write_state(home, gone.pid)
    assert local_cloud() is None


def test_without_a_local_cloud_the_error_says_how_to_start_one(home: Path) -> None:
    with pytest.raises(BertlineError, match="bertline up"):
        resolve("local", "dev")


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
        assert region_of(environment).count("-") >= 2


def test_an_unknown_environment_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BertlineError, match=r"'moon'.*dev, prod, staging"):
        region_of("moon")
