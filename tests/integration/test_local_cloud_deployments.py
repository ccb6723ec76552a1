"""Deployments under load on a fast clock: shifted by share, undone by real alarms, nobody is turned away."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud import launcher
from local_cloud.options import Options

from .test_local_cloud_endpoints import BUCKET, ROLE, Tenant, archive, eventually, started

pytestmark = pytest.mark.integration
SPEED = 60.0
INFERENCE = """
import os


def model_fn(model_dir):
    return os.environ["MODEL_VERSION"]


def input_fn(body, content_type):
    return body if isinstance(body, str) else body.decode()


def predict_fn(text, version):
    if version == "broken":
        raise RuntimeError("a weight is missing")
    return version


def output_fn(version, accept):
    return version, "text/plain"
"""


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    home = tmp_path_factory.mktemp("fast")
    tenant = started(home, Options(speed=SPEED))
    tenant.s3.put_object(Bucket=BUCKET, Key="any/model.tar.gz", Body=archive({}, INFERENCE))
    yield tenant
    launcher.stop(home)


def config(tenant: Tenant, name: str, version: str, instances: int = 2) -> str:
    """Create a model that answers with its version, and an endpoint configuration of it."""
    container = {
        "Image": "image:1",
        "ModelDataUrl": f"s3://{BUCKET}/any/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "MODEL_VERSION": version},
    }
    return tenant.config_of(name, container, instances)


def canary(wait: int, *alarms: str) -> dict[str, Any]:
    routing = {
        "Type": "CANARY",
        "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
        "WaitIntervalInSeconds": wait,
    }
    given: dict[str, Any] = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    if alarms:
        given["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return given


class Load:
    """Callers that ask an endpoint again and again; `answers` and `failures` say what they got."""

    def __init__(self, tenant: Tenant, endpoint: str, callers: int = 3) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._tenant, self._endpoint = tenant, endpoint
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(callers)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        client = self._tenant.client("sagemaker-runtime")
        while not self._over.is_set():
            try:
                answer = client.invoke_endpoint(
                    EndpointName=self._endpoint, Body=b"text", ContentType="text/plain"
                )
                self.answers[answer["Body"].read().decode()] += 1
            except ClientError as error:
                self.failures[error.response["Error"]["Code"]] += 1


def test_canary_update_fails_no_request(tenant: Tenant) -> None:
    tenant.sagemaker.create_endpoint(EndpointName="smooth", EndpointConfigName=config(tenant, "s1", "one"))
    tenant.in_service("smooth")
    config(tenant, "s2", "two")
    with Load(tenant, "smooth") as load:
        tenant.sagemaker.update_endpoint(
            EndpointName="smooth", EndpointConfigName="s2", DeploymentConfig=canary(60)
        )
        described = tenant.in_service("smooth")
        assert eventually(lambda: load.answers["two"] > 50)  # what was on its way then has arrived
        before, after = load.answers["one"], load.answers["two"]
        assert eventually(lambda: load.answers["two"] > after + 200)
    assert described["EndpointConfigName"] == "s2"
    assert not load.failures
    assert load.answers["one"] == before > 0  # none by the old model once it is said to be gone
    tenant.sagemaker.delete_endpoint(EndpointName="smooth")


def test_alarm_on_the_new_model_rolls_back(tenant: Tenant) -> None:
    cloudwatch = tenant.client("cloudwatch")
    dimensions = {"EndpointName": "guarded", "VariantName": "AllTraffic", "EndpointConfigName": "g2"}
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    tenant.sagemaker.create_endpoint(EndpointName="guarded", EndpointConfigName=config(tenant, "g1", "one"))
    tenant.in_service("guarded")
    config(tenant, "g2", "broken")
    with Load(tenant, "guarded") as load:
        tenant.sagemaker.update_endpoint(
            EndpointName="guarded", EndpointConfigName="g2", DeploymentConfig=canary(3600, "errors")
        )
        described = tenant.in_service("guarded")
        answered = load.answers["one"]
        assert eventually(lambda: load.answers["one"] > answered + 50)
        failed, answered = load.failures.total(), load.answers["one"]
        assert eventually(lambda: load.answers["one"] > answered + 200)
    assert described["EndpointConfigName"] == "g1"
    assert "errors" in described["FailureReason"]
    assert set(load.failures) == {"ModelError"}
    assert load.failures.total() == failed  # none after the rollback
    assert tenant.sagemaker.describe_endpoint(EndpointName="guarded")["EndpointStatus"] == "InService"
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
    history = cloudwatch.describe_alarm_history(AlarmName="errors")["AlarmHistoryItems"]
    assert any('"stateValue": "ALARM"' in item["HistoryData"] for item in history), alarm
    tenant.sagemaker.delete_endpoint(EndpointName="guarded")


def test_deployment_stages_are_events_and_the_answer_can_be_a_stream(tenant: Tenant) -> None:
    events, queues = tenant.client("events"), tenant.client("sqs")
    queue = queues.create_queue(QueueName="stages")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Endpoint Deployment State Change"]}
    events.put_rule(Name="stages", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="stages", Targets=[{"Id": "queue", "Arn": arn}])
    tenant.sagemaker.create_endpoint(EndpointName="told", EndpointConfigName=config(tenant, "t1", "one"))
    tenant.in_service("told")
    tenant.sagemaker.update_endpoint(
        EndpointName="told",
        EndpointConfigName=config(tenant, "t2", "two"),
        DeploymentConfig={
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
                "WaitIntervalInSeconds": 1,
            }
        },
    )
    assert tenant.in_service("told")["EndpointConfigName"] == "t2"
    seen: set[str] = set()

    def baked() -> bool:
        for message in queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            summary = json.loads(message["Body"])["detail"]["PendingDeploymentSummary"]
            stages = summary["ProductionVariants"][0].get("VariantStatus", [])
            seen.update(stage["Status"] for stage in stages)
            queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return {"Creating", "ActivatingTraffic", "Baking"} <= seen

    assert eventually(baked), seen
    answer = tenant.runtime.invoke_endpoint_with_response_stream(
        EndpointName="told", Body=b"text", ContentType="text/plain"
    )
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"]) == b"two"
    tenant.sagemaker.delete_endpoint(EndpointName="told")


def stack_template(version: str) -> str:
    """Return a template of an endpoint that an alarm guards; neither model nor configuration has a name."""
    container = {
        "Image": "image:1",
        "ModelDataUrl": f"s3://{BUCKET}/any/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "MODEL_VERSION": version},
    }
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
        "InitialVariantWeight": 1,
    }
    dimensions = {"EndpointName": "stack-guarded", "VariantName": "AllTraffic"}
    alarm = {
        "AlarmName": "stack-errors",
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Statistic": "Sum",
        "Period": 600,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    endpoint = {
        "EndpointName": "stack-guarded",
        "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
        "DeploymentConfig": canary(3600, "stack-errors"),
    }
    resources = {
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {"PrimaryContainer": container, "ExecutionRoleArn": ROLE},
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {"ProductionVariants": [variant]},
        },
        "Endpoint": {"Type": "AWS::SageMaker::Endpoint", "DependsOn": "Alarm", "Properties": endpoint},
    }
    return json.dumps({"Resources": resources})


def test_stack_whose_alarm_goes_off_rolls_back(tenant: Tenant) -> None:
    cloudformation = tenant.client("cloudformation")

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName="guarded")["Stacks"][0]["StackStatus"])

    cloudformation.create_stack(StackName="guarded", TemplateBody=stack_template("one"))
    assert eventually(lambda: status() == "CREATE_COMPLETE"), status()
    with Load(tenant, "stack-guarded"):
        cloudformation.update_stack(StackName="guarded", TemplateBody=stack_template("broken"))
        assert eventually(lambda: status().startswith("UPDATE_ROLLBACK_"))
        assert eventually(lambda: not status().endswith("_IN_PROGRESS"))
    assert status() == "UPDATE_ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="guarded")["StackEvents"]
    failed = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "UPDATE_FAILED"]
    assert any("stack-errors" in reason for reason in failed), failed
    cloudformation.delete_stack(StackName="guarded")
    assert eventually(lambda: not tenant.sagemaker.list_endpoints(NameContains="stack-")["Endpoints"])
