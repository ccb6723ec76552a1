"""One local cloud for all integration tests that share a session."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conformance import shapes

ACCOUNT, REGION = "123456789012", "us-east-1"
ROOT = Path(__file__).resolve().parents[2]


class Cloud:
    """A running cloud and its clients."""

    account, region = ACCOUNT, REGION

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def client(self, service: str) -> Any:
        made = boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
        )
        return shapes.watch(made) if service.startswith("sagemaker") else made

    def make_role(self, name: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        trust = {"Version": "2012-10-17", "Statement": [statement]}
        made = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        return str(made["Role"]["Arn"])


def until(read: Callable[[], Any], good: Callable[[Any], bool], seconds: float = 30) -> Any:
    """What `read` gives as soon as it is good."""
    deadline = time.monotonic() + seconds
    while not good(found := read()):
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with _running(tmp_path_factory.mktemp("cloud")) as found:
        yield found


@pytest.fixture(scope="session")
def fast_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud whose waits (alarm periods, cooldowns, batches) are a hundred times shorter."""
    with _running(tmp_path_factory.mktemp("fast"), "--speed", "100") as found:
        yield found


@contextmanager
def _running(folder: Path, *options: str) -> Iterator[Cloud]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = folder / "home"
    command = [sys.executable, "-m", "local_cloud.server", "--home", str(home), "--port", str(port), *options]
    environment = {
        **os.environ,
        "AWS_PROFILE": "no-such-profile",
        "SM_MODEL_DIR": "/leaked",
        "LOCAL_CLOUD_STRICT": "1",
    }
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until_healthy(port, server, log)
        yield Cloud(port)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0, log.read_text()
    finally:
        server.kill()


def _wait_until_healthy(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_local_cloud/health", timeout=2) as answer:
                assert json.load(answer)["status"] == "ok"
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
