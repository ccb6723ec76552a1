"""The real server is started, deployed to and stopped, from the command line and as functions."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_cloud import deploy, launcher, processes

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launcher.Cloud]:
    home = tmp_path_factory.mktemp("cloud")
    yield launcher.start(home, launcher.free_port(0))
    assert launcher.stop(home)


@pytest.fixture
def target(cloud: launcher.Cloud) -> deploy.Target:
    return deploy.Target(cloud.endpoint_url, cloud.account, cloud.region)


def client(cloud: launcher.Cloud, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.endpoint_url,
        region_name=cloud.region,
        aws_access_key_id=cloud.account,
        aws_secret_access_key="local",
    )


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local_cloud", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def write_assembly(directory: Path, templates: dict[str, dict[str, Any]]) -> Path:
    """Write what `cdk synth` writes for one stage: a nested assembly, asset manifests, a zipped asset."""
    inner = directory / "assembly-Dev"
    (inner / "asset.code").mkdir(parents=True, exist_ok=True)
    (inner / "asset.code" / "index.py").write_text("def handler(event, context):\n    return 42\n")
    artifacts: dict[str, Any] = {}
    before: list[str] = []
    for name, template in templates.items():
        (inner / f"{name}.template.json").write_text(json.dumps(template))
        bucket = "cdk-test-assets-${AWS::AccountId}-${AWS::Region}"
        key = f"{name}-{abs(hash(json.dumps(template)))}.json"
        files = {
            "template": {
                "source": {"path": f"{name}.template.json", "packaging": "file"},
                "destinations": {"here": {"bucketName": bucket, "objectKey": key}},
            },
            "code": {
                "source": {"path": "asset.code", "packaging": "zip"},
                "destinations": {"here": {"bucketName": bucket, "objectKey": "code.zip"}},
            },
        }
        (inner / f"{name}.assets.json").write_text(json.dumps({"files": files}))
        artifacts[f"{name}.assets"] = {
            "type": "cdk:asset-manifest",
            "properties": {"file": f"{name}.assets.json"},
        }
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/unknown-region",
            "properties": {
                "templateFile": f"{name}.template.json",
                "stackName": f"test-{name}",
                "tags": {"project": "test"},
                "stackTemplateAssetObjectUrl": f"s3://{bucket}/{key}",
                "requiresBootstrapStackVersion": 6,
                "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
            },
            "dependencies": [f"{name}.assets", *before],
        }
        before = [name]
    (inner / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Dev"}}
    (directory / "manifest.json").write_text(json.dumps({"artifacts": {"Dev": stage}}))
    return directory


def bucket_template(name: str) -> dict[str, Any]:
    """Return a stack that checks the bootstrap version and exports a bucket."""
    return {
        "Parameters": {
            "BootstrapVersion": {
                "Type": "AWS::SSM::Parameter::Value<String>",
                "Default": "/cdk-bootstrap/hnb659fds/version",
            }
        },
        "Resources": {"Raw": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}},
        "Outputs": {"RawBucket": {"Value": {"Ref": "Raw"}, "Export": {"Name": f"export-{name}"}}},
    }


def group_template(bucket: str) -> dict[str, Any]:
    """Return a stack that imports the bucket and makes a model package group."""
    group = {
        "ModelPackageGroupName": "test-group",
        "ModelPackageGroupDescription": {"Fn::ImportValue": f"export-{bucket}"},
    }
    return {
        "Resources": {"Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": group}},
        "Outputs": {"GroupName": {"Value": "test-group"}},
    }


def test_assembly_is_deployed_updated_and_destroyed(
    cloud: launcher.Cloud, target: deploy.Target, tmp_path: Path
) -> None:
    made = write_assembly(tmp_path, {"data": bucket_template("raw-1"), "registry": group_template("raw-1")})
    expected = {"test-data": {"RawBucket": "raw-1"}, "test-registry": {"GroupName": "test-group"}}
    assert deploy.deploy(made, target) == expected
    group = client(cloud, "sagemaker").describe_model_package_group(ModelPackageGroupName="test-group")
    assert group["ModelPackageGroupDescription"] == "raw-1"
    assert client(cloud, "s3").head_object(Bucket="cdk-test-assets-123456789012-us-east-1", Key="code.zip")
    assert deploy.deploy(made, target) == expected

    template = bucket_template("raw-1")
    template["Outputs"]["Extra"] = {"Value": {"Fn::Sub": "${AWS::AccountId}"}}
    write_assembly(tmp_path, {"data": template, "registry": group_template("raw-1")})
    assert deploy.deploy(made, target)["test-data"]["Extra"] == "123456789012"

    deploy.destroy(made, target)
    found = client(cloud, "cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in found] == []
    assert client(cloud, "sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_failing_stack_names_the_resource(target: deploy.Target, tmp_path: Path) -> None:
    template = group_template("raw-2")
    del template["Resources"]["Group"]["Properties"]["ModelPackageGroupDescription"]
    template["Resources"]["Group"]["Properties"]["ModelPackageGroupName"] = "not a valid name!"
    made = write_assembly(tmp_path, {"registry": template})
    with pytest.raises(deploy.StackDeploymentError) as raised:
        deploy.deploy(made, target)
    assert (raised.value.stack, raised.value.logical_id) == ("test-registry", "Group")
    assert "not a valid name!" in raised.value.reason


def ask(cloud: launcher.Cloud, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
    """Send a request as it is, signed by nobody; return the status and the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=DEADLINE_S)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    assert answer.getheader("Access-Control-Allow-Origin") != "*"
    connection.close()
    return found


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Content_Type": "text/plain"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Host": "evil.example:4566"},
    ],
)
def test_a_web_page_cannot_start_a_job(cloud: launcher.Cloud, headers: dict[str, str]) -> None:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    job = {
        "ProcessingJobName": "page",
        "RoleArn": f"arn:aws:iam::{cloud.account}:role/page",
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["/bin/true"]},
    }
    target = {"X_Amz_Target": "SageMaker.CreateProcessingJob"}
    status, body = ask(cloud, "POST", "/", json.dumps(job), **target, **headers)
    assert (status, json.loads(body)["__type"]) == (403, "AccessDeniedException")
    assert ask(cloud, "OPTIONS", "/", **headers, Access_Control_Request_Method="POST")[0] == 403
    assert client(cloud, "sagemaker").list_processing_jobs()["ProcessingJobSummaries"] == []


def test_a_bucket_may_be_part_of_the_host(cloud: launcher.Cloud) -> None:
    s3 = client(cloud, "s3")
    s3.create_bucket(Bucket="by-host")
    s3.put_object(Bucket="by-host", Key="a.txt", Body=b"here")
    assert ask(cloud, "GET", "/a.txt", Host=f"by-host.localhost:{cloud.port}") == (200, "here")
    assert ask(cloud, "GET", "/a.txt", Host=f"by-host.s3.localhost:{cloud.port}") == (200, "here")
    s3.delete_object(Bucket="by-host", Key="a.txt")
    s3.delete_bucket(Bucket="by-host")


def test_command_line_from_up_to_down(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "home")]
    assert run("status", *home).returncode == 3
    try:
        up = run("up", *home, "--port", str(launcher.free_port(0)))
        assert up.returncode == 0, up.stderr
        assert run("up", *home).stdout.startswith("already running: ")
        made = write_assembly(tmp_path / "cdk.out", {"data": bucket_template("raw-3")})
        deployed = run("deploy", str(made), *home)
        assert "test-data.RawBucket = raw-3" in deployed.stdout, deployed.stderr
        lines = run("env", *home).stdout
        shell = (
            f'eval "$(cat)"; {sys.executable} -c \'import boto3; print(boto3.client("s3").list_buckets())\''
        )
        listed = subprocess.run(
            ["/bin/sh", "-c", shell],
            input=lines,
            capture_output=True,
            text=True,
            check=True,
            timeout=DEADLINE_S,
        )
        assert "raw-3" in listed.stdout
        assert run("destroy", str(made), *home).returncode == 0
    finally:
        assert run("down", *home).stdout == "stopped\n"
    assert run("status", *home).returncode == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_foreground_server_ends_with_its_launcher(tmp_path: Path, number: signal.Signals) -> None:
    process = _foreground(tmp_path)
    family = processes.descendants(process.pid)
    assert any("local_cloud.server" in member.command for member in family)
    process.send_signal(number)
    assert process.wait(DEADLINE_S) == 0
    assert processes.still_running(family) == []
    assert launcher.find(tmp_path) is None


def test_foreground_server_does_not_outlive_a_killed_launcher(tmp_path: Path) -> None:
    process = _foreground(tmp_path)
    family = processes.descendants(process.pid)
    process.kill()
    process.wait(DEADLINE_S)
    deadline = time.monotonic() + DEADLINE_S
    while processes.still_running(family) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes.still_running(family) == []


def _foreground(home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "local_cloud", "up", "--foreground", "--home", str(home)]
    command += ["--port", str(launcher.free_port(0))]
    terminal_file = home.with_name(f"{home.name}-terminal")
    with terminal_file.open("wb") as terminal:
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(os.environ), stdout=terminal, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + DEADLINE_S
    while launcher.find(home) is None and time.monotonic() < deadline:
        assert process.poll() is None, terminal_file.read_text()
        time.sleep(0.02)
    return process
