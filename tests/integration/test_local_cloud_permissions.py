"""Permissions enforced: a pipeline runs with exactly its grants, and fails by name without one of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local_cloud import launcher
from local_cloud.options import Options
from tests.integration.conftest import ACCOUNT, REGION, Cloud, until

pytestmark = pytest.mark.integration

Json = dict[str, Any]
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
SCRIPT = "test -s {data}/input/data/one.txt && cp {data}/input/data/one.txt {data}/output/out/"
SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


class Guarded(Cloud):
    """A cloud that enforces permissions, with the roles, bucket and key of one pipeline."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.key = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        s3 = self.client("s3")
        s3.create_bucket(Bucket="guarded")
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key}
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
        s3.put_bucket_encryption(Bucket="guarded", ServerSideEncryptionConfiguration=rules)
        s3.upload_fileobj(io.BytesIO(b"text"), "guarded", "in/one.txt")
        self.job, self.pipeline = self.make_role("guarded-job"), self.make_role("guarded-pipeline")
        self.grant("guarded-job", *self.of_job())
        self.grant("guarded-pipeline", *self.of_pipeline())

    def of_job(self) -> list[Json]:
        objects = "arn:aws:s3:::guarded"
        return [
            allow("s3:ListBucket", objects),
            allow("s3:GetObject", f"{objects}/in/*"),
            allow("s3:PutObject", f"{objects}/out/*"),
            allow("kms:Decrypt", self.key),
            allow("kms:GenerateDataKey", self.key),
        ]

    def of_pipeline(self) -> list[Json]:
        jobs = f"{ARN}:processing-job/pipelines-*"
        return [
            *(allow(f"sagemaker:{one}", jobs) for one in ("CreateProcessingJob", "DescribeProcessingJob")),
            allow("sagemaker:AddTags", jobs),
            {**allow("iam:PassRole", self.job), "Condition": SAGEMAKER},
        ]

    def grant(self, role: str, *statements: Json) -> None:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self.client("iam").put_role_policy(
            RoleName=role, PolicyName="own", PolicyDocument=json.dumps(document)
        )

    def acting_as(self, service: str, role: str, *statements: Json) -> Any:
        """A client in a session of a role that has these grants and no other."""
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam = self.client("iam")
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        self.grant(role, *statements)
        keys = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="tester")["Credentials"]
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def run(self) -> Json:
        """Start the pipeline and wait for its end; its only step."""
        sagemaker = self.client("sagemaker")
        arn = sagemaker.start_pipeline_execution(PipelineName="guarded")["PipelineExecutionArn"]
        until(
            lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
            lambda found: found["PipelineExecutionStatus"] != "Executing",
        )
        (step,) = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        return dict(step)


def allow(action: str, resource: str) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def definition(job_role: str) -> str:
    data = "/opt/ml/processing"
    arguments = {
        "RoleArn": job_role,
        "AppSpecification": {
            "ImageUri": "local",
            "ContainerEntrypoint": ["/bin/sh", "-c", SCRIPT.format(data=data)],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "ProcessingInputs": [
            {
                "InputName": "data",
                "S3Input": {
                    "S3Uri": "s3://guarded/in/",
                    "LocalPath": f"{data}/input/data",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": "s3://guarded/out/",
                        "LocalPath": f"{data}/output/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    }
    step = {"Name": "Copy", "Type": "Processing", "Arguments": arguments}
    return json.dumps({"Version": "2020-12-01", "Steps": [step]})


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    home = tmp_path_factory.mktemp("guarded") / "home"
    cloud = launcher.start(home, options=Options(auth=True))
    try:
        made = Guarded(cloud.port)
        made.client("sagemaker").create_pipeline(
            PipelineName="guarded", PipelineDefinition=definition(made.job), RoleArn=made.pipeline
        )
        yield made
    finally:
        launcher.stop(home)


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_pipeline_runs_with_exactly_what_it_needs(guarded: Guarded) -> None:
    step = guarded.run()
    assert step["StepStatus"] == "Succeeded", step
    stored = guarded.client("s3").get_object(Bucket="guarded", Key="out/one.txt")
    assert (stored["Body"].read(), stored["SSEKMSKeyId"]) == (b"text", guarded.key)


@pytest.mark.parametrize(
    "action", ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"]
)
def test_a_job_fails_by_name_without_one_of_its_grants(guarded: Guarded, action: str) -> None:
    guarded.grant("guarded-job", *(one for one in guarded.of_job() if one["Action"] != action))
    try:
        step = guarded.run()
    finally:
        guarded.grant("guarded-job", *guarded.of_job())
    assert step["StepStatus"] == "Failed"
    assert f"not authorized to perform: {action}" in step["FailureReason"]


@pytest.mark.parametrize(
    "action",
    ["sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob", "sagemaker:AddTags", "iam:PassRole"],
)
def test_a_pipeline_fails_by_name_without_one_of_its_grants(guarded: Guarded, action: str) -> None:
    guarded.grant("guarded-pipeline", *(one for one in guarded.of_pipeline() if one["Action"] != action))
    try:
        step = guarded.run()
    finally:
        guarded.grant("guarded-pipeline", *guarded.of_pipeline())
    assert step["StepStatus"] == "Failed"
    assert (
        f"assumed-role/guarded-pipeline/SageMaker is not authorized to perform: {action}"
        in (step["FailureReason"])
    )


def test_a_role_that_trusts_another_service_is_refused_when_it_is_passed(guarded: Guarded) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = guarded.client("iam").create_role(RoleName="of-lambda", AssumeRolePolicyDocument=document)
    arn = role["Role"]["Arn"]
    assert refused(guarded.client("sagemaker").create_model, ModelName="one", ExecutionRoleArn=arn) == (
        "ValidationException",
        f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role.",
    )


def test_a_refusal_is_worded_as_that_of_aws(guarded: Guarded) -> None:
    sagemaker = guarded.acting_as(
        "sagemaker", "looker", allow("sagemaker:DescribeModel", f"{ARN}:model/mine")
    )
    who = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/looker/tester is not authorized to perform: "
    code, message = refused(sagemaker.describe_model, ModelName="theirs")
    assert code == "AccessDeniedException"
    assert message == (
        f"{who}sagemaker:DescribeModel on resource: {ARN}:model/theirs because no identity-based policy "
        "allows the sagemaker:DescribeModel action"
    )
    assert refused(sagemaker.describe_model, ModelName="mine")[0] == "ValidationException"  # it may ask
    assert f"{who}sagemaker:ListModels on resource: * because" in refused(sagemaker.list_models)[1]


def test_the_runtimes_are_judged_by_endpoint_and_feature_group(guarded: Guarded) -> None:
    runtime = guarded.acting_as(
        "sagemaker-runtime", "asker", allow("sagemaker:InvokeEndpoint", f"{ARN}:endpoint/a")
    )
    code, message = refused(runtime.invoke_endpoint, EndpointName="b", Body=b"")
    assert code == "AccessDeniedException"
    assert f"sagemaker:InvokeEndpoint on resource: {ARN}:endpoint/b because" in message
    assert refused(runtime.invoke_endpoint, EndpointName="a", Body=b"")[0] == "ValidationError"
    group = f"{ARN}:feature-group/reviews"
    store = guarded.acting_as("sagemaker-featurestore-runtime", "writer", allow("sagemaker:PutRecord", group))
    record = [{"FeatureName": "id", "ValueAsString": "1"}]
    code, message = refused(store.put_record, FeatureGroupName="reviews", Record=record)
    assert "not authorized" not in message  # it may write, but there is no such group
    code, message = refused(store.get_record, FeatureGroupName="reviews", RecordIdentifierValueAsString="1")
    assert code == "AccessDeniedException"
    assert f"sagemaker:GetRecord on resource: {group} because" in message


def test_tags_of_a_request_are_conditions(guarded: Guarded) -> None:
    tagged = {"StringEquals": {"aws:RequestTag/team": "a"}}
    groups = f"{ARN}:model-package-group/*"
    sagemaker = guarded.acting_as(
        "sagemaker",
        "tagger",
        {**allow("sagemaker:CreateModelPackageGroup", groups), "Condition": tagged},
        allow("sagemaker:AddTags", groups),
    )

    def create(name: str, team: str) -> Json:
        tags = [{"Key": "team", "Value": team}]
        made: Json = sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=tags)
        return made

    assert create("tagged-a", "a")["ModelPackageGroupArn"].endswith("tagged-a")
    assert refused(create, name="tagged-b", team="b")[0] == "AccessDeniedException"


def test_what_nobody_signed_is_refused(guarded: Guarded, tmp_path: Path) -> None:
    from botocore import UNSIGNED
    from botocore.config import Config

    unsigned = boto3.client(
        "sagemaker", endpoint_url=guarded.url, region_name=REGION, config=Config(signature_version=UNSIGNED)
    )
    assert refused(unsigned.list_models)[0] == "MissingAuthenticationTokenException"


def test_grants_of_scalable_targets_alone_are_enough_and_needed(guarded: Guarded) -> None:
    targets = f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/*"
    action = "application-autoscaling:RegisterScalableTarget"
    scaling = guarded.acting_as("application-autoscaling", "scaler", allow(action, targets))
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/none/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    with pytest.raises(ClientError, match="Could not find variant AllTraffic of endpoint none"):
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    with pytest.raises(ClientError, match="not authorized to perform: application-autoscaling:Deregister"):
        scaling.deregister_scalable_target(**target)
