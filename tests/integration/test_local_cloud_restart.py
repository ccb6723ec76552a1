"""A cloud with a state folder is killed and started again: all that it had acknowledged is there."""

from __future__ import annotations

import io
import json
import os
import signal
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from bench import kills
from local_cloud import launcher
from local_cloud.__main__ import main
from local_cloud.options import Options

from .conftest import until

pytestmark = pytest.mark.integration
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
WAITING = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}})
TEMPLATE = json.dumps(
    {
        "Resources": {
            "Raw": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "of-a-stack"}},
            "Group": {
                "Type": "AWS::SageMaker::ModelPackageGroup",
                "Properties": {"ModelPackageGroupName": "of-a-stack"},
            },
        },
        "Outputs": {"Bucket": {"Value": {"Ref": "Raw"}, "Export": {"Name": "the-bucket"}}},
    }
)


class Kept:
    """A cloud with a state folder, and what a person would do with it."""

    def __init__(self, folder: Path) -> None:
        self.home, self.state = folder / "home", folder / "state"
        self.cloud = self.start(launcher.free_port(0))

    def start(self, port: int) -> launcher.Cloud:
        self.cloud = launcher.start(self.home, port, Options(state=self.state))
        return self.cloud

    def kill_and_start(self) -> None:
        os.kill(self.cloud.pid, signal.SIGKILL)
        until(lambda: launcher.find(self.home), lambda found: found is None)
        before = self.cloud.port
        self.start(before)
        assert self.cloud.port == before

    def client(self, service: str, **keys: str) -> Any:
        keys = keys or {"aws_access_key_id": self.cloud.account, "aws_secret_access_key": "local"}
        return boto3.client(
            service, endpoint_url=self.cloud.endpoint_url, region_name=self.cloud.region, **keys
        )


def test_what_every_service_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    try:
        checks = [fill(kept.client) for fill in (objects, keys, messages, functions, watching, stacks)]
        session = kept.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="someone")["Credentials"]
        kept.kill_and_start()
        for check in checks:
            check()
        keys_of_session = {
            "aws_access_key_id": session["AccessKeyId"],
            "aws_secret_access_key": session["SecretAccessKey"],
            "aws_session_token": session["SessionToken"],
        }
        assert "someone" in kept.client("sts", **keys_of_session).get_caller_identity()["Arn"]
    finally:
        launcher.stop(kept.home)


ROLE = "arn:aws:iam::123456789012:role/kept"
Clients = Callable[[str], Any]


def objects(client: Clients) -> Callable[[], None]:
    s3 = client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old" * 5000, b"new" * 5000):
        s3.put_object(Bucket="kept", Key="a%20b/c", Body=body, Metadata={"who": "me"})
    s3.put_object_tagging(Bucket="kept", Key="a%20b/c", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.put_object(Bucket="kept", Key="gone", Body=b"x")
    s3.delete_objects(Bucket="kept", Delete={"Objects": [{"Key": "gone"}]})
    upload = s3.create_multipart_upload(Bucket="kept", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="kept", Key="parts", UploadId=upload, PartNumber=1, Body=b"p" * 10_000)

    def check() -> None:
        s3 = client("s3")
        found = s3.get_object(Bucket="kept", Key="a%20b/c")
        assert (found["Body"].read(), found["Metadata"]) == (b"new" * 5000, {"who": "me"})
        assert s3.get_object_tagging(Bucket="kept", Key="a%20b/c")["TagSet"] == [{"Key": "k", "Value": "v"}]
        listed = s3.list_object_versions(Bucket="kept")
        assert sorted(one["Key"] for one in listed["Versions"]) == ["a%20b/c", "a%20b/c", "gone"]
        assert [one["Key"] for one in listed["DeleteMarkers"]] == ["gone"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        s3.complete_multipart_upload(Bucket="kept", Key="parts", UploadId=upload, MultipartUpload=parts)
        assert s3.head_object(Bucket="kept", Key="parts")["ContentLength"] == 10_000

    return check


def keys(client: Clients) -> Callable[[], None]:
    client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument=TRUST)
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = kms.encrypt(KeyId=key, Plaintext=b"hello")["CiphertextBlob"]
    signer = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    how = {"KeyId": signer, "Message": b"m", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
    signature = kms.sign(**how)["Signature"]
    client("ssm").put_parameter(Name="/kept", Value="v", Type="String")

    def check() -> None:
        assert client("iam").get_role(RoleName="kept")["Role"]["Arn"] == ROLE
        assert client("kms").decrypt(CiphertextBlob=secret)["Plaintext"] == b"hello"
        assert client("kms").verify(**how, Signature=signature)["SignatureValid"]
        assert client("ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "v"

    return check


def messages(client: Clients) -> Callable[[], None]:
    topic = client("sns").create_topic(Name="kept")["TopicArn"]
    queue = client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:kept"
    raw = {"RawMessageDelivery": "true"}
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
    client("sns").publish(TopicArn=topic, Message="hello")
    client("events").put_rule(Name="kept", ScheduleExpression="rate(5 minutes)")
    client("events").put_targets(Rule="kept", Targets=[{"Id": "1", "Arn": arn}])
    target = {"Arn": arn, "RoleArn": ROLE}
    window = {"Mode": "OFF"}
    client("scheduler").create_schedule(
        Name="kept", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow=window, Target=target
    )

    def check() -> None:
        assert [one["Body"] for one in client("sqs").receive_message(QueueUrl=queue)["Messages"]] == ["hello"]
        assert client("events").list_targets_by_rule(Rule="kept")["Targets"] == [{"Id": "1", "Arn": arn}]
        assert client("scheduler").get_schedule(Name="kept")["Target"]["Arn"] == arn

    return check


def functions(client: Clients) -> Callable[[], None]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return [event, 'kept']\n")
        archive.writestr("large.bin", os.urandom(9_000))
    code = {"ZipFile": packed.getvalue()}
    client("lambda").create_function(
        FunctionName="kept", Runtime="python3.12", Role=ROLE, Handler="index.handler", Code=code
    )
    states = client("stepfunctions")
    machine = states.create_state_machine(name="kept", roleArn=ROLE, definition=WAITING)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]

    def check() -> None:
        answer = client("lambda").invoke(FunctionName="kept", Payload=b"1")["Payload"].read()
        assert json.loads(answer) == [1, "kept"]
        described = client("stepfunctions").describe_execution(executionArn=execution)
        assert described["status"] == "FAILED", "it was waiting when the server died"

    return check


def watching(client: Clients) -> Callable[[], None]:
    metric = {"MetricName": "kept", "Dimensions": [{"Name": "d", "Value": "1"}], "Value": 7.0}
    client("cloudwatch").put_metric_data(Namespace="N", MetricData=[metric])
    alarm = {"Namespace": "N", "MetricName": "kept", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1}
    client("cloudwatch").put_metric_alarm(
        AlarmName="kept", ComparisonOperator="GreaterThanThreshold", Statistic="Sum", **alarm
    )
    logs = client("logs")
    logs.create_log_group(logGroupName="kept")
    logs.create_log_stream(logGroupName="kept", logStreamName="s")
    for number in range(3):
        events = [{"timestamp": 1_700_000_000_000 + at, "message": f"{number} {at}"} for at in range(70)]
        logs.put_log_events(logGroupName="kept", logStreamName="s", logEvents=events)
    client("glue").create_database(DatabaseInput={"Name": "kept"})

    def check() -> None:
        assert client("cloudwatch").list_metrics(Namespace="N")["Metrics"][0]["MetricName"] == "kept"
        assert client("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmName"] == "kept"
        where = {"logGroupName": "kept", "logStreamName": "s", "startFromHead": True, "limit": 1000}
        assert len(client("logs").get_log_events(**where)["events"]) == 210
        assert client("glue").get_database(Name="kept")["Database"]["Name"] == "kept"

    return check


def stacks(client: Clients) -> Callable[[], None]:
    client("cloudformation").create_stack(StackName="kept", TemplateBody=TEMPLATE)

    def status() -> str:
        return str(client("cloudformation").describe_stacks(StackName="kept")["Stacks"][0]["StackStatus"])

    assert until(status, lambda found: found != "CREATE_IN_PROGRESS") == "CREATE_COMPLETE"

    def check() -> None:
        assert status() == "CREATE_COMPLETE"
        assert [one["Name"] for one in client("cloudformation").list_exports()["Exports"]] == ["the-bucket"]
        assert client("s3").head_bucket(Bucket="of-a-stack")
        assert client("sagemaker").describe_model_package_group(ModelPackageGroupName="of-a-stack")
        client("cloudformation").delete_stack(StackName="kept")
        buckets = until(lambda: client("s3").list_buckets()["Buckets"], lambda found: len(found) == 1)
        assert [one["Name"] for one in buckets] == ["kept"]

    return check


def test_random_kills_lose_nothing(tmp_path: Path) -> None:
    report = kills.run(tmp_path, 5, seed=5)
    assert report.violations == []
    assert set(report.kills) == set(kills.KINDS)
    assert all(work.done for work in report.works)


def test_two_clouds_side_by_side_share_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port, names = launcher.free_port(0), ("a", "b")
    states = [Options(state=tmp_path / f"state-{name}") for name in names]
    try:
        with ThreadPoolExecutor(2) as pool:
            starts = [
                pool.submit(launcher.start, tmp_path / name, port, state)
                for name, state in zip(names, states, strict=True)
            ]
            first, second = (start.result() for start in starts)
        assert first.port != second.port
        _check_files(tmp_path, first, "a")
        _check_files(tmp_path, second, "b")
        _client(first, "s3").create_bucket(Bucket="mine")
        assert _client(second, "s3").list_buckets()["Buckets"] == []

        state = ["--state", str(tmp_path / "state-a")]
        assert main(["up", "--home", str(tmp_path / "c"), *state, "--port", "0"]) == 1
        assert f"is in use by another local cloud (process {first.pid})" in capsys.readouterr().err
        _check_commands(first, ["--home", str(tmp_path / "a")], capsys)
    finally:
        for name in names:
            launcher.stop(tmp_path / name)


def _check_files(folder: Path, cloud: launcher.Cloud, name: str) -> None:
    """All that a server writes is in its home or its state folder."""
    own = (folder / name, folder / f"state-{name}")
    opened = psutil.Process(cloud.pid).open_files()
    written = {Path(file.path) for file in opened if file.mode not in ("r", "")}
    assert own[1] / "state.db" in written
    assert all(any(path.is_relative_to(one) for one in own) for path in written), written


def _check_commands(cloud: launcher.Cloud, home: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", *home]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"running: {cloud.endpoint_url} (account 123456789012, region us-east-1, pid ")
    assert f"page: {cloud.endpoint_url}/_local_cloud/\n" in said
    assert f"state: {cloud.state}, " in said
    assert "memory: " in said
    assert "runs: nothing" in said
    assert main(["reset", *home]) == 0
    assert capsys.readouterr().out.startswith(f"emptied\nrunning: {cloud.endpoint_url} ")
    fresh = launcher.find(Path(home[1]))
    assert fresh is not None
    assert (fresh.port, fresh.state, fresh.pid == cloud.pid) == (cloud.port, cloud.state, False)
    assert _client(fresh, "s3").list_buckets()["Buckets"] == []


def _client(cloud: launcher.Cloud, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.endpoint_url,
        region_name=cloud.region,
        aws_access_key_id=cloud.account,
        aws_secret_access_key="local",
    )
