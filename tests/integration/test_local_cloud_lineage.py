"""Lineage and experiments of real jobs on a running local cloud, read by boto3 and by the SageMaker SDK."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.integration.conftest import ACCOUNT, REGION, Cloud, until

pytestmark = pytest.mark.integration

BUCKET, ROLE = "lineage-test", f"arn:aws:iam::{ACCOUNT}:role/lineage"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/lineage:1"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
COPY = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], dirs_exist_ok=True)"
INFERENCE = "def model_fn(folder): return 1\\ndef predict_fn(data, model): return data\\n"
TRAIN = f"""
import os, pathlib
code = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "model", "code")
code.mkdir(parents=True)
(code / "inference.py").write_text('{INFERENCE}')
print("accuracy=0.75")
"""


class Flow:
    """From raw data to an endpoint, by a processing job, a training job and a model package."""

    def __init__(self, cloud: Cloud) -> None:
        self.client = cloud.client("sagemaker")
        self.s3 = f"s3://{BUCKET}"

    def run(self) -> Flow:
        self.client.create_experiment(ExperimentName="shop")
        self.client.create_trial(TrialName="shop-1", ExperimentName="shop")
        self._process()
        self._train()
        self._serve()
        return self

    def _process(self) -> None:
        source = {"S3Uri": f"{self.s3}/raw", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix"}
        target = {"S3Uri": f"{self.s3}/data", "LocalPath": "/opt/ml/processing/out"}
        self.client.create_processing_job(
            ProcessingJobName="lineage-prepare",
            RoleArn=ROLE,
            AppSpecification={
                "ImageUri": IMAGE,
                "ContainerEntrypoint": [sys.executable, "-c", COPY],
                "ContainerArguments": ["/opt/ml/processing/in", "/opt/ml/processing/out"],
            },
            ProcessingResources={"ClusterConfig": CLUSTER},
            ProcessingInputs=[{"InputName": "raw", "S3Input": {**source, "S3InputMode": "File"}}],
            ProcessingOutputConfig={
                "Outputs": [{"OutputName": "data", "S3Output": {**target, "S3UploadMode": "EndOfJob"}}]
            },
        )
        self._ended("processing", "lineage-prepare")

    def _train(self) -> None:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"{self.s3}/data"}
        self.client.create_training_job(
            TrainingJobName="lineage-train",
            RoleArn=ROLE,
            AlgorithmSpecification={
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": [sys.executable, "-c", TRAIN],
                "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
            },
            HyperParameters={"epochs": "3"},
            InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"{self.s3}/out"},
            ResourceConfig=CLUSTER,
            StoppingCondition={"MaxRuntimeInSeconds": 120},
            ExperimentConfig={"ExperimentName": "shop", "TrialName": "shop-1"},
        )
        self.training = self._ended("training", "lineage-train")

    def _serve(self) -> None:
        self.client.create_model_package_group(ModelPackageGroupName="lineage")
        data = self.training["ModelArtifacts"]["S3ModelArtifacts"]
        container = {"Image": IMAGE, "ModelDataUrl": data}
        self.package = self.client.create_model_package(
            ModelPackageGroupName="lineage",
            ModelApprovalStatus="Approved",
            InferenceSpecification={"Containers": [container]},
        )["ModelPackageArn"]
        name = {"ModelName": "lineage", "ExecutionRoleArn": ROLE}
        self.client.create_model(**name, PrimaryContainer={"ModelPackageName": self.package})
        variant = {"VariantName": "all", "ModelName": "lineage", "InitialInstanceCount": 1}
        self.client.create_endpoint_config(
            EndpointConfigName="lineage", ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
        )
        made = self.client.create_endpoint(EndpointName="lineage", EndpointConfigName="lineage")
        self.endpoint = made["EndpointArn"]
        until(
            lambda: self.client.describe_endpoint(EndpointName="lineage"),
            lambda found: found["EndpointStatus"] == "InService",
        )

    def _ended(self, kind: str, name: str) -> dict[str, Any]:
        member = f"{kind.title()}Job"
        describe = getattr(self.client, f"describe_{kind}_job")
        found = until(
            lambda: describe(**{f"{member}Name": name}),
            lambda job: job[f"{member}Status"] not in ("InProgress", "Stopping"),
        )
        assert found[f"{member}Status"] == "Completed", found
        return dict(found)


@pytest.fixture(scope="module")
def flow(cloud: Cloud) -> Iterator[Flow]:
    cloud.make_role("lineage")
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    cloud.client("s3").put_object(Bucket=BUCKET, Key="raw/a.txt", Body=b"one")
    made = Flow(cloud)
    yield made.run()
    made.client.delete_endpoint(EndpointName="lineage")


@pytest.fixture
def sdk(cloud: Cloud, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A session of the SageMaker SDK with this cloud."""
    helper = pytest.importorskip("sagemaker.core.helper.session_helper")
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
    keys = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "local"}
    return helper.Session(boto_session=boto3.Session(region_name=REGION, **keys), default_bucket=BUCKET)


def _names(client: Any, vertices: list[dict[str, Any]]) -> set[str]:
    found = set()
    for one in vertices:
        tail = one["Arn"].rpartition("/")[2]
        if one["LineageType"] == "Artifact":
            tail = client.describe_artifact(ArtifactArn=one["Arn"])["Source"]["SourceUri"]
        found.add(tail)
    return found


def test_the_endpoint_leads_back_to_the_raw_data(flow: Flow) -> None:
    (context,) = flow.client.list_contexts(SourceUri=flow.endpoint)["ContextSummaries"]
    answer = flow.client.query_lineage(
        StartArns=[context["ContextArn"]],
        Direction="Ascendants",
        IncludeEdges=False,
        Filters={"Types": ["DataSet", "TrainingJob", "ProcessingJob"]},
    )
    assert _names(flow.client, answer["Vertices"]) == {
        f"{flow.s3}/raw",
        f"{flow.s3}/data",
        "lineage-prepare-aws-processing-job",
        "lineage-train-aws-training-job",
    }


def test_the_job_is_a_component_of_its_trial_with_what_it_measured(flow: Flow) -> None:
    (found,) = flow.client.list_trial_components(TrialName="shop-1")["TrialComponentSummaries"]
    told = flow.client.describe_trial_component(TrialComponentName=found["TrialComponentName"])
    assert told["Source"]["SourceArn"] == flow.training["TrainingJobArn"]
    assert told["Status"]["PrimaryStatus"] == "Completed"
    assert [(one["MetricName"], one["Last"]) for one in told["Metrics"]] == [("accuracy", 0.75)]
    filters = [{"Name": "Metrics.accuracy", "Operator": "GreaterThan", "Value": "0.7"}]
    jobs = flow.client.search(Resource="TrainingJob", SearchExpression={"Filters": filters})["Results"]
    assert "lineage-train" in [one["TrainingJob"]["TrainingJobName"] for one in jobs]


def test_an_execution_of_a_pipeline_is_a_trial_with_its_jobs(flow: Flow) -> None:
    step = {
        "Name": "Say",
        "Type": "Processing",
        "Arguments": {
            "RoleArn": ROLE,
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": [sys.executable, "-c", "print(1)"],
            },
            "ProcessingResources": {"ClusterConfig": CLUSTER},
        },
    }
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "lineage",
            "InferenceSpecification": {"Containers": [{"Image": IMAGE}]},
        },
    }
    config = {
        "ExperimentName": {"Get": "Execution.PipelineName"},
        "TrialName": {"Get": "Execution.PipelineExecutionId"},
    }
    definition = {"Version": "2020-12-01", "PipelineExperimentConfig": config, "Steps": [step, register]}
    flow.client.create_pipeline(
        PipelineName="lineage",
        PipelineDefinition=json.dumps(definition),
        RoleArn=ROLE,
        ClientRequestToken="lineage-" + "t" * 32,
    )
    started = flow.client.start_pipeline_execution(PipelineName="lineage")
    execution = started["PipelineExecutionArn"]
    ended = until(
        lambda: flow.client.describe_pipeline_execution(PipelineExecutionArn=execution),
        lambda found: found["PipelineExecutionStatus"] not in ("Executing", "Stopping"),
    )
    assert ended["PipelineExecutionStatus"] == "Succeeded", ended
    (trial,) = flow.client.list_trials(ExperimentName="lineage")["TrialSummaries"]
    assert trial["TrialName"] == execution.rpartition("/")[2]
    (component,) = flow.client.list_trial_components(TrialName=trial["TrialName"])["TrialComponentSummaries"]
    steps = flow.client.list_pipeline_execution_steps(PipelineExecutionArn=execution)
    made = {one["StepName"]: one["Metadata"] for one in steps["PipelineExecutionSteps"]}
    assert component["TrialComponentSource"]["SourceArn"] == made["Say"]["ProcessingJob"]["Arn"]
    package = flow.client.describe_model_package(ModelPackageName=made["Register"]["RegisterModel"]["Arn"])
    assert package["MetadataProperties"] == {"GeneratedBy": execution}


def test_the_sdk_draws_the_same_picture(flow: Flow, sdk: Any) -> None:
    from sagemaker.core.lineage.visualizer import LineageTableVisualizer

    def rows(**start: str) -> set[tuple[str, ...]]:
        table = LineageTableVisualizer(sdk).show(**start)
        return {tuple(row) for row in table[["Direction", "Type", "Association Type"]].to_numpy().tolist()}

    assert rows(training_job_name="lineage-train") == {
        ("Input", "DataSet", "ContributedTo"),
        ("Input", "Image", "ContributedTo"),
        ("Output", "Model", "Produced"),
    }
    assert ("Output", "DataSet", "Produced") in rows(processing_job_name="lineage-prepare")
    assert rows(model_package_arn=flow.package) >= {
        ("Input", "Image", "ContributedTo"),
        ("Input", "Model", "ContributedTo"),
        ("Input", "Approval", "ContributedTo"),
        ("Output", "ModelGroup", "AssociatedWith"),
    }
    assert rows(endpoint_arn=flow.endpoint) == {("Input", "ModelDeployment", "AssociatedWith")}


def test_the_sdk_walks_from_the_endpoint_to_its_jobs(flow: Flow, sdk: Any) -> None:
    from sagemaker.core.lineage.artifact import ModelArtifact
    from sagemaker.core.lineage.context import EndpointContext

    (summary,) = flow.client.list_contexts(SourceUri=flow.endpoint)["ContextSummaries"]
    endpoint = EndpointContext.load(context_name=summary["ContextName"], sagemaker_session=sdk)
    assert endpoint.training_job_arns() == [flow.training["TrainingJobArn"]]
    data = flow.training["ModelArtifacts"]["S3ModelArtifacts"]
    (model,) = flow.client.list_artifacts(SourceUri=data)["ArtifactSummaries"]
    artifact = ModelArtifact.load(artifact_arn=model["ArtifactArn"], sagemaker_session=sdk)
    assert artifact.training_job_arns() == [flow.training["TrainingJobArn"]]


def test_a_run_of_the_sdk_is_kept(flow: Flow, sdk: Any) -> None:
    from sagemaker.core.experiments.run import Run

    with Run(experiment_name="by-hand", run_name="first", sagemaker_session=sdk) as run:
        run.log_parameter("epochs", 3)
        for step in range(3):
            run.log_metric(name="loss", value=3.0 - step, step=step)
    (found,) = flow.client.list_trial_components(ExperimentName="by-hand")["TrialComponentSummaries"]
    told = flow.client.describe_trial_component(TrialComponentName=found["TrialComponentName"])
    assert told["Parameters"]["epochs"] == {"NumberValue": 3.0}
    assert [(one["MetricName"], one["Count"], one["Last"]) for one in told["Metrics"]] == [("loss", 3, 1.0)]
