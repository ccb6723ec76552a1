"""The public SageMaker SDK, unchanged, against the local cloud: what its users write, run for real."""

from __future__ import annotations

import io
import json
import logging
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.integration.conftest import Cloud

from .conftest import make_role

pytestmark = pytest.mark.filterwarnings("ignore")

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/reviews:1"
ACCOUNT = "299999999999"
INFERENCE = """
import json, os
def model_fn(folder): return json.load(open(os.path.join(folder, "model.json")))
def input_fn(body, content_type): return json.loads(body)
def predict_fn(given, model): return {"sum": sum(given) + model["plus"]}
def output_fn(found, accept): return json.dumps(found)
"""
TRAIN = """
import argparse, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--plus", type=int)
plus = parser.parse_known_args()[0].plus
assert os.listdir(os.environ["SM_CHANNEL_TRAIN"]) == ["a.csv"]
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"), "w") as file:
    json.dump({"plus": plus}, file)
"""


class Workplace:
    """What a notebook has: a session in the execution role, its default bucket, and files of one's own."""

    def __init__(self, folder: Path) -> None:
        from sagemaker.core.helper.session_helper import Session, get_execution_role

        self.folder = folder
        self.session = Session()
        self.role = get_execution_role()
        self.bucket = self.session.default_bucket()
        self.s3 = boto3.client("s3")

    def upload(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def model(self) -> str:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, text in (("model.json", '{"plus": 1}'), ("code/inference.py", INFERENCE)):
                entry = tarfile.TarInfo(name)
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
        return self.upload("models/model.tar.gz", packed.getvalue())


@pytest.fixture(scope="module")
def work(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """The environment of an execution role's session, and nothing else of this machine's AWS settings."""
    keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "local"}
    places = {"AWS_ENDPOINT_URL": cloud.url, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    alone = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    sleep = time.sleep
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**keys, **places, **alone, "AWS_EC2_METADATA_DISABLED": "true"}.items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        # The SDK looks every 5 to 30 seconds, as it should at AWS.
        patch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.1)))
        from sagemaker.core.utils.utils import SingletonMeta

        from . import aws_hosts as aws_hosts

        patch.setattr(SingletonMeta, "_instances", {})
        first = boto3.Session()
        role = make_role(first.client("iam"), "SageMakerRole")
        session = first.client("sts").assume_role(RoleArn=role, RoleSessionName="SageMaker")["Credentials"]
        patch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
        patch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
        folder = tmp_path_factory.mktemp("sdk")
        patch.chdir(folder)
        logging.getLogger("sagemaker").setLevel(logging.ERROR)
        yield Workplace(folder)


def test_the_execution_role_and_the_default_bucket_are_found(work: Workplace) -> None:
    assert work.role == f"arn:aws:iam::{ACCOUNT}:role/SageMakerRole"
    assert work.bucket == f"sagemaker-us-east-1-{ACCOUNT}"


def _pipeline(work: Workplace) -> Any:
    from sagemaker.core.processing import ScriptProcessor
    from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
    from sagemaker.core.workflow.parameters import ParameterInteger
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.mlops.workflow.condition_step import ConditionStep
    from sagemaker.mlops.workflow.fail_step import FailStep
    from sagemaker.mlops.workflow.pipeline import Pipeline
    from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, SourceCode

    session = PipelineSession()
    work.file("src/train.py", TRAIN)
    processor = ScriptProcessor(
        image_uri=IMAGE,
        command=["python3"],
        role=work.role,
        instance_type="ml.m5.large",
        instance_count=1,
        sagemaker_session=session,
    )
    prepare = ProcessingStep(
        name="Prepare", step_args=processor.run(code=work.file("prepare.py", "print(1)"))
    )
    trainer = ModelTrainer(
        training_image=IMAGE,
        role=work.role,
        sagemaker_session=session,
        source_code=SourceCode(source_dir=str(work.folder / "src"), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters={"plus": 2},
        input_data_config=[InputData(channel_name="train", data_source=work.upload("train/a.csv", b"1"))],
    )
    train = TrainingStep(name="Train", step_args=trainer.train())
    rows = ParameterInteger(name="Rows", default_value=10)
    enough = ConditionStep(
        name="Enough",
        conditions=[ConditionGreaterThanOrEqualTo(left=rows, right=5)],
        if_steps=[train],
        else_steps=[FailStep(name="TooFew", error_message="too few rows")],
    )
    enough.add_depends_on([prepare])
    steps = [prepare, enough]
    return Pipeline(name="sdk", parameters=[rows], steps=steps, sagemaker_session=session)


def test_a_pipeline_is_upserted_started_waited_for_and_listed(work: Workplace) -> None:
    from botocore.exceptions import WaiterError

    pipeline = _pipeline(work)
    arn = pipeline.upsert(role_arn=work.role)["PipelineArn"]
    assert pipeline.upsert(role_arn=work.role, tags=[{"Key": "a", "Value": "b"}])["PipelineArn"] == arn
    assert [one["Name"] for one in json.loads(pipeline.describe()["PipelineDefinition"])["Steps"]] == [
        "Prepare",
        "Enough",
    ]
    well = pipeline.start()
    well.wait(delay=1, max_attempts=600)
    assert {one["StepName"]: one["StepStatus"] for one in well.list_steps()} == {
        "Prepare": "Succeeded",
        "Enough": "Succeeded",
        "Train": "Succeeded",
    }
    badly = pipeline.start(parameters={"Rows": 1})
    with pytest.raises(WaiterError):
        badly.wait(delay=1, max_attempts=600)
    assert "too few rows" in str(badly.list_steps())
    assert badly.describe()["PipelineExecutionStatus"] == "Failed"
    pipeline.delete()


def test_a_model_is_trained_by_the_trainer(work: Workplace) -> None:
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, SourceCode

    work.file("src/train.py", TRAIN)
    trainer = ModelTrainer(
        training_image=IMAGE,
        role=work.role,
        sagemaker_session=work.session,
        source_code=SourceCode(source_dir=str(work.folder / "src"), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        base_job_name="trainer",
        hyperparameters={"plus": 3},
    )
    data = InputData(channel_name="train", data_source=work.upload("train/a.csv", b"1"))
    trainer.train(input_data_config=[data], wait=True, logs=False)
    job = trainer._latest_training_job
    job.refresh()
    assert job.training_job_status == "Completed"
    key = job.model_artifacts.s3_model_artifacts.removeprefix(f"s3://{work.bucket}/")
    packed = io.BytesIO(work.s3.get_object(Bucket=work.bucket, Key=key)["Body"].read())
    with tarfile.open(fileobj=packed) as tar:
        kept = tar.extractfile("model.json")
        assert kept is not None
        assert json.load(kept) == {"plus": 3}


def test_a_training_job_is_a_resource(work: Workplace) -> None:
    from sagemaker.core.resources import TrainingJob
    from sagemaker.core.shapes import (
        AlgorithmSpecification,
        OutputDataConfig,
        ResourceConfig,
        StoppingCondition,
    )

    algorithm = AlgorithmSpecification(
        training_image=IMAGE, training_input_mode="File", container_entrypoint=["true"]
    )
    job = TrainingJob.create(
        training_job_name="resource",
        role_arn=work.role,
        algorithm_specification=algorithm,
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{work.bucket}/out"),
        resource_config=ResourceConfig(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=60),
    )
    job.wait(poll=1, logs=False)
    assert job.training_job_status == "Completed"
    found = TrainingJob.get_all(name_contains="resource", status_equals="Completed")
    assert [one.training_job_name for one in found] == ["resource"]


def test_features_are_ingested_read_and_queried(work: Workplace, cloud: Cloud) -> None:
    import pandas
    from sagemaker.mlops.feature_store import (
        FeatureGroup,
        OfflineStoreConfig,
        OnlineStoreConfig,
        S3StorageConfig,
    )
    from sagemaker.mlops.feature_store.feature_utils import (
        create_athena_query,
        ingest_dataframe,
        load_feature_definitions_from_dataframe,
    )

    frame = pandas.DataFrame({"review": ["a", "b"], "stars": [1, 5], "at": [1.7e9, 1.7e9 + 1]})
    storage = S3StorageConfig(s3_uri=f"s3://{work.bucket}/features")
    group = FeatureGroup.create(
        feature_group_name="reviews",
        record_identifier_feature_name="review",
        event_time_feature_name="at",
        feature_definitions=load_feature_definitions_from_dataframe(frame),
        role_arn=work.role,
        online_store_config=OnlineStoreConfig(enable_online_store=True),
        offline_store_config=OfflineStoreConfig(s3_storage_config=storage),
    )
    group.wait_for_status("Created")
    ingest_dataframe(feature_group_name="reviews", data_frame=frame, max_workers=1, max_processes=1)
    record = group.get_record(record_identifier_value_as_string="b").record
    assert {one.feature_name: one.value_as_string for one in record}["stars"] == "5"
    _flush(cloud)
    query = create_athena_query("reviews", work.session)
    table = f'"{query.database}"."{query.table_name}"'
    text = f"SELECT review, stars FROM {table} ORDER BY stars"  # noqa: S608 - names the service made
    query.run(text, f"s3://{work.bucket}/athena/")
    query.wait()
    assert query.as_dataframe().values.tolist() == [["a", 1], ["b", 5]]
    group.delete()


def _flush(cloud: Cloud) -> None:
    """Offline rows are written within seconds: now is soon enough for a test."""
    port = cloud.url.rpartition(":")[2]
    urllib.request.urlopen(f"http://127.0.0.1:{port}/_local_cloud/feature-store/flush").read()


def test_versions_are_registered_and_approved(work: Workplace) -> None:
    from sagemaker.core.resources import ModelPackage, ModelPackageGroup

    ModelPackageGroup.create(model_package_group_name="sdk-reviews")
    # By the client: `ModelPackage.create` of this SDK reads a member that the answer has never had.
    made = work.session.sagemaker_client.create_model_package(
        ModelPackageGroupName="sdk-reviews",
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": work.model()}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelApprovalStatus="PendingManualApproval",
    )
    package = ModelPackage.get(model_package_name=made["ModelPackageArn"])
    assert package.model_approval_status == "PendingManualApproval"
    package.update(model_approval_status="Approved")
    package.refresh()
    assert package.model_approval_status == "Approved"
    found = ModelPackage.get_all(model_package_group_name="sdk-reviews")
    assert [one.model_package_version for one in found] == [1]


def test_an_endpoint_is_made_of_resources_and_invoked(work: Workplace) -> None:
    from sagemaker.core.resources import Endpoint, EndpointConfig, Model
    from sagemaker.core.shapes import ContainerDefinition, ProductionVariant

    container = ContainerDefinition(image=IMAGE, model_data_url=work.model())
    Model.create(model_name="sdk-model", primary_container=container, execution_role_arn=work.role)
    variant = ProductionVariant(
        variant_name="all",
        model_name="sdk-model",
        initial_instance_count=1,
        instance_type="ml.m5.large",
        initial_variant_weight=1.0,
    )
    EndpointConfig.create(endpoint_config_name="sdk-config", production_variants=[variant])
    endpoint = Endpoint.create(endpoint_name="sdk-endpoint", endpoint_config_name="sdk-config")
    endpoint.wait_for_status("InService", poll=1)
    assert _invoked(endpoint, [1, 2]) == {"sum": 4}
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)


def test_a_model_is_built_registered_deployed_and_invoked(work: Workplace) -> None:
    from sagemaker.serve.model_builder import ModelBuilder

    builder = ModelBuilder(
        image_uri=IMAGE,
        s3_model_data_url=work.model(),
        role_arn=work.role,
        sagemaker_session=work.session,
        instance_type="ml.m5.large",
    )
    builder.build(model_name="built")
    arn = builder.register(
        model_package_group_name="built",
        content_types=["application/json"],
        response_types=["application/json"],
        inference_instances=["ml.m5.large"],
        approval_status="Approved",
    )
    assert arn.endswith(":model-package/built/1")
    endpoint = builder.deploy(
        endpoint_name="built", initial_instance_count=1, instance_type="ml.m5.large", wait=True
    )
    assert _invoked(endpoint, [1]) == {"sum": 2}
    endpoint.delete()


def _invoked(endpoint: Any, given: list[int]) -> Any:
    answer = endpoint.invoke(
        body=json.dumps(given).encode(), content_type="application/json", accept="application/json"
    )
    body = answer.body.read() if hasattr(answer.body, "read") else answer.body
    return json.loads(body)


def _left_by(work: Workplace, prefix: str) -> str:
    (found,) = work.s3.list_objects_v2(Bucket=work.bucket, Prefix=prefix)["Contents"]
    return str(work.s3.get_object(Bucket=work.bucket, Key=found["Key"])["Body"].read().decode())


def _output(work: Workplace, prefix: str) -> Any:
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

    target = ProcessingS3Output(
        s3_uri=f"s3://{work.bucket}/{prefix}",
        local_path="/opt/ml/processing/out",
        s3_upload_mode="EndOfJob",
    )
    return ProcessingOutput(output_name="out", s3_output=target)


def test_a_script_that_names_the_folders_of_its_container_is_processed(work: Workplace) -> None:
    from sagemaker.core.processing import ScriptProcessor

    processor = ScriptProcessor(
        image_uri=IMAGE,
        command=["python3"],
        role=work.role,
        instance_type="ml.m5.large",
        instance_count=1,
        sagemaker_session=work.session,
    )
    code = work.file("named.py", 'open("/opt/ml/processing/out/a.txt", "w").write("named")')
    processor.run(code=code, outputs=[_output(work, "named")], wait=True, logs=False)
    assert _left_by(work, "named") == "named"


def test_a_folder_of_code_is_processed_by_the_framework_processor(work: Workplace) -> None:
    from sagemaker.core.processing import FrameworkProcessor

    processor = FrameworkProcessor(
        image_uri=IMAGE,
        command=["python3"],
        role=work.role,
        instance_type="ml.m5.large",
        instance_count=1,
        sagemaker_session=work.session,
    )
    work.file("framework/helper.py", "WORD = 'framed'")
    work.file("framework/main.py", "import sys, helper; open(sys.argv[1] + '/a.txt', 'w').write(helper.WORD)")
    processor.run(
        code="main.py",
        source_dir=str(work.folder / "framework"),
        arguments=["/opt/ml/processing/out"],
        outputs=[_output(work, "framed")],
        wait=True,
        logs=False,
    )
    assert _left_by(work, "framed") == "framed"
