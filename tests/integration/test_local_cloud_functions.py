"""Lambda steps on a running local cloud: real functions, and that which finds the live model among them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bertline import logs, watch
from bertline.target import Target
from tests.integration.conftest import ACCOUNT, REGION, ROOT, Cloud, until
from tests.integration.test_local_cloud_endpoints import INFERENCE, archive

pytestmark = pytest.mark.integration

BUCKET, GROUP = "functions-test", "watched"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/functions"
RUNTIME = ROOT / "infra" / "training" / "runtime"
CODE = """
import time


def look(event, context):
    if event["Wish"] == "raise":
        raise LookupError("no model of " + event["Who"])
    if event["Wish"] == "sleep":
        time.sleep(30)
    print("looked for", event["Who"])
    return {"Uri": event["Where"], "Rows": 7 if event["Wish"] == "answer" else "seven"}
"""
Json = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def seeded(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    assert cloud.make_role("functions") == ROLE
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="models/1.txt", Body=b"weights")
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)


def _zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)
    return packed.getvalue()


def create_function(
    cloud: Cloud, name: str, files: dict[str, bytes], handler: str, *, role: str = ROLE, **more: Any
) -> str:
    """Make a Python function of these files and return its ARN once it can be invoked."""
    request = {"Role": role, "Runtime": "python3.14", "Handler": handler, "Timeout": 30, **more}
    client = cloud.client("lambda")
    made = client.create_function(FunctionName=name, Code={"ZipFile": _zipped(files)}, **request)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(made["FunctionArn"])


def _run(cloud: Cloud, name: str, *steps: Json, **parameters: str) -> tuple[Json, dict[str, Json]]:
    """Create a pipeline unless it is there, run it, and return the execution and its steps."""
    sagemaker = cloud.client("sagemaker")
    listed = sagemaker.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]
    if name not in [one["PipelineName"] for one in listed]:
        declared = [{"Name": parameter, "Type": "String"} for parameter in parameters]
        body = json.dumps({"Version": "2020-12-01", "Parameters": declared, "Steps": steps})
        sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=body, RoleArn=ROLE)
    given = [{"Name": parameter, "Value": value} for parameter, value in parameters.items()]
    arn = sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=given)[
        "PipelineExecutionArn"
    ]
    described = until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
        lambda found: found["PipelineExecutionStatus"] not in ("Executing", "Stopping"),
    )
    found = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return described, {step["StepName"]: step for step in found}


def _look(arn: str) -> Json:
    outputs = [("Uri", "String"), ("Rows", "Integer")]
    return {
        "Name": "Look",
        "Type": "Lambda",
        "FunctionArn": arn,
        "Arguments": {"Who": "me", "Wish": {"Get": "Parameters.Wish"}, "Where": {"Get": "Parameters.Where"}},
        "OutputParameters": [{"OutputName": name, "OutputType": type_} for name, type_ in outputs],
    }


def _copy() -> Json:
    """A job that writes its arguments and its only input to its output."""
    here = "/opt/ml/processing"
    arguments = {
        "RoleArn": ROLE,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "AppSpecification": {
            "ImageUri": "image",
            "ContainerEntrypoint": [
                "/bin/bash",
                "-ec",
                f'echo "$1 $(cat {here}/input/live/*)" > {here}/output/copy/text',
                "job",
            ],
            "ContainerArguments": [
                {"Std:Join": {"On": "", "Values": [{"Get": "Steps.Look.OutputParameters['Rows']"}]}}
            ],
        },
        "ProcessingInputs": [
            {
                "InputName": "live",
                "S3Input": {
                    "S3Uri": {"Get": "Steps.Look.OutputParameters['Uri']"},
                    "LocalPath": f"{here}/input/live",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "copy",
                    "S3Output": {
                        "S3Uri": f"s3://{BUCKET}/copy",
                        "LocalPath": f"{here}/output/copy",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    }
    cache = {"Enabled": True, "ExpireAfter": "P1D"}
    return {"Name": "Copy", "Type": "Processing", "Arguments": arguments, "CacheConfig": cache}


@pytest.fixture(scope="module")
def look(cloud: Cloud) -> str:
    return create_function(cloud, "look", {"code.py": CODE.encode()}, "code.look")


def test_a_job_reads_what_a_function_answered_and_runs_again_for_another_answer(
    cloud: Cloud, look: str
) -> None:
    s3, steps = cloud.client("s3"), (_look(look), _copy())
    where = {"Wish": "answer", "Where": f"s3://{BUCKET}/models/1.txt"}
    described, first = _run(cloud, "reading", *steps, **where)
    assert described["PipelineExecutionStatus"] == "Succeeded", (described, first)
    assert s3.get_object(Bucket=BUCKET, Key="copy/text")["Body"].read() == b"7 weights\n"
    outputs = [{"Name": "Uri", "Value": where["Where"]}, {"Name": "Rows", "Value": "7"}]
    assert first["Look"]["Metadata"] == {"Lambda": {"Arn": look, "OutputParameters": outputs}}

    _, same = _run(cloud, "reading", *steps, **where)
    assert {name: "CacheHitResult" in step for name, step in same.items()} == {"Look": False, "Copy": True}
    s3.put_object(Bucket=BUCKET, Key="models/2.txt", Body=b"others")
    _, other = _run(cloud, "reading", *steps, Wish="answer", Where=f"s3://{BUCKET}/models/2.txt")
    assert "CacheHitResult" not in other["Copy"]
    assert s3.get_object(Bucket=BUCKET, Key="copy/text")["Body"].read() == b"7 others\n"


def test_the_log_of_a_function_is_that_of_its_invocation(cloud: Cloud, look: str) -> None:
    target = Target("local", REGION, cloud.url, ACCOUNT)
    where = f"s3://{BUCKET}/models/1.txt"
    executions = [_run(cloud, "logged", _look(look), Wish=wish, Where=where) for wish in ("answer", "raise")]
    arns = [described["PipelineExecutionArn"] for described, _ in executions]
    answered, raised = (watch.look(target, arn).step("Look") for arn in arns)
    assert answered.metric == f"Uri {where}"
    assert (answered.function, raised.function, raised.metric) == (look, look, "")
    texts = ["\n".join(logs.of_step(step, target)) for step in (answered, raised)]
    assert ["looked for me" in text for text in texts] == [True, False]
    assert ["no model of me" in text for text in texts] == [False, True]


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ("raise", "no model of me"),
        ("answer badly", "'Rows' = 'seven', which is no Integer"),
    ],
)
def test_a_function_that_fails_or_answers_badly_fails_its_step(
    cloud: Cloud, look: str, wish: str, reason: str
) -> None:
    described, steps = _run(cloud, "failing", _look(look), _copy(), Wish=wish, Where="s3://b/k")
    assert described["PipelineExecutionStatus"] == "Failed"
    assert steps["Look"]["StepStatus"] == "Failed"
    assert reason in steps["Look"]["FailureReason"]
    assert look in steps["Look"]["FailureReason"]
    assert "Copy" not in steps


def test_a_function_that_runs_out_of_time_fails_its_step(cloud: Cloud) -> None:
    arn = create_function(cloud, "slow", {"code.py": CODE.encode()}, "code.look", Timeout=1)
    _, steps = _run(cloud, "slow", _look(arn), Wish="sleep", Where="s3://b/k")
    assert "timed out after 1" in steps["Look"]["FailureReason"]


def test_a_function_that_is_not_there_fails_its_step(cloud: Cloud) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:nobody"
    _, steps = _run(cloud, "missing", _look(arn), Wish="answer", Where="s3://b/k")
    assert steps["Look"]["FailureReason"].startswith("ClientError: ResourceNotFoundException")


def _register(cloud: Cloud, version: int) -> str:
    key = f"executions/e{version}/train/model.tar.gz"
    body = archive({"model.json": {"good": ["fine"]}}, INFERENCE)
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    container = {
        "Image": "image:1",
        "ModelDataUrl": f"s3://{BUCKET}/{key}",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "MODEL_VERSION": str(version)},
    }
    kinds = ["application/jsonlines"]
    return str(
        cloud.client("sagemaker").create_model_package(
            ModelPackageGroupName=GROUP,
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": kinds,
                "SupportedResponseMIMETypes": kinds,
            },
        )["ModelPackageArn"]
    )


def _serve(cloud: Cloud, package: str) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model(
        ModelName=f"{GROUP}-v1", PrimaryContainer={"ModelPackageName": package}, ExecutionRoleArn=ROLE
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": f"{GROUP}-v1",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=f"{GROUP}-v1", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=GROUP, EndpointConfigName=f"{GROUP}-v1")
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=GROUP, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})


def test_the_live_model_is_the_served_one_else_the_newest_approved_one(cloud: Cloud) -> None:
    files = {f"runtime/{path.name}": path.read_bytes() for path in Path(RUNTIME).glob("*.py")}
    arn = create_function(
        cloud,
        "live-model",
        files,
        "runtime.handlers.on_live_model",
        Environment={"Variables": {"ENDPOINT_NAME": GROUP, "MODEL_PACKAGE_GROUP_NAME": GROUP}},
    )
    step = {
        "Name": "LiveModel",
        "Type": "Lambda",
        "FunctionArn": arn,
        "Arguments": {"ContractUri": {"Get": "Parameters.ContractUri"}},
        "OutputParameters": [
            {"OutputName": name, "OutputType": "String"} for name in ("LiveModelPackage", "LiveModelUri")
        ],
    }

    def live() -> tuple[str, str]:
        described, steps = _run(cloud, "living", step, ContractUri="s3://assets/contract.toml")
        assert described["PipelineExecutionStatus"] == "Succeeded", (described, steps)
        package, uri = steps["LiveModel"]["Metadata"]["Lambda"]["OutputParameters"]
        return package["Value"], uri["Value"]

    sagemaker = cloud.client("sagemaker")
    packages = [_register(cloud, version) for version in (1, 2, 3)]
    assert live() == ("none", "s3://assets/contract.toml")  # none of them is approved
    for package in packages[:2]:
        sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    assert live() == (packages[1], f"s3://{BUCKET}/executions/e2/train/model.tar.gz")
    _serve(cloud, packages[0])
    assert live() == (packages[0], f"s3://{BUCKET}/executions/e1/train/model.tar.gz")
    sagemaker.delete_endpoint(EndpointName=GROUP)
    assert live()[0] == packages[1]
