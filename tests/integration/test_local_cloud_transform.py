"""Batch transform jobs with real model servers, driven by boto3 alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.archives import packed
from tests.integration.conftest import Cloud, until

pytestmark = pytest.mark.integration
BUCKET = "transform-test"
HANDLER = """
import json, os, time

def model_fn(model_dir):
    if "LOAD_SECONDS" in os.environ:
        print("loading", flush=True)
        time.sleep(float(os.environ["LOAD_SECONDS"]))
    return os.environ.get("FACTOR", "2"), os.environ["SAGEMAKER_BATCH"]

def transform_fn(model, body, content_type, accept):
    if isinstance(body, (bytes, bytearray)):
        body = body.decode()
    if "slow" in body:
        time.sleep(600)
    if "broken" in body:
        raise ValueError("cannot read broken")
    if content_type == "application/json":
        return json.dumps({"length": len(json.loads(body)["text"])}), accept
    rows = [line.split(",") for line in body.split("\\n")]
    return "\\n".join(str(sum(map(float, row)) * float(model[0])) for row in rows), accept
"""


@pytest.fixture(scope="module", autouse=True)
def model(cloud: Cloud) -> str:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=packed({"code/inference.py": HANDLER}))
    cloud.client("sagemaker").create_model(
        ModelName="sums",
        ExecutionRoleArn=cloud.make_role("transform"),
        PrimaryContainer={"Image": "image", "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"},
    )
    return "sums"


def _transform(cloud: Cloud, name: str, source: dict[str, Any], **more: Any) -> dict[str, Any]:
    sagemaker = cloud.client("sagemaker")
    kind, uri = more.pop("kind", "S3Prefix"), more.pop("uri", f"s3://{BUCKET}/{name}/in/")
    target = {"S3OutputPath": f"s3://{BUCKET}/{name}/out", "AssembleWith": "Line", **more.pop("target", {})}
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName="sums",
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}, **source},
        TransformOutput=target,
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": more.pop("instances", 1)},
        **more,
    )
    return until(  # type: ignore[no-any-return]
        lambda: sagemaker.describe_transform_job(TransformJobName=name),
        lambda job: job["TransformJobStatus"] not in ("InProgress", "Stopping"),
    )


def _put(cloud: Cloud, key: str, body: str) -> None:
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.encode())


def _outputs(cloud: Cloud, name: str) -> dict[str, str]:
    s3, lead = cloud.client("s3"), f"{name}/out/"
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET, Prefix=lead).get("Contents", [])]
    return {
        key.removeprefix(lead): s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys
    }


def test_rows_of_several_objects_come_back_in_order_beside_their_input(cloud: Cloud) -> None:
    rows = {"a.csv": "".join(f"row{at},{at},1\n" for at in range(20)), "deep/b.csv": "last,5,5\n"}
    for key, body in rows.items():
        _put(cloud, f"rows/in/{key}", body)
    job = _transform(
        cloud,
        "rows",
        {"SplitType": "Line", "ContentType": "text/csv"},
        target={"Accept": "text/csv", "KmsKeyId": "alias/outputs"},
        instances=2,
        MaxConcurrentTransforms=4,
        BatchStrategy="SingleRecord",
        Environment={"FACTOR": "10"},
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    )
    assert job["TransformJobStatus"] == "Completed", job
    wanted = "".join(f"row{at},{10.0 * (at + 1)}\n" for at in range(20))
    assert _outputs(cloud, "rows") == {"a.csv.out": wanted, "deep/b.csv.out": "last,100.0\n"}
    head = cloud.client("s3").head_object(Bucket=BUCKET, Key="rows/out/a.csv.out")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/outputs")


def test_an_object_that_fails_fails_the_job_and_leaves_nothing_half_written(cloud: Cloud) -> None:
    _put(cloud, "half/in/good.csv", "1,2\n3,4\n")
    _put(cloud, "half/in/bad.csv", "1,2\nbroken\n")
    job = _transform(
        cloud,
        "half",
        {"SplitType": "Line", "ContentType": "text/csv"},
        BatchStrategy="SingleRecord",
        ModelClientConfig={"InvocationsMaxRetries": 0},
    )
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: See job logs for more information")
    assert f"{BUCKET}/half/in/bad.csv" in job["FailureReason"]
    assert _outputs(cloud, "half") == {"good.csv.out": "6.0\n14.0\n"}
    logs = cloud.client("logs")
    streams = logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TransformJobs", logStreamNamePrefix="half/i-"
    )["logStreams"]
    (data,) = [one["logStreamName"] for one in streams if one["logStreamName"].endswith("/data-log")]
    events = logs.get_log_events(logGroupName="/aws/sagemaker/TransformJobs", logStreamName=data)["events"]
    said = [event["message"] for event in events]
    assert (
        "[sagemaker logs]: MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=SINGLE_RECORD" in said
    )
    assert any(f"{BUCKET}/half/in/bad.csv: AlgorithmError: HTTP 500" in line for line in said)


def test_a_manifest_of_documents(cloud: Cloud) -> None:
    for key, text in (("one", "four"), ("two", "seventh"), ("three", "not listed")):
        _put(cloud, f"documents/in/{key}.json", json.dumps({"id": key, "text": text}))
    manifest = [{"prefix": f"s3://{BUCKET}/documents/in/"}, "one.json", "two.json"]
    _put(cloud, "documents/list.manifest", json.dumps(manifest))
    job = _transform(
        cloud,
        "documents",
        {"ContentType": "application/json"},
        kind="ManifestFile",
        uri=f"s3://{BUCKET}/documents/list.manifest",
        target={"Accept": "application/json", "AssembleWith": "None"},
        DataProcessing={"JoinSource": "Input"},
    )
    assert job["TransformJobStatus"] == "Completed", job
    found = {key: json.loads(body) for key, body in _outputs(cloud, "documents").items()}
    assert found == {
        "one.json.out": {"id": "one", "text": "four", "SageMakerOutput": {"length": 4}},
        "two.json.out": {"id": "two", "text": "seventh", "SageMakerOutput": {"length": 7}},
    }


def test_what_is_not_there_fails_the_job_before_a_server_starts(cloud: Cloud) -> None:
    job = _transform(cloud, "empty", {"ContentType": "text/csv"})
    assert job["FailureReason"].startswith("ClientError: Data download failed: No S3 objects found")


def test_what_cannot_run_is_refused_by_name(cloud: Cloud) -> None:
    for source, more, named in (
        ({"SplitType": "TFRecord"}, {}, "SplitType TFRecord"),
        ({}, {"kind": "AugmentedManifestFile"}, "S3DataType AugmentedManifestFile"),
        ({}, {"MaxPayloadInMB": 101}, "MaxPayloadInMB"),
        ({}, {"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "MaxConcurrentTransforms"),
    ):
        with pytest.raises(cloud.client("sagemaker").exceptions.ClientError, match=named):
            _transform(cloud, "refused", source, **more)


def test_a_stop_does_not_wait_for_answers(cloud: Cloud) -> None:
    sagemaker, logs = cloud.client("sagemaker"), cloud.client("logs")
    for name in ("slow.csv", "waiting.csv"):
        _put(cloud, f"stopped/in/{name}", "slow,1\n")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/stopped/in/"}
    sagemaker.create_transform_job(
        TransformJobName="stopped",
        ModelName="sums",
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "text/csv"},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/stopped/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    group = "/aws/sagemaker/TransformJobs"
    until(  # the model server is up
        lambda: logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="stopped/")["logStreams"],
        lambda streams: any(one["logStreamName"].endswith("/data-log") for one in streams),
    )
    sagemaker.stop_transform_job(TransformJobName="stopped")
    job = until(
        lambda: sagemaker.describe_transform_job(TransformJobName="stopped"),
        lambda found: found["TransformJobStatus"] not in ("InProgress", "Stopping"),
    )
    assert job["TransformJobStatus"] == "Stopped"
    assert _outputs(cloud, "stopped") == {}


def test_a_stop_does_not_wait_for_a_model_that_loads(cloud: Cloud) -> None:
    sagemaker, logs = cloud.client("sagemaker"), cloud.client("logs")
    _put(cloud, "loading/in/rows.csv", "1,1\n")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/loading/in/"}
    sagemaker.create_transform_job(
        TransformJobName="loading",
        ModelName="sums",
        Environment={"LOAD_SECONDS": "600"},
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "text/csv"},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/loading/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    group = "/aws/sagemaker/TransformJobs"
    until(
        lambda: logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="loading/")["logStreams"],
        bool,
    )
    sagemaker.stop_transform_job(TransformJobName="loading")
    job = until(
        lambda: sagemaker.describe_transform_job(TransformJobName="loading"),
        lambda found: found["TransformJobStatus"] not in ("InProgress", "Stopping"),
    )
    assert job["TransformJobStatus"] == "Stopped", job
