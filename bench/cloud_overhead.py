"""The local cloud by itself: how soon it answers, the memory it takes, what it adds to a pipeline step."""

from __future__ import annotations

import json
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil

from bench.measure import ROOT

ACCOUNT, REGION = "123456789012", "us-east-1"
STARTS, ROUNDS = 5, 5
CONDITIONS, JOBS = 50, 10
ROLE = f"arn:aws:iam::{ACCOUNT}:role/bench"
Json = dict[str, Any]


def main() -> None:
    """Start the server a few times, then run pipelines of empty steps on the last one.

    A step's time is that of its execution, as the records have it, divided by the number of steps.
    """
    seconds: list[float] = []
    for _ in range(STARTS - 1):
        with _server() as (_, _, started):
            seconds.append(started)
    with _server() as (url, process, started):
        seconds.append(started)
        time.sleep(2)
        idle = process.memory_info().rss / 2**20
        print(f"start-up to health: {statistics.median(seconds):.2f} s (median of {STARTS}, "
              f"{min(seconds):.2f} to {max(seconds):.2f})")  # fmt: skip
        print(f"resident memory, idle: {idle:.0f} MiB")
        _steps(url)
        print(f"resident memory after that: {process.memory_info().rss / 2**20:.0f} MiB")


def _steps(url: str) -> None:
    clients = {name: _client(url, name) for name in ("sagemaker", "iam")}
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    clients["iam"].create_role(RoleName="bench", AssumeRolePolicyDocument=document)
    print(f"{'':34}{'ms a step':>12}{'best':>8}{'worst':>8}  (median of {ROUNDS} executions)")
    for kind, make, count in (
        ("Condition", _condition, CONDITIONS),
        ("Processing job (/bin/true)", _job, JOBS),
    ):
        for order in ("chain", "parallel"):
            steps = [make(number) for number in range(count)]
            for before, step in zip(steps, steps[1:] if order == "chain" else (), strict=False):
                step["DependsOn"] = [before["Name"]]
            found = _run(clients["sagemaker"], f"{kind[:4].lower()}-{order}", steps)
            print(f"{f'{count} x {kind}, {order}':34}{statistics.median(found):>12.1f}"
                  f"{min(found):>8.1f}{max(found):>8.1f}", flush=True)  # fmt: skip


def _run(sagemaker: Any, name: str, steps: list[Json]) -> list[float]:
    """Milliseconds a step, of each execution."""
    body = json.dumps({"Version": "2020-12-01", "Steps": steps})
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=body, RoleArn=ROLE)
    found = []
    for _ in range(ROUNDS):
        arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
        while True:
            execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
            if execution["PipelineExecutionStatus"] != "Executing":
                break
            time.sleep(0.1)
        if execution["PipelineExecutionStatus"] != "Succeeded":
            raise RuntimeError(
                f"{arn} is {execution['PipelineExecutionStatus']}: {execution.get('FailureReason')}"
            )
        span = execution["LastModifiedTime"] - execution["CreationTime"]
        found.append(span.total_seconds() * 1000 / len(steps))
    return found


def _condition(number: int) -> Json:
    conditions = [{"Type": "Equals", "LeftValue": number, "RightValue": number}]
    arguments = {"Conditions": conditions, "IfSteps": [], "ElseSteps": []}
    return {"Name": f"Step{number}", "Type": "Condition", "Arguments": arguments}


def _job(number: int) -> Json:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    arguments = {
        "RoleArn": ROLE,
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["/bin/true"]},
    }
    return {"Name": f"Step{number}", "Type": "Processing", "Arguments": arguments}


@contextmanager
def _server() -> Iterator[tuple[str, psutil.Process, float]]:
    """A server in a home of its own: its address, its process and the seconds until it answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "local_cloud.server",
            "--home",
            f"{folder}/home",
            "--port",
            str(port),
        ]
        log, begin = Path(folder) / "log", time.perf_counter()
        with log.open("wb") as output:
            server = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(f"{url}/_local_cloud/health", server, log)
            yield url, psutil.Process(server.pid), time.perf_counter() - begin
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
                answer.read()
            return
        except OSError:
            if server.poll() is not None:
                raise RuntimeError(f"the server has ended: {log.read_text()[-2000:]}") from None
            time.sleep(0.01)


def _client(url: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="local",  # noqa: S106 - any passes here
    )
