"""A local cloud with trivial models, and callers that ask its endpoints and the model servers below them."""

import http.client
import io
import tarfile
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from local_cloud import launcher
from local_cloud.options import Options

BUCKET, BODY = "bench-endpoints", b"a text of some forty bytes, as a review "
ROLE = "arn:aws:iam::{account}:role/bench"
INFERENCE = """
import os, time


def model_fn(model_dir):
    return os.environ["SAYS"], float(os.environ["SLEEPS"])


def input_fn(body, content_type):
    return body


def predict_fn(body, model):
    time.sleep(model[1])
    return model[0]


def output_fn(said, accept):
    return said, "text/plain"
"""


class EndpointCloud:
    """A running cloud and the calls that the measurements share."""

    def __init__(self, cloud: launcher.Cloud, home: Path) -> None:
        self.cloud, self.home = cloud, home
        self.sagemaker = self.client("sagemaker")
        s3 = self.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=_archive())

    def client(self, service: str) -> Any:
        """A boto3 client of the cloud's account."""
        return boto3.client(
            service,
            endpoint_url=self.cloud.endpoint_url,
            region_name=self.cloud.region,
            aws_access_key_id=self.cloud.account,
            aws_secret_access_key="bench",  # noqa: S106 - any secret passes on loopback
        )

    def model(self, says: str, sleeps: float = 0.0) -> dict[str, Any]:
        """The parameters of CreateModel for a model that sleeps, then says its name."""
        environment = {"SAGEMAKER_PROGRAM": "inference.py", "SAYS": says, "SLEEPS": str(sleeps)}
        container = {"Image": "bench:1", "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
        role = ROLE.format(account=self.cloud.account)
        return {
            "ModelName": says,
            "PrimaryContainer": {**container, "Environment": environment},
            "ExecutionRoleArn": role,
        }

    def config(self, name: str, *variants: dict[str, Any]) -> str:
        """Create an endpoint configuration."""
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants))
        return name

    def endpoint(self, name: str, config: str) -> None:
        """Create an endpoint and wait for it."""
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        """Wait until an endpoint is in service, and describe it."""
        waiter = self.sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200})
        described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return described

    def server_port(self, endpoint: str) -> int:
        """Where the first model server of an endpoint listens."""
        (found,) = self.home.glob(f"endpoints/*/*/{endpoint}/0001/AllTraffic/instance-0/port")
        return int(found.read_text())

    def asker(self, endpoint: str) -> Callable[[], str]:
        """A function that asks an endpoint over one kept connection and returns the answer."""
        credential = f"{self.cloud.account}/20260101/{self.cloud.region}/sagemaker/aws4_request"
        authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
        return asker(self.cloud.port, f"/endpoints/{endpoint}/invocations", authorization)


def asker(port: int, path: str, authorization: str = "") -> Callable[[], str]:
    """A function that posts the body over one kept connection; RuntimeError for any answer but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "text/plain"} | ({"Authorization": authorization} if authorization else {})

    def ask() -> str:
        connection.request("POST", path, BODY, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{answer.status}: {content.decode(errors='replace')[:200]}")
        return content.decode()

    return ask


def variant(model: str, instances: int = 1, name: str = "AllTraffic", weight: float = 1.0) -> dict[str, Any]:
    """A production variant."""
    shape = {"InstanceType": "ml.m5.large", "InitialInstanceCount": instances}
    return {"VariantName": name, "ModelName": model, "InitialVariantWeight": weight, **shape}


class Load:
    """Callers that ask as fast as they are answered: what they got, what failed, for how long."""

    def __init__(self, make: Callable[[], Callable[[], str]], callers: int) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(make(),)) for _ in range(callers)]

    def __enter__(self) -> "Load":
        self._begun = time.perf_counter()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.perf_counter() - self._begun

    @property
    def total(self) -> int:
        """How many requests were made."""
        return self.answers.total() + len(self.failures)

    def _ask(self, ask: Callable[[], str]) -> None:
        while not self._over.is_set():
            try:
                self.answers[ask()] += 1
            except (RuntimeError, OSError, http.client.HTTPException) as error:
                self.failures.append(f"{type(error).__name__}: {error}")


@contextmanager
def running(speed: float) -> Iterator[EndpointCloud]:
    """A cloud of its own, whose waits are `speed` times shorter."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        try:
            yield EndpointCloud(launcher.start(home, launcher.free_port(0), Options(speed=speed)), home)
        finally:
            launcher.stop(home)


def _archive() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        entry = tarfile.TarInfo("code/inference.py")
        entry.size = len(INFERENCE.encode())
        tar.addfile(entry, io.BytesIO(INFERENCE.encode()))
    return target.getvalue()
