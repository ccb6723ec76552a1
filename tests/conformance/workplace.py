"""Where somebody works with the public SDK: a session of an execution role, in an account of its own."""

from __future__ import annotations

import io
import itertools
import logging
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.integration.conftest import Cloud

from .conftest import make_role

_ACCOUNTS = itertools.count(299_000_000_000)
INFERENCE = """
import json, os
def model_fn(folder): return json.load(open(os.path.join(folder, "model.json")))
def input_fn(body, content_type): return json.loads(body)
def predict_fn(given, model): return {"sum": sum(given) + model["plus"]}
def output_fn(found, accept): return json.dumps(found)
"""


class Workplace:
    """What a notebook has: a session in the execution role, its default bucket, and files of one's own."""

    def __init__(self, folder: Path, account: str) -> None:
        from sagemaker.core.helper.session_helper import Session, get_execution_role

        self.folder, self.account = folder, account
        self.session = Session()
        self.role = get_execution_role()
        self.bucket = self.session.default_bucket()
        self.s3 = boto3.client("s3")

    def upload(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def model(self) -> str:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, text in (("model.json", '{"plus": 1}'), ("code/inference.py", INFERENCE)):
                entry = tarfile.TarInfo(name)
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
        return self.upload("models/model.tar.gz", packed.getvalue())


@pytest.fixture(scope="module")
def work(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """The environment of an execution role's session, and nothing else of this machine's AWS settings."""
    account = str(next(_ACCOUNTS))
    keys = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local"}
    places = {"AWS_ENDPOINT_URL": cloud.url, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    alone = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    sleep = time.sleep
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**keys, **places, **alone, "AWS_EC2_METADATA_DISABLED": "true"}.items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        # The SDK looks every 5 to 30 seconds, as it should at AWS.
        patch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.1)))
        from sagemaker.core.utils.utils import SingletonMeta

        from . import aws_hosts as aws_hosts

        patch.setattr(SingletonMeta, "_instances", {})
        first = boto3.Session()
        role = make_role(first.client("iam"), "SageMakerRole")
        session = first.client("sts").assume_role(RoleArn=role, RoleSessionName="SageMaker")["Credentials"]
        patch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
        patch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
        folder = tmp_path_factory.mktemp("sdk")
        patch.chdir(folder)
        logging.getLogger("sagemaker").setLevel(logging.ERROR)
        yield Workplace(folder, account)
