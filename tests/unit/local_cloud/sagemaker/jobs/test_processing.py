"""Processing jobs: what is refused, and what becomes of inputs and outputs, without an emulator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from boto3.exceptions import S3UploadFailedError

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import lifecycle

from ..conftest import AccountContext
from .requests import Json, job_folder, processing_request, run_job, running, s3_input, s3_output, wait_for


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (processing_request(ProcessingInputs=[s3_input(LocalPath="/data")]), "'/data' of 'in'"),
        (
            processing_request(ProcessingInputs=[s3_input(LocalPath="/opt/ml/processing/../x")]),
            "below /opt/ml/processing",
        ),
        (
            processing_request(ProcessingInputs=[{"InputName": "in", "DatasetDefinition": {}}]),
            "'in' of the processing job: DatasetDefinition",
        ),
        (
            processing_request(
                ProcessingOutputConfig={
                    "Outputs": [{"OutputName": "out", "FeatureStoreOutput": {"FeatureGroupName": "g"}}]
                }
            ),
            "'out' of the processing job: FeatureStoreOutput",
        ),
        (
            processing_request(AppSpecification={"ImageUri": "i"}),
            "ContainerEntrypoint is missing",
        ),
        (processing_request(ProcessingInputs=[s3_input(S3InputMode="Pipe")]), "'in': only S3InputMode File"),
        (processing_request(ProcessingInputs=[s3_input(), s3_input()]), "must be unique: in"),
        (processing_request(ProcessingOutputConfig=s3_output("/tmp/x")), "'/tmp/x' of 'out'"),
    ],
)
def test_processing_jobs_that_cannot_run_are_refused(ctx: AccountContext, request_: Json, named: str) -> None:
    with pytest.raises(ServiceError, match=named):
        operations.call(ctx, "CreateProcessingJob", request_)
    assert ctx.store.list("ProcessingJob") == []


def test_a_processing_job_moves_data_through_its_folders(
    ctx: AccountContext, events: list[tuple[str, Mapping[str, Any]]]
) -> None:
    ctx.stub.objects["b", "in/a.txt"] = b"hello"
    script = "tr a-z A-Z < /opt/ml/processing/in/a.txt > /opt/ml/processing/out/a.txt; echo $WHO $ROLE >&2"
    request = processing_request(
        script=script,
        ProcessingInputs=[s3_input()],
        ProcessingOutputConfig=s3_output(),
        Environment={"WHO": "me"},
    )
    job = run_job(ctx, lifecycle.PROCESSING, request)
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert ctx.stub.objects["b", "out/a.txt"] == b"HELLO"
    assert not job_folder(ctx).exists()
    announced = [detail["ProcessingJobStatus"] for kind, detail in events if "Processing Job" in kind]
    assert announced == ["InProgress", "Completed"]


def test_every_instance_knows_its_place(ctx: AccountContext) -> None:
    script = "cp /opt/ml/config/resourceconfig.json /opt/ml/processing/out/$RANDOM-$$.json"
    run_job(
        ctx,
        lifecycle.PROCESSING,
        processing_request(script=script, instances=2, ProcessingOutputConfig=s3_output()),
    )
    found = [json.loads(body) for (_, key), body in ctx.stub.objects.items() if key.startswith("out/")]
    assert sorted(one["current_host"] for one in found) == ["algo-1", "algo-2"]
    assert all(one["hosts"] == ["algo-1", "algo-2"] for one in found)


def test_a_job_finds_its_own_description(ctx: AccountContext) -> None:
    script = "cp /opt/ml/config/processingjobconfig.json /opt/ml/processing/out/"
    run_job(ctx, lifecycle.PROCESSING, processing_request(script=script, ProcessingOutputConfig=s3_output()))
    found = json.loads(ctx.stub.objects["b", "out/processingjobconfig.json"])
    assert found["ProcessingJobArn"].endswith(":processing-job/job")
    path = found["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["LocalPath"]
    assert path == str(job_folder(ctx) / "algo-1" / "opt" / "ml" / "processing" / "out")


def test_a_failed_job_keeps_its_folder_and_uploads_nothing(ctx: AccountContext) -> None:
    script = "touch /opt/ml/processing/out/half; echo 'why not' > /opt/ml/output/message; exit 7"
    job = run_job(
        ctx, lifecycle.PROCESSING, processing_request(script=script, ProcessingOutputConfig=s3_output())
    )
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: why not, exit code: 7"
    assert job["ExitMessage"] == "why not"
    assert ctx.stub.objects == {}
    assert (job_folder(ctx) / "algo-1" / "output.log").exists()


LAST = s3_output("/opt/ml/processing/last", "last", to="s3://b/last")
DURING = s3_output("/opt/ml/processing/during", "during", "Continuous", "s3://b/during")
BOTH = {"Outputs": LAST["Outputs"] + DURING["Outputs"]}
WRITE = "cd /opt/ml/processing; echo 1 > last/rows; echo 1 > during/rows"


@pytest.mark.parametrize(("ending", "status"), [("true", "Completed"), ("exit 7", "Failed")])
def test_continuous_outputs_are_uploaded_also_when_the_job_fails(
    ctx: AccountContext, ending: str, status: str
) -> None:
    request = processing_request(script=f"{WRITE}; {ending}", ProcessingOutputConfig=BOTH)
    assert run_job(ctx, lifecycle.PROCESSING, request)["ProcessingJobStatus"] == status
    assert (("b", "last/rows") in ctx.stub.objects) is (status == "Completed")
    assert ("b", "during/rows") in ctx.stub.objects


def test_continuous_outputs_are_uploaded_also_when_the_job_is_stopped(ctx: AccountContext) -> None:
    request = processing_request(script=f"{WRITE}; sleep 600", ProcessingOutputConfig=BOTH)
    run = running(ctx, lifecycle.PROCESSING, request)
    rows = job_folder(ctx) / "algo-1" / "opt" / "ml" / "processing" / "during" / "rows"
    wait_for(run, rows.exists)
    operations.call(ctx, "StopProcessingJob", {"ProcessingJobName": "job"})
    assert run.done.wait(30)
    assert [key for _, key in ctx.stub.objects] == ["during/rows"]


def test_an_upload_that_fails_does_not_hide_why_the_job_failed(
    ctx: AccountContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise S3UploadFailedError("the bucket is gone")

    monkeypatch.setattr(ctx.stub, "upload_file", refuse)
    script = "touch /opt/ml/processing/out/half; echo 'why not' > /opt/ml/output/message; exit 7"
    request = processing_request(script=script, ProcessingOutputConfig=s3_output(mode="Continuous"))
    job = run_job(ctx, lifecycle.PROCESSING, request)
    assert job["FailureReason"] == "AlgorithmError: why not, exit code: 7"


def test_input_that_is_not_there_fails_the_job(ctx: AccountContext) -> None:
    job = run_job(ctx, lifecycle.PROCESSING, processing_request(ProcessingInputs=[s3_input()]))
    assert job["FailureReason"].startswith("ClientError: Data download failed: No S3 objects found")


def test_continuous_outputs_are_uploaded_while_the_job_runs(ctx: AccountContext) -> None:
    output = s3_output(mode="Continuous")
    script = "echo 1 > /opt/ml/processing/out/first; sleep 600"
    run = running(ctx, lifecycle.PROCESSING, processing_request(script=script, ProcessingOutputConfig=output))
    wait_for(run, lambda: ("b", "out/first") in ctx.stub.objects)
    job = operations.call(ctx, "DescribeProcessingJob", {"ProcessingJobName": "job"})
    assert job["ProcessingJobStatus"] == "InProgress"
    operations.call(ctx, "StopProcessingJob", {"ProcessingJobName": "job"})
    assert run.done.wait(30)


def test_a_message_is_told_also_when_all_is_well(ctx: AccountContext) -> None:
    script = "head -c 3000 /dev/zero | tr '\\0' m > /opt/ml/output/message"
    job = run_job(ctx, lifecycle.PROCESSING, processing_request(script=script))
    assert job["ExitMessage"] == "m" * 1024
    assert "FailureReason" not in job


def test_what_the_job_moves_itself_is_left_to_it(ctx: AccountContext) -> None:
    output = s3_output()
    output["Outputs"][0]["AppManaged"] = True
    request = processing_request(
        ProcessingInputs=[{**s3_input(), "AppManaged": True}], ProcessingOutputConfig=output
    )
    assert run_job(ctx, lifecycle.PROCESSING, request)["ProcessingJobStatus"] == "Completed"
    assert ctx.stub.objects == {}


def test_a_manifest_names_the_input(ctx: AccountContext) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        ctx.stub.objects["b", f"raw/{name}"] = name.encode()
    manifest = json.dumps([{"prefix": "s3://b/raw/"}, "a.txt", "c.txt"])
    ctx.stub.objects["b", "list.manifest"] = manifest.encode()
    request = processing_request(
        script="ls /opt/ml/processing/in > /opt/ml/processing/out/names",
        ProcessingInputs=[s3_input(S3DataType="ManifestFile", S3Uri="s3://b/list.manifest")],
        ProcessingOutputConfig=s3_output(),
    )
    run_job(ctx, lifecycle.PROCESSING, request)
    assert ctx.stub.objects["b", "out/names"].split() == [b"a.txt", b"c.txt"]


@pytest.mark.parametrize("isolated", [True, False])
def test_a_job_in_isolation_has_no_credentials(ctx: AccountContext, isolated: bool) -> None:
    script = "echo role:$ROLE region:$AWS_REGION > /opt/ml/processing/out/seen"
    request = processing_request(
        script=script,
        ProcessingOutputConfig=s3_output(),
        NetworkConfig={"EnableNetworkIsolation": isolated},
    )
    run_job(ctx, lifecycle.PROCESSING, request)
    wanted = "role: region:us-east-1" if isolated else f"role:{request['RoleArn']} region:"
    assert ctx.stub.objects["b", "out/seen"].decode().strip() == wanted


def test_outputs_are_encrypted_with_the_key_of_the_job(ctx: AccountContext) -> None:
    request = processing_request(script=WRITE, ProcessingOutputConfig={**BOTH, "KmsKeyId": "alias/reviews"})
    run_job(ctx, lifecycle.PROCESSING, request)
    assert ctx.stub.keys == {("b", "last/rows"): "alias/reviews", ("b", "during/rows"): "alias/reviews"}
