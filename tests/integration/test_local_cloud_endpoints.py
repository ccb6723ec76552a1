"""A model archive becomes an endpoint that answers boto3, through the real toolkit and the real emulator."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_cloud import launcher, processes
from local_cloud.options import Options

pytestmark = pytest.mark.integration
BUCKET, GROUP = "models", "tiny"
ROLE = "arn:aws:iam::123456789012:role/endpoint"
DEADLINE_S = 30.0
DEFAULT = Options()
INFERENCE = """
import json, os, pathlib


def model_fn(model_dir):
    return json.loads(pathlib.Path(model_dir, "model.json").read_text())


def input_fn(body, content_type):
    if content_type != "application/jsonlines":
        raise ValueError("cannot read " + str(content_type))
    text = body if isinstance(body, str) else body.decode()
    return [json.loads(line)["features"][0] for line in text.splitlines()]


def predict_fn(texts, model):
    good = set(model["good"])
    return [len(good & set(text.split())) for text in texts]


def output_fn(scores, accept):
    version = os.environ["MODEL_VERSION"]
    return "".join(json.dumps({"score": score, "version": version}) + "\\n" for score in scores), accept
"""


class Tenant:
    """Clients of a running cloud, and the steps the tests share."""

    def __init__(self, cloud: launcher.Cloud) -> None:
        self.cloud = cloud
        self.s3 = self.client("s3")
        self.sagemaker = self.client("sagemaker")
        self.runtime = self.client("sagemaker-runtime")

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.cloud.endpoint_url,
            region_name=self.cloud.region,
            aws_access_key_id=self.cloud.account,
            aws_secret_access_key="local",
        )

    def package(self, version: str, good: list[str], code: str = INFERENCE) -> str:
        """Register a model package and return its ARN."""
        key = f"{version}/model.tar.gz"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=archive({"model.json": {"good": good}}, code))
        container = {
            "Image": "image:1",
            "ModelDataUrl": f"s3://{BUCKET}/{key}",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "MODEL_VERSION": "unset"},
        }
        specification = {
            "Containers": [container],
            "SupportedContentTypes": ["application/jsonlines"],
            "SupportedResponseMIMETypes": ["application/jsonlines"],
        }
        arn: str = self.sagemaker.create_model_package(
            ModelPackageGroupName=GROUP, InferenceSpecification=specification
        )["ModelPackageArn"]
        return arn

    def config(self, name: str, package: str, instances: int = 1) -> str:
        """Create a model of a package and an endpoint configuration of that name."""
        container = {"ModelPackageName": package, "Environment": {"MODEL_VERSION": name}}
        return self.config_of(name, container, instances)

    def config_of(self, name: str, container: dict[str, Any], instances: int) -> str:
        """Create a model of a container and an endpoint configuration of that name."""
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": instances,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        return name

    def in_service(self, name: str) -> dict[str, Any]:
        self.sagemaker.get_waiter("endpoint_in_service").wait(
            EndpointName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
        )
        described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return described

    def ask(
        self, name: str, *texts: str, content_type: str = "application/jsonlines"
    ) -> list[dict[str, Any]]:
        body = "\n".join(json.dumps({"features": [text]}) for text in texts)
        answer = self.runtime.invoke_endpoint(
            EndpointName=name, Body=body, ContentType=content_type, Accept="application/jsonlines"
        )
        assert answer["InvokedProductionVariant"] == "AllTraffic"
        assert answer["ContentType"] == "application/jsonlines"
        return [json.loads(line) for line in answer["Body"].read().splitlines()]


def archive(files: dict[str, Any], code: str) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        contents = {name: json.dumps(value) for name, value in files.items()} | {"code/inference.py": code}
        for name, text in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return target.getvalue()


def eventually(condition: Callable[[], Any]) -> bool:
    """Poll until the condition holds; the deadline only bounds a failing test."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def started(home: Path, options: Options = DEFAULT) -> Tenant:
    tenant = Tenant(launcher.start(home, launcher.free_port(0), options))
    tenant.s3.create_bucket(Bucket=BUCKET)
    tenant.sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    return tenant


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    home = tmp_path_factory.mktemp("cloud")
    yield started(home)
    launcher.stop(home)


def listen(tenant: Tenant) -> Callable[[], list[dict[str, Any]]]:
    """Send the state changes of endpoints to a queue; return a function that gives them so far."""
    events, queues = tenant.client("events"), tenant.client("sqs")
    queue = queues.create_queue(QueueName="changes")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Endpoint State Change"]}
    events.put_rule(Name="changes", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict[str, Any]] = []

    def received() -> list[dict[str, Any]]:
        messages = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            seen.append(json.loads(message["Body"]))
            queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return seen

    return received


def test_life_of_an_endpoint(tenant: Tenant) -> None:
    received = listen(tenant)
    first = tenant.config("first", tenant.package("v1", ["good"]), instances=2)
    tenant.sagemaker.create_endpoint(EndpointName="live", EndpointConfigName=first)
    described = tenant.in_service("live")
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert tenant.ask("live", "good film", "bad film") == [
        {"score": 1, "version": "first"},
        {"score": 0, "version": "first"},
    ]

    second = tenant.config("second", tenant.package("v2", ["good", "film"]))
    tenant.sagemaker.update_endpoint(EndpointName="live", EndpointConfigName=second)
    assert tenant.in_service("live")["EndpointConfigName"] == "second"
    assert tenant.ask("live", "good film") == [{"score": 2, "version": "second"}]

    logs = tenant.client("logs")
    group = "/aws/sagemaker/Endpoints/live"
    assert eventually(lambda: logs.describe_log_streams(logGroupName=group)["logStreams"])
    cloudwatch = tenant.client("cloudwatch")
    assert eventually(
        lambda: cloudwatch.list_metrics(Namespace="AWS/SageMaker", MetricName="ModelLatency")["Metrics"]
    )

    tenant.sagemaker.delete_endpoint(EndpointName="live")
    tenant.sagemaker.get_waiter("endpoint_deleted").wait(
        EndpointName="live", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    with pytest.raises(tenant.runtime.exceptions.ClientError, match="Endpoint live of account") as raised:
        tenant.ask("live", "good film")
    assert raised.value.response["Error"]["Code"] == "ValidationError"
    assert eventually(lambda: len(received()) == 6)
    statuses = [event["detail"]["EndpointStatus"] for event in received()]
    assert statuses == ["CREATING", "IN_SERVICE", "UPDATING", "IN_SERVICE", "DELETING", "DELETED"]
    assert received()[0]["resources"][0].endswith(":endpoint/live")


def test_handler_that_raises_is_a_model_error(tenant: Tenant) -> None:
    config = tenant.config("strict", tenant.package("v3", []))
    tenant.sagemaker.create_endpoint(EndpointName="strict", EndpointConfigName=config)
    tenant.in_service("strict")
    with pytest.raises(tenant.runtime.exceptions.ModelError) as raised:
        tenant.ask("strict", "text", content_type="text/csv")
    response = raised.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 500
    assert "cannot read text/csv" in response["OriginalMessage"]
    assert response["LogStreamArn"].endswith(":log-group:/aws/sagemaker/Endpoints/strict")
    assert tenant.ask("strict", "text") == [{"score": 0, "version": "strict"}]


def test_archive_whose_code_does_not_load_fails_with_the_reason(tenant: Tenant) -> None:
    config = tenant.config("broken", tenant.package("v4", [], code="import no_such_module\n"))
    tenant.sagemaker.create_endpoint(EndpointName="broken", EndpointConfigName=config)
    describe = tenant.sagemaker.describe_endpoint
    assert eventually(lambda: describe(EndpointName="broken")["EndpointStatus"] == "Failed")
    assert "No module named 'no_such_module'" in describe(EndpointName="broken")["FailureReason"]
    tenant.sagemaker.delete_endpoint(EndpointName="broken")


def test_model_servers_die_with_a_killed_server(tmp_path: Path) -> None:
    tenant = started(tmp_path)
    try:
        config = tenant.config("first", tenant.package("v1", ["good"]), instances=2)
        tenant.sagemaker.create_endpoint(EndpointName="live", EndpointConfigName=config)
        tenant.in_service("live")
        family = processes.descendants(tenant.cloud.pid)
        assert sum("--model-dir" in p.command and "guard.py" not in p.command for p in family) == 2
        os.kill(tenant.cloud.pid, signal.SIGKILL)
        assert eventually(lambda: not processes.still_running(family))
        assert launcher.find(tmp_path) is None
    finally:
        launcher.stop(tmp_path)


def stack_template(package: str) -> str:
    """Return a template in which, as in the CDK, neither model nor endpoint configuration has a name."""
    container = {"ModelPackageName": package, "Environment": {"MODEL_VERSION": package[-1]}}
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1,
    }
    properties = {
        "Model": {"PrimaryContainer": container, "ExecutionRoleArn": ROLE},
        "EndpointConfig": {"ProductionVariants": [variant]},
        "Endpoint": {
            "EndpointName": "stacked",
            "EndpointConfigName": {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]},
        },
    }
    resources = {
        name: {"Type": f"AWS::SageMaker::{name}", "Properties": values} for name, values in properties.items()
    }
    return json.dumps({"Resources": resources})


def test_stack_whose_new_model_does_not_start_rolls_back(tenant: Tenant) -> None:
    cloudformation = tenant.client("cloudformation")

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName="serving")["Stacks"][0]["StackStatus"])

    good = tenant.package("s1", ["good"])
    cloudformation.create_stack(StackName="serving", TemplateBody=stack_template(good))
    assert eventually(lambda: status() == "CREATE_COMPLETE")
    before = tenant.ask("stacked", "good film")
    bad = tenant.package("s2", [], code="import no_such_module\n")
    cloudformation.update_stack(StackName="serving", TemplateBody=stack_template(bad))
    assert eventually(lambda: status() == "UPDATE_ROLLBACK_COMPLETE"), status()
    events = cloudformation.describe_stack_events(StackName="serving")["StackEvents"]
    reasons = [
        event.get("ResourceStatusReason", "") for event in events if "FAILED" in event["ResourceStatus"]
    ]
    assert any("No module named 'no_such_module'" in reason for reason in reasons)
    assert tenant.ask("stacked", "good film") == before
    cloudformation.delete_stack(StackName="serving")
    assert eventually(lambda: not tenant.sagemaker.list_endpoints(NameContains="stacked")["Endpoints"])
