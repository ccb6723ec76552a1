"""A local cloud with a state folder for the benchmark of kills: its parts, its processes, its restarts."""

import hashlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench.measure import ROOT
from local_cloud import launcher
from local_cloud.options import Options
from local_cloud.state.folder import DATABASE

BUCKET, GROUP, PIPELINE, ENDPOINT, TOPIC, QUEUE = "kept", "kept", "kept", "kept", "kept", "kept"
PATIENCE_S = 60.0
_QUICK = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"total_max_attempts": 1, "mode": "standard"},
    s3={"addressing_style": "path"},
)
_INFERENCE = """
def model_fn(folder):
    return None

def input_fn(body, content_type):
    return body

def predict_fn(body, model):
    return body

def output_fn(answer, accept):
    return answer, accept
"""
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


class World:
    """The cloud, and clients that ask once and say what went wrong."""

    def __init__(self, folder: Path) -> None:
        self.home, self.state = folder / "home", folder / "state"
        self.port = launcher.free_port(0)
        self.cloud = self.start()
        self._clients: dict[str, Any] = {}

    def start(self) -> launcher.Cloud:
        """Start the server on the port it had."""
        self.cloud = launcher.start(self.home, self.port, Options(state=self.state))
        return self.cloud

    def start_and_kill(self, seconds: float) -> None:
        """Start the server and kill it so soon, whether it is ready or not."""
        words = ["--home", str(self.home), "--port", str(self.port), *Options(state=self.state).arguments()]
        with (self.home / launcher.LOG_FILE).open("ab") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", launcher.SERVER, *words], cwd=ROOT, stdout=log, stderr=log
            )
        time.sleep(seconds)
        server.kill()
        server.wait()

    def client(self, service: str) -> Any:
        """A client of the cloud."""
        where = f"{service} {self.cloud.endpoint_url}"  # another port if somebody has taken ours meanwhile
        if where not in self._clients:
            session = boto3.Session(self.cloud.account, "local", region_name=self.cloud.region)
            self._clients[where] = session.client(
                service, endpoint_url=self.cloud.endpoint_url, config=_QUICK
            )
        return self._clients[where]

    def furnish(self) -> None:
        """Make what the work needs: bucket, pipeline, endpoint, feature group, topic and queue."""
        self.client("s3").create_bucket(Bucket=BUCKET)
        made = self.client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument=json.dumps(_TRUST))
        role = made["Role"]["Arn"]
        self._furnish_queue()
        sagemaker = self.client("sagemaker")
        sagemaker.create_pipeline(
            PipelineName=PIPELINE,
            PipelineDefinition=json.dumps(_pipeline(role)),
            RoleArn=role,
            ClientRequestToken=hashlib.sha256(b"kept").hexdigest(),
        )
        features = {"record": "String", "at": "Fractional"}
        sagemaker.create_feature_group(
            FeatureGroupName=GROUP,
            RecordIdentifierFeatureName="record",
            EventTimeFeatureName="at",
            FeatureDefinitions=[{"FeatureName": key, "FeatureType": kind} for key, kind in features.items()],
            OnlineStoreConfig={"EnableOnlineStore": True},
            OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/features/"}},
            RoleArn=role,
        )
        self._furnish_endpoint(role)

    def victims(self) -> dict[str, list[int]]:
        """The processes that may be killed now, by kind."""
        told = launcher.ask(self.cloud, "status", timeout=10) or {"processes": []}
        jobs = [one["pid"] for one in told["processes"] if one["folder"].startswith("jobs")]
        workers = [one["pid"] for one in told["processes"] if one["folder"].startswith("endpoints")]
        guards = [parent for pid in jobs + workers if (parent := _parent(pid)) is not None]
        server = [self.cloud.pid]
        return {
            "server": server,
            "starting server": server,
            "job": jobs,
            "guard": guards,
            "endpoint worker": workers,
        }

    def kill(self, pid: int) -> None:
        """Kill a process as hard as can be."""
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it has ended at this very moment

    def wait_for_end(self, pid: int) -> None:
        """Wait until the server is gone, and reap it."""
        until(lambda: launcher.find(self.home) is None, PATIENCE_S)
        server = launcher.started(pid)
        if server is not None:
            server.wait()

    def damage(self) -> list[str]:
        """What SQLite finds wrong with the database of a dead server."""
        connection = sqlite3.connect(self.state / DATABASE)
        try:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        finally:
            connection.close()
        return [] if found == ["ok"] else found

    def orphans(self) -> list[str]:
        """The processes of this home that are left though the server is not."""
        left: list[psutil.Process] = []

        def none_left() -> bool:
            left[:] = [process for process in psutil.process_iter() if self._is_ours(process)]
            return not left

        until(none_left, 5.0)
        return [f"{process.pid} {' '.join(_command(process))[:100]}" for process in left]

    def answers(self) -> bool:
        """Whether the endpoint answers with what it is asked."""
        try:
            answer = self.client("sagemaker-runtime").invoke_endpoint(
                EndpointName=ENDPOINT, Body=b"ask", ContentType="text/plain", Accept="text/plain"
            )
            return bool(answer["Body"].read() == b"ask")
        except (BotoCoreError, ClientError):
            return False

    def _furnish_queue(self) -> None:
        topic = self.client("sns").create_topic(Name=TOPIC)["TopicArn"]
        queue = self.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]
        told = self.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        self.client("sns").subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=told["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )

    def _furnish_endpoint(self, role: str) -> None:
        self.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=_archive())
        sagemaker = self.client("sagemaker")
        container = {
            "Image": "image:1",
            "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        }
        sagemaker.create_model(ModelName=ENDPOINT, PrimaryContainer=container, ExecutionRoleArn=role)
        variant = {
            "VariantName": "only",
            "ModelName": ENDPOINT,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 2,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=ENDPOINT, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=ENDPOINT)
        if not until(self.answers, PATIENCE_S):
            raise RuntimeError(f"the endpoint does not come up: see {self.home / launcher.LOG_FILE}")

    def _is_ours(self, process: psutil.Process) -> bool:
        if process.pid == os.getpid():
            return False
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            told = [*process.cmdline(), process.cwd(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False
        return any(str(self.home) in one for one in told)


def until(good: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so; false when it is not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not good():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _parent(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).ppid())
    except psutil.NoSuchProcess:
        return None


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


def _pipeline(role: str) -> dict[str, Any]:
    def step(name: str, before: list[str]) -> dict[str, Any]:
        cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        arguments = {
            "ProcessingResources": {"ClusterConfig": cluster},
            "AppSpecification": {"ImageUri": "image:1", "ContainerEntrypoint": ["/bin/sleep", "0.4"]},
            "RoleArn": role,
        }
        return {"Name": name, "Type": "Processing", "Arguments": arguments, "DependsOn": before}

    return {
        "Version": "2020-12-01",
        "Parameters": [],
        "Steps": [step("First", []), step("Beside", []), step("Last", ["First", "Beside"])],
    }


def _archive() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        entry = tarfile.TarInfo("code/inference.py")
        entry.size = len(_INFERENCE)
        tar.addfile(entry, io.BytesIO(_INFERENCE.encode()))
    return target.getvalue()
