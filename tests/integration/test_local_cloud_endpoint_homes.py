"""Endpoints of clouds of their own: they come back after a kill, and act as their roles."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local_cloud import launcher
from local_cloud.options import Options

from .test_local_cloud_deployments import INFERENCE, SPEED, config
from .test_local_cloud_endpoints import BUCKET, Tenant, archive, eventually, started

pytestmark = pytest.mark.integration


def test_endpoints_come_back_after_a_kill(tmp_path: Path) -> None:
    options = Options(state=tmp_path / "state")
    home = tmp_path / "home"
    tenant = started(home, options)
    try:
        tenant.s3.put_object(Bucket=BUCKET, Key="any/model.tar.gz", Body=archive({}, INFERENCE))
        tenant.sagemaker.create_endpoint(EndpointName="kept", EndpointConfigName=config(tenant, "k1", "one"))
        tenant.in_service("kept")
        tenant.sagemaker.delete_endpoint_config(EndpointConfigName="k1")  # it goes on with what it has
        os.kill(tenant.cloud.pid, signal.SIGKILL)
        assert eventually(lambda: launcher.find(home) is None)
        again = Tenant(launcher.start(home, launcher.free_port(0), options))
        described = again.in_service("kept")
        assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
        answer = again.runtime.invoke_endpoint(EndpointName="kept", Body=b"text", ContentType="text/plain")
        assert answer["Body"].read() == b"one"
    finally:
        launcher.stop(home)


def test_alarms_are_read_as_the_role_of_the_model(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tenant = started(home, Options(auth=True, speed=SPEED))
    try:
        tenant.s3.put_object(Bucket=BUCKET, Key="any/model.tar.gz", Body=archive({}, INFERENCE))
        iam = tenant.client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName="endpoint", AssumeRolePolicyDocument=document)

        def grant(*actions: str) -> None:
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            iam.put_role_policy(
                RoleName="endpoint",
                PolicyName="own",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            )

        tenant.client("cloudwatch").put_metric_alarm(
            AlarmName="quiet",
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
        )
        grant("s3:GetObject")
        tenant.sagemaker.create_endpoint(EndpointName="live", EndpointConfigName=config(tenant, "a1", "one"))
        assert tenant.in_service("live")["EndpointStatus"] == "InService"
        update = {"EndpointName": "live", "EndpointConfigName": config(tenant, "a2", "two")}
        watched = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "quiet"}]}}
        with pytest.raises(ClientError, match="cloudwatch:DescribeAlarms"):
            tenant.sagemaker.update_endpoint(**update, DeploymentConfig=watched)
        grant("s3:GetObject", "cloudwatch:DescribeAlarms")
        tenant.sagemaker.update_endpoint(**update, DeploymentConfig=watched)
        assert tenant.in_service("live")["EndpointConfigName"] == "a2"
    finally:
        launcher.stop(home)
