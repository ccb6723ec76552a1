"""A pipeline of real jobs on a running local cloud, driven by boto3 alone."""

from __future__ import annotations

import http.client
import io
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from local_cloud import processes
from tests.integration.archives import packed
from tests.integration.conftest import ACCOUNT, Cloud, until

pytestmark = pytest.mark.integration

BUCKET, GROUP = "jobs-test", "tiny-models"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
COUNT_SCRIPT = """
import json, pathlib, sys
source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
rows = sum(len(one.read_text().split()) for one in source.rglob("*.txt"))
(target / "count.json").write_text(json.dumps({"rows": rows, "nested": {"ratios": [0.25, 0.75]}}))
host = json.loads(pathlib.Path(sys.argv[3]).read_text())["current_host"]
(target / f"{host}.txt").write_text(str(rows))
print("counted", rows, "rows")
"""
MEET_SCRIPT = """
import json, os, pathlib, socket, sys, time
config = json.loads(pathlib.Path(sys.argv[1]).read_text())
hosts, mine, port = config["hosts"], config["current_host"], int(os.environ["MASTER_PORT"])
if mine == hosts[0]:
    guest = socket.create_server((mine, port)).accept()[0]
    pathlib.Path(sys.argv[2], "guest").write_text(guest.recv(99).decode())
for _ in range(100 if mine != hosts[0] else 0):
    try:
        with socket.create_connection((hosts[0], port), source_address=(mine, 0)) as guest:
            guest.sendall(mine.encode())
        break
    except ConnectionRefusedError:
        time.sleep(0.1)
"""
TRAIN_SCRIPT = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--bias", type=int)
bias = parser.parse_args().bias
channel = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"])
words = sum(len(one.read_text().split()) for one in channel.rglob("*.txt"))
for epoch in (1, 2):
    print(f"epoch={epoch} accuracy={epoch * 0.4 + bias / 100:.2f}", flush=True)
pathlib.Path(os.environ["SM_MODEL_DIR"], "weights.txt").write_text(f"{words} {bias}")
"""


@pytest.fixture(scope="module", autouse=True)
def seeded(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    assert cloud.make_role("jobs") == ROLE
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="raw/a.txt", Body=b"one two three")
    s3.put_object(Bucket=BUCKET, Key="raw/sub/b.txt", Body=b"four five")
    s3.put_object(Bucket=BUCKET, Key="code/count.py", Body=COUNT_SCRIPT.encode())
    s3.put_object(Bucket=BUCKET, Key="code/source.tar.gz", Body=packed({"job/train.py": TRAIN_SCRIPT}))
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)


def _s3_input(name: str, uri: Any, **more: str) -> dict[str, Any]:
    path = f"/opt/ml/processing/input/{name}"
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File", **more}
    return {"InputName": name, "S3Input": source}


def _count_arguments(script: str, instances: int = 1) -> dict[str, Any]:
    target = "/opt/ml/processing/output/report"
    return {
        "RoleArn": ROLE,
        "ProcessingResources": {"ClusterConfig": {**CLUSTER, "InstanceCount": instances}},
        "AppSpecification": {
            "ImageUri": "image",
            "ContainerEntrypoint": ["/bin/bash", "-ec", script, "job"],
            "ContainerArguments": [
                "/opt/ml/processing/input/raw",
                target,
                "/opt/ml/config/resourceconfig.json",
            ],
        },
        "ProcessingInputs": [
            _s3_input("raw", {"Get": "Parameters.Input"}),
            _s3_input("code", f"s3://{BUCKET}/code/count.py"),
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "report",
                    "S3Output": {
                        "S3Uri": {
                            "Std:Join": {
                                "On": "/",
                                "Values": [f"s3://{BUCKET}/runs", {"Get": "Execution.PipelineExecutionId"}],
                            }
                        },
                        "LocalPath": target,
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    }


def _train_arguments() -> dict[str, Any]:
    return {
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
        },
        "HyperParameters": {
            "bias": {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Bias"}]}},
            "sagemaker_program": '"job/train.py"',
            "sagemaker_submit_directory": f'"s3://{BUCKET}/code/source.tar.gz"',
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": {
                            "Get": "Steps.Count.ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri"
                        },
                    }
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": CLUSTER,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def _definition() -> str:
    script = 'exec python3 /opt/ml/processing/input/code/count.py "$@"'
    rows = {"PropertyFile": {"Get": "Steps.Count.PropertyFiles.Report"}, "Path": "rows"}
    register = {
        "ModelPackageGroupName": GROUP,
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [
                {"Image": "image", "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}}
            ],
            "SupportedContentTypes": ["text/plain"],
            "SupportedResponseMIMETypes": ["text/plain"],
        },
    }
    refusal = {"Std:Join": {"On": " ", "Values": ["only", {"Std:JsonGet": rows}, "rows"]}}
    steps = [
        {
            "Name": "Count",
            "Type": "Processing",
            "Arguments": _count_arguments(script),
            "PropertyFiles": [
                {"PropertyFileName": "Report", "OutputName": "report", "FilePath": "count.json"}
            ],
            "CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"},
        },
        {
            "Name": "Train",
            "Type": "Training",
            "Arguments": _train_arguments(),
            "CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"},
        },
        {
            "Name": "Gate",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [
                    {
                        "Type": "GreaterThanOrEqualTo",
                        "LeftValue": {"Get": "Steps.Train.FinalMetricDataList['accuracy'].Value"},
                        "RightValue": {"Get": "Parameters.Floor"},
                    }
                ],
                "IfSteps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": register}],
                "ElseSteps": [{"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": refusal}}],
            },
        },
    ]
    parameters = [
        {"Name": "Input", "Type": "String", "DefaultValue": f"s3://{BUCKET}/raw"},
        {"Name": "Bias", "Type": "Integer", "DefaultValue": 3},
        {"Name": "Floor", "Type": "Float", "DefaultValue": 0.8},
    ]
    return json.dumps({"Version": "2020-12-01", "Parameters": parameters, "Steps": steps})


@pytest.fixture(scope="module")
def pipeline(cloud: Cloud) -> str:
    cloud.client("sagemaker").create_pipeline(
        PipelineName="tiny", PipelineDefinition=_definition(), RoleArn=ROLE, ClientRequestToken="x" * 32
    )
    return "tiny"


def _execute(cloud: Cloud, pipeline: str, **parameters: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    sagemaker = cloud.client("sagemaker")
    given = [{"Name": name, "Value": value} for name, value in parameters.items()]
    arn = sagemaker.start_pipeline_execution(PipelineName=pipeline, PipelineParameters=given)[
        "PipelineExecutionArn"
    ]
    described = until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
        lambda found: found["PipelineExecutionStatus"] not in ("Executing", "Stopping"),
    )
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return arn, described, {step["StepName"]: step for step in steps}


def test_jobs_run_and_the_model_is_registered(cloud: Cloud, pipeline: str) -> None:
    first, described, steps = _execute(cloud, pipeline)
    assert described["PipelineExecutionStatus"] == "Succeeded", (described, steps)
    assert {name: step["StepStatus"] for name, step in steps.items()} == dict.fromkeys(
        ("Count", "Train", "Gate", "Register"), "Succeeded"
    )
    s3, sagemaker = cloud.client("s3"), cloud.client("sagemaker")
    arn = steps["Train"]["Metadata"]["TrainingJob"]["Arn"]
    (listed,) = sagemaker.list_training_jobs(NameContains=arn.rpartition("/")[2])["TrainingJobSummaries"]
    job = sagemaker.describe_training_job(TrainingJobName=listed["TrainingJobName"])
    assert job["TrainingJobArn"] == arn
    assert [(one["MetricName"], one["Value"]) for one in job["FinalMetricDataList"]] == [("accuracy", 0.83)]
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
    with tarfile.open(fileobj=io.BytesIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())) as tar:
        assert tar.extractfile("weights.txt").read() == b"1 3"  # type: ignore[union-attr]
        assert {entry.mtime for entry in tar.getmembers()} == {0}
    package = sagemaker.describe_model_package(
        ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    container = package["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == job["ModelArtifacts"]["S3ModelArtifacts"]

    # The same arguments again: neither job runs, and the property file of the cached step still counts.
    _, described, again = _execute(cloud, pipeline, Floor="0.9")
    source = {"SourcePipelineExecutionArn": first}
    assert [again[name].get("CacheHitResult") for name in ("Count", "Train")] == [source, source]
    assert described["PipelineExecutionStatus"] == "Failed"
    assert again["Refuse"]["FailureReason"] == "only 5 rows"
    assert "only 5 rows" in described["FailureReason"]


def test_output_of_a_job_is_in_cloudwatch_logs(cloud: Cloud, pipeline: str) -> None:
    _, _, steps = _execute(cloud, pipeline, Floor="0.5")
    logs = cloud.client("logs")
    for step, kind, line in (
        ("Count", "ProcessingJob", "counted 5 rows"),
        ("Train", "TrainingJob", "epoch=2 accuracy=0.83"),
    ):
        group, job = f"/aws/sagemaker/{kind}s", steps[step]["Metadata"][kind]["Arn"].rpartition("/")[2]
        (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
        assert stream["logStreamName"].startswith(f"{job}/algo-1-")
        events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])
        assert line in [event["message"] for event in events["events"]]


def _processing(cloud: Cloud, name: str, script: str, instances: int = 1, **source: str) -> dict[str, Any]:
    request = _count_arguments(script, instances)
    request["ProcessingInputs"] = [
        _s3_input("raw", f"s3://{BUCKET}/raw/", **source),
        _s3_input("code", f"s3://{BUCKET}/code/count.py"),
    ]
    request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = f"s3://{BUCKET}/direct/{name}"
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_processing_job(ProcessingJobName=name, **request)
    return until(  # type: ignore[no-any-return]
        lambda: sagemaker.describe_processing_job(ProcessingJobName=name),
        lambda job: job["ProcessingJobStatus"] != "InProgress" or "sleep" in script,
    )


def test_instances_share_a_sharded_input(cloud: Cloud) -> None:
    script = 'exec python3 /opt/ml/processing/input/code/count.py "$@"'
    job = _processing(cloud, "sharded", script, 2, S3DataDistributionType="ShardedByS3Key")
    assert job["ProcessingJobStatus"] == "Completed", job
    s3 = cloud.client("s3")
    counts = [
        s3.get_object(Bucket=BUCKET, Key=f"direct/sharded/algo-{at}.txt")["Body"].read() for at in (1, 2)
    ]
    assert counts == [b"3", b"2"]


def test_a_failing_job_says_why_and_uploads_nothing(cloud: Cloud) -> None:
    script = (
        "touch /opt/ml/processing/output/report/half; echo before;"
        " echo 'ValueError: no such column' >&2; exit 3"
    )
    job = _processing(cloud, "failing", script)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: ValueError: no such column, exit code: 3"
    assert cloud.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="direct/failing")["KeyCount"] == 0


def test_a_job_acts_as_its_role_and_sees_nothing_of_the_server(cloud: Cloud) -> None:
    script = (
        'python3 -c \'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\''
        " > /opt/ml/processing/output/report/who; env | grep -E '^(AWS_PROFILE|SM_)' >"
        " /opt/ml/processing/output/report/leaked || true"
    )
    job = _processing(cloud, "identity", script)
    assert job["ProcessingJobStatus"] == "Completed", job
    s3 = cloud.client("s3")
    who = s3.get_object(Bucket=BUCKET, Key="direct/identity/who")["Body"].read().decode()
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/jobs/" in who
    assert s3.get_object(Bucket=BUCKET, Key="direct/identity/leaked")["Body"].read() == b""


def test_stopping_a_job_ends_its_processes(cloud: Cloud, tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    _processing(cloud, "stopped", f"sleep 300 & echo $! > {pids}; wait")
    sagemaker = cloud.client("sagemaker")
    pid = int(until(lambda: pids.read_text().strip() if pids.exists() else "", bool))
    sagemaker.stop_processing_job(ProcessingJobName="stopped")
    job = until(
        lambda: sagemaker.describe_processing_job(ProcessingJobName="stopped"),
        lambda found: found["ProcessingJobStatus"] == "Stopped",
    )
    assert job["ProcessingJobStatus"] == "Stopped"
    assert until(lambda: processes.find(pid), lambda found: found is None) is None


def test_a_large_object_goes_up_in_parts_and_comes_back_whole(cloud: Cloud, tmp_path: Path) -> None:
    block = os.urandom(2**20)
    (tmp_path / "big").write_bytes(block * 90)
    s3 = cloud.client("s3")
    s3.upload_file(str(tmp_path / "big"), BUCKET, "big")
    assert s3.head_object(Bucket=BUCKET, Key="big")["ContentLength"] == 90 * 2**20
    assert "-" in s3.head_object(Bucket=BUCKET, Key="big")["ETag"]
    s3.download_file(BUCKET, "big", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == block * 90


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux answers on all of 127.0.0.0/8")
def test_hosts_of_a_training_job_have_an_address_each(cloud: Cloud) -> None:
    cloud.client("s3").put_object(Bucket=BUCKET, Key="code/meet.py", Body=MEET_SCRIPT.encode())
    arguments = _train_arguments()
    arguments["AlgorithmSpecification"]["ContainerEntrypoint"] = [
        "python3",
        "/opt/ml/input/data/code/meet.py",
        "/opt/ml/input/config/resourceconfig.json",
        "/opt/ml/model",
    ]
    arguments["ResourceConfig"] = {**CLUSTER, "InstanceCount": 2}
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/code/meet.py"}
    arguments["InputDataConfig"] = [{"ChannelName": "code", "DataSource": {"S3DataSource": source}}]
    del arguments["HyperParameters"]
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_training_job(TrainingJobName="two-hosts", **arguments)
    job = until(
        lambda: sagemaker.describe_training_job(TrainingJobName="two-hosts"),
        lambda found: found["TrainingJobStatus"] != "InProgress",
    )
    assert job["TrainingJobStatus"] == "Completed", job
    body = cloud.client("s3").get_object(Bucket=BUCKET, Key="models/two-hosts/output/model.tar.gz")["Body"]
    with tarfile.open(fileobj=io.BytesIO(body.read())) as tar:
        assert tar.extractfile("guest").read() == b"127.0.0.2"  # type: ignore[union-attr]


def test_a_failing_training_script_says_why(cloud: Cloud) -> None:
    body = packed({"train.py": "raise ValueError('the label column is missing')"})
    cloud.client("s3").put_object(Bucket=BUCKET, Key="code/broken.tar.gz", Body=body)
    arguments = _train_arguments()
    arguments["HyperParameters"] = {
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": f'"s3://{BUCKET}/code/broken.tar.gz"',
    }
    del arguments["InputDataConfig"]
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_training_job(TrainingJobName="broken", **arguments)
    job = until(
        lambda: sagemaker.describe_training_job(TrainingJobName="broken"),
        lambda found: found["TrainingJobStatus"] != "InProgress",
    )
    assert job["FailureReason"].startswith("AlgorithmError: ")
    assert "ValueError: the label column is missing" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 1")
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
    assert "Contents" not in cloud.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=key)


RESUME_SCRIPT = """
cd /opt/ml/checkpoints
if [ -e first ]; then echo "score=0.5"; exit 0; fi
echo 1 > first
sleep 600 & wait
"""


def test_a_spot_job_is_interrupted_on_request_and_goes_on(cloud: Cloud) -> None:
    sagemaker, s3 = cloud.client("sagemaker"), cloud.client("s3")
    sagemaker.create_training_job(
        TrainingJobName="spot",
        RoleArn=ROLE,
        AlgorithmSpecification={
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/bash", "-ec", RESUME_SCRIPT],
            "MetricDefinitions": [{"Name": "score", "Regex": "score=([0-9.]+)"}],
        },
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/spot"},
        ResourceConfig=CLUSTER,
        EnableManagedSpotTraining=True,
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints"},
        StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
    )
    until(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="checkpoints/")["KeyCount"], bool)
    connection = http.client.HTTPConnection(cloud.url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/_local_cloud/jobs/spot/interrupt")
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["TrainingJobName"]) == (202, "spot")
    connection.close()
    job = until(
        lambda: sagemaker.describe_training_job(TrainingJobName="spot"),
        lambda found: found["TrainingJobStatus"] != "InProgress",
    )
    assert job["TrainingJobStatus"] == "Completed", job
    assert "Interrupted" in [one["Status"] for one in job["SecondaryStatusTransitions"]]
    until(  # other jobs print a score, too
        lambda: cloud.client("cloudwatch").list_metrics(
            Namespace="/aws/sagemaker/TrainingJobs", MetricName="score"
        )["Metrics"],
        lambda found: [{"Name": "TrainingJobName", "Value": "spot"}] in [one["Dimensions"] for one in found],
    )
