"""Asynchronous inference through boto3: input and answer in S3, notifications in queues, failures told."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud import launcher
from local_cloud.options import Options

from . import small_models
from .conftest import Cloud, until

pytestmark = pytest.mark.integration


def topic(cloud: Cloud, name: str) -> tuple[str, str]:
    """Make a topic and a queue that hears of it; returns the topic's ARN and the queue's URL."""
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    arn = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    return arn, queue


def heard(cloud: Cloud, queue: str) -> dict[str, Any]:
    """The next notification in a queue."""
    sqs = cloud.client("sqs")
    messages = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []), bool)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])
    said: dict[str, Any] = json.loads(json.loads(messages[0]["Body"])["Message"])
    return said


def test_answers_and_failures_arrive_in_s3_and_are_told(fast_cloud: Cloud) -> None:
    bucket = small_models.bucket(fast_cloud)
    (done, done_queue), (failed, failed_queue) = topic(fast_cloud, "done"), topic(fast_cloud, "failed")
    output = {
        "S3OutputPath": f"s3://{bucket}/answers",
        "S3FailurePath": f"s3://{bucket}/failures",
        "NotificationConfig": {"SuccessTopic": done, "ErrorTopic": failed},
    }
    small_models.endpoint(fast_cloud, "patient", AsyncInferenceConfig={"OutputConfig": output})
    s3, runtime = fast_cloud.client("s3"), fast_cloud.client("sagemaker-runtime")
    s3.put_object(Bucket=bucket, Key="asked/good.csv", Body="21")
    asked = runtime.invoke_endpoint_async(
        EndpointName="patient",
        InputLocation=f"s3://{bucket}/asked/good.csv",
        ContentType="text/csv",
        InferenceId="order-7",
    )
    assert asked["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert asked["InferenceId"] == "order-7"
    said = heard(fast_cloud, done_queue)
    assert (said["invocationStatus"], said["inferenceId"]) == ("Completed", "order-7")
    assert said["responseParameters"]["outputLocation"] == asked["OutputLocation"]
    key = asked["OutputLocation"].removeprefix(f"s3://{bucket}/")
    answer = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert answer["double"] == 42.0

    asked = runtime.invoke_endpoint_async(EndpointName="patient", Body=b"no number", ContentType="text/csv")
    said = heard(fast_cloud, failed_queue)
    assert said["invocationStatus"] == "Failed"
    assert "Received server error (500) from model" in said["failureReason"]
    key = asked["FailureLocation"].removeprefix(f"s3://{bucket}/")
    assert b"could not convert string to float" in s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    with pytest.raises(ClientError, match="is asynchronous: use InvokeEndpointAsync"):
        runtime.invoke_endpoint(EndpointName="patient", Body="1", ContentType="text/csv")
    cloudwatch = fast_cloud.client("cloudwatch")
    sizes = [{"Name": "EndpointName", "Value": "patient"}]
    until(
        lambda: cloudwatch.list_metrics(
            Namespace="AWS/SageMaker", MetricName="ApproximateBacklogSizePerInstance", Dimensions=sizes
        )["Metrics"],
        bool,
    )
    fast_cloud.client("sagemaker").delete_endpoint(EndpointName="patient")


def test_requests_wait_for_an_endpoint_without_instances(fast_cloud: Cloud) -> None:
    bucket = small_models.bucket(fast_cloud)
    output = {"S3OutputPath": f"s3://{bucket}/later"}
    small_models.endpoint(fast_cloud, "asleep", AsyncInferenceConfig={"OutputConfig": output})
    s3 = fast_cloud.client("s3")
    small_models.resize(fast_cloud, "asleep", 0)
    fast_cloud.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName="asleep", Body=b"4", ContentType="text/csv"
    )
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="later/")
    small_models.resize(fast_cloud, "asleep", 1)
    until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="later/").get("Contents", []), bool)
    fast_cloud.client("sagemaker").delete_endpoint(EndpointName="asleep")


def test_what_waits_and_what_is_scaled_survives_a_kill(tmp_path: Path) -> None:
    home, options = tmp_path / "home", Options(state=tmp_path / "state", speed=100)
    try:
        first = launcher.start(home, launcher.free_port(0), options)
        cloud = Cloud(first.port)
        output = {"S3OutputPath": f"s3://{small_models.bucket(cloud)}/later"}
        small_models.endpoint(cloud, "kept", AsyncInferenceConfig={"OutputConfig": output})
        small_models.resize(cloud, "kept", 0)
        cloud.client("sagemaker-runtime").invoke_endpoint_async(
            EndpointName="kept", Body=b"4", ContentType="text/csv"
        )
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": "endpoint/kept/variant/AllTraffic",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        scaling = cloud.client("application-autoscaling")
        scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=2)
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: launcher.find(home), lambda found: found is None)

        cloud = Cloud(launcher.start(home, launcher.free_port(0), options).port)
        small_models.settled(cloud, "kept")
        scaling = cloud.client("application-autoscaling")
        (found,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        assert (found["MinCapacity"], found["MaxCapacity"]) == (0, 2)
        scaling.register_scalable_target(**target, MinCapacity=1)  # brings an instance, which answers
        s3 = cloud.client("s3")
        until(lambda: s3.list_objects_v2(Bucket=small_models.BUCKET, Prefix="later/").get("Contents"), bool)
    finally:
        launcher.stop(home)
