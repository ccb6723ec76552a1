"""An account whose S3 is a folder and whose model servers start fast and do as their model says."""

from __future__ import annotations

import io
import json
import tarfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud import children
from local_cloud.sagemaker import control, endpoints, operations, registry
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import metrics, worker
from local_cloud.sagemaker.operations import Response

__all__ = ["control", "registry"]
ROLE = "arn:aws:iam::123456789012:role/endpoint"
DEADLINE_S = 20.0

# Stands for model_server.py: same arguments; does what `model.json` of the model and the request say.
STUB = """
    import argparse, http.server, json, os, pathlib, sys, time
    parser = argparse.ArgumentParser()
    for name in ("--model-dir", "--port-file", "--concurrency"):
        parser.add_argument(name)
    options = parser.parse_args()
    model = json.loads(pathlib.Path(options.model_dir, "model.json").read_text())
    if "refuses" in model:
        sys.exit(model["refuses"])
    if "killed_once" in model and not os.path.exists(model["killed_once"]):
        pathlib.Path(model["killed_once"]).touch()
        os.kill(os.getpid(), 9)
    if "hangs" in model:
        time.sleep(600)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer(200, b"")

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if body == "die":
                os._exit(9)
            time.sleep(model.get("slow", 0))
            if body.startswith("sleep"):
                time.sleep(float(body.split()[1]))
            if "received" in model:
                with open(model["received"], "a") as file:
                    file.write(body + ";")
            said = {"model": model["name"], "pid": os.getpid(), "concurrency": options.concurrency}
            said |= {"body": body, "type": self.headers["Content-Type"], "env": dict(os.environ)}
            self.answer(model.get("status", 200), json.dumps(said).encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    draft = pathlib.Path(options.port_file + ".draft")
    draft.write_text(str(server.server_port))
    draft.rename(options.port_file)
    print("serving " + model["name"], flush=True)
    server.serve_forever()
"""


class FakeAws:
    """S3 in a folder; CloudWatch and its logs in lists."""

    class exceptions:  # noqa: N801 - as boto3 clients have it
        ResourceAlreadyExistsException = FileExistsError

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[tuple[str, str, str]] = []
        self.metrics: list[dict[str, Any]] = []
        self.alarms: dict[str, str] = {}

    def download_file(self, bucket: str, key: str, target: str) -> None:
        source = self.folder / bucket / key
        if not source.exists():
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        Path(target).write_bytes(source.read_bytes())

    def create_log_group(self, **_: str) -> None:
        raise FileExistsError

    def create_log_stream(self, **_: str) -> None:
        """Nothing to create."""

    def put_log_events(self, **call: Any) -> None:
        for event in call["logEvents"]:
            self.lines.append((call["logGroupName"], call["logStreamName"], event["message"]))

    def put_metric_data(self, **call: Any) -> None:
        self.metrics += call["MetricData"]

    def describe_alarms(self, **call: Any) -> dict[str, Any]:
        states = {name: self.alarms[name] for name in call["AlarmNames"] if name in self.alarms}
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": states[name]} for name in states]}


class FakeContext(Context):
    """A context whose clients are fakes."""

    def __init__(self, home: Path) -> None:
        self.events: list[dict[str, Any]] = []  # those of endpoints
        super().__init__(
            account="123456789012",
            region="us-east-1",
            endpoint_url=f"http://127.0.0.1:9/{home}",
            home=home,
            event_sink=lambda *event: self._hear(event),
        )
        self.aws = FakeAws(home / "s3")

    def client(self, service: str, role_arn: str | None = None) -> Any:
        return self.aws

    def job_environment(self, role_arn: str | None) -> dict[str, str]:
        return {"ROLE": role_arn or ""}

    def _hear(self, event: tuple[Any, ...]) -> None:
        if event[2] != "SageMaker Model State Change":
            self.events.append({"type": event[2], **event[3]})

    def statuses(self) -> list[str]:
        changes = [event for event in self.events if event["type"] == "SageMaker Endpoint State Change"]
        return [event["EndpointStatus"] for event in changes]

    def stages(self) -> list[str]:
        """What was said about the variants of pending deployments, in turn."""
        kept = [event for event in self.events if event["type"].endswith("Deployment State Change")]
        summaries = [event.get("PendingDeploymentSummary", {}) for event in kept]
        listed = [one for summary in summaries for one in summary.get("ProductionVariants", [])]
        return [one["VariantStatus"][0]["StatusMessage"] for one in listed if "VariantStatus" in one]


class Account:
    """The few calls that the tests make again and again."""

    def __init__(self, ctx: FakeContext) -> None:
        self.ctx = ctx

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return operations.call(self.ctx, operation, params)

    def archive(self, key: str, files: dict[str, str]) -> str:
        """Put a model archive into the bucket and return its URI."""
        target = self.ctx.aws.folder / "models" / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(target, "w:gz") as tar:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content.encode())
                tar.addfile(entry, io.BytesIO(content.encode()))
        return f"s3://models/{key}"

    def model(self, name: str, environment: dict[str, str] | None = None, **behaviour: Any) -> str:
        """Create a model that says its name, or does as told."""
        uri = self.archive(f"{name}.tar.gz", {"model.json": json.dumps({"name": name, **behaviour})})
        container = {"Image": "image:1", "ModelDataUrl": uri, "Environment": environment or {}}
        self.call("CreateModel", ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        return name

    def config(self, name: str, *variants: dict[str, Any], **more: Any) -> str:
        self.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=list(variants), **more)
        return name

    def endpoint(self, name: str, config: str) -> dict[str, Any]:
        self.call("CreateEndpoint", EndpointName=name, EndpointConfigName=config)
        return self.settled(name)

    def update(self, name: str, config: str, **more: Any) -> dict[str, Any]:
        self.call("UpdateEndpoint", EndpointName=name, EndpointConfigName=config, **more)
        return self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        """Wait until the endpoint is no longer changing."""

        def done() -> bool:
            return self.describe(name)["EndpointStatus"] in ("InService", "Failed")

        assert eventually(done), self.describe(name)
        return self.describe(name)

    def describe(self, name: str) -> dict[str, Any]:
        return self.call("DescribeEndpoint", EndpointName=name)

    def invoke(self, name: str, body: str = "hello", **headers: str) -> Response:
        path = f"/endpoints/{name}/invocations"
        found = operations.find_route("POST", path)
        assert found is not None
        serve, match = found
        given = {"content-type": "text/plain", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return serve(self.ctx, operations.Request("POST", path, given, body.encode(), {}, match))

    def ask(self, name: str, body: str = "hello", **headers: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.invoke(name, body, **headers).body)
        return answer


def variant(model: str, name: str = "AllTraffic", instances: int = 1, weight: float = 1.0) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": instances,
        "InitialVariantWeight": weight,
    }


def eventually(condition: Callable[[], bool]) -> bool:
    """Poll until the condition holds; the deadline only bounds a failing test."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def in_thread(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start work on a thread and return a function that waits for its result."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()

    def result() -> Any:
        thread.join(DEADLINE_S)
        return results[0]

    return result


def breaks(*_: object, **__: object) -> None:
    """Stands for what cannot be done."""
    raise RuntimeError("can't start new thread")


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    stub = tmp_path / "stub_server.py"
    stub.write_text(textwrap.dedent(STUB))
    monkeypatch.setattr(worker, "MODEL_SERVER", stub)
    monkeypatch.setattr(metrics, "_EVERY_REAL_S", (0.01, 0.01))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    started: list[worker.Worker] = []
    begin = worker.Worker.start

    def start(self: worker.Worker) -> None:
        started.append(self)
        begin(self)

    monkeypatch.setattr(worker.Worker, "start", start)
    yield Account(FakeContext(tmp_path / "home"))
    endpoints.shutdown()
    for one in started:  # also those of a deployment that is still under way
        one._retired.set()
    children.terminate_all(grace=0.1)
