"""Endpoints that start fast: a model without weights that says who answers."""

from __future__ import annotations

import io
import tarfile
from typing import Any

from .conftest import Cloud, until

BUCKET = "small-models"
# Answers a number with its double and the process that answers; refuses what is no number.
INFERENCE = """
import json, os


def model_fn(model_dir):
    return None


def input_fn(body, content_type):
    return float(body if isinstance(body, str) else body.decode())


def predict_fn(number, model):
    return {"double": 2 * number, "pid": os.getpid()}


def output_fn(answer, accept):
    return json.dumps(answer), "application/json"
"""


def bucket(cloud: Cloud) -> str:
    """Make the bucket with the model's archive, once for each cloud, and return its name."""
    s3 = cloud.client("s3")
    if BUCKET not in [one["Name"] for one in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=_archive())
    return BUCKET


def endpoint(cloud: Cloud, name: str, **config: Any) -> None:
    """Bring an endpoint of one instance into service; `config` goes into its endpoint configuration."""
    sagemaker = cloud.client("sagemaker")
    container = {
        "Image": "image:1",
        "ModelDataUrl": f"s3://{bucket(cloud)}/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
    }
    role = cloud.make_role(name)
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **config)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    settled(cloud, name)


def resize(cloud: Cloud, name: str, instances: int) -> None:
    """Give an endpoint another number of instances, and wait until it has them."""
    wanted = {"VariantName": "AllTraffic", "DesiredInstanceCount": instances}
    cloud.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[wanted]
    )
    settled(cloud, name)


def settled(cloud: Cloud, name: str) -> None:
    """Wait until an endpoint is not being changed."""
    busy = ("Creating", "Updating", "SystemUpdating")
    until(lambda: described(cloud, name)["EndpointStatus"], lambda status: status not in busy)
    assert described(cloud, name)["EndpointStatus"] == "InService", described(cloud, name)


def described(cloud: Cloud, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("sagemaker").describe_endpoint(EndpointName=name)
    return found


def _archive() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        entry = tarfile.TarInfo("code/inference.py")
        entry.size = len(INFERENCE.encode())
        tar.addfile(entry, io.BytesIO(INFERENCE.encode()))
    return target.getvalue()
