"""A pipeline of the steps that make things: model, endpoint, transform, tuning, lineage and clean-up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration import small_models
from tests.integration.archives import packed
from tests.integration.conftest import Cloud, until
from tests.integration.test_local_cloud_tuning import SCRIPT

pytestmark = pytest.mark.integration
NAME = "made-by-steps"
Json = dict[str, Any]


def _get(path: str) -> Json:
    return {"Get": path}


def _step(name: str, type_: str, arguments: Json, **more: Any) -> Json:
    return {"Name": name, "Type": type_, "Arguments": arguments, **more}


def _tuning(role: str, bucket: str) -> Json:
    """One training job, with the real toolkit."""
    values = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "3", "MaxValue": "3"}]}
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
        "ParameterRanges": values,
    }
    definition = {
        "RoleArn": role,
        "StaticHyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://{bucket}/source.tar.gz"',
            "rate": "0.1",
        },
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "score", "Regex": "score=([0-9.]+)"}],
        },
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    return {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": definition}


def _upload(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source.tar.gz", Body=packed({"train.py": SCRIPT}))
    for number in (20, 21):
        s3.put_object(Bucket=bucket, Key=f"numbers/{number}", Body=str(number).encode())


def _steps(role: str, bucket: str) -> list[Json]:
    container = {
        "Image": "image:1",
        "ModelDataUrl": f"s3://{bucket}/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
    }
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": _get("Steps.Make.ModelName"),
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    numbers = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/numbers/"}
    transform = {
        "ModelName": _get("Steps.Make.ModelName"),
        "TransformInput": {"DataSource": {"S3DataSource": numbers}, "ContentType": "text/plain"},
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/doubles"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    best = _get("Steps.Tune.BestTrainingJob.TrainingJobName")
    artifact = {
        "ArtifactName": "best",
        "ArtifactType": "Job",
        "Source": {"SourceUri": best},
        "Properties": {"first": _get("Steps.Tune.TrainingJobSummaries[0].TrainingJobName")},
    }
    again = {"S3": [{"StepName": "Batch", "S3Uris": [f"s3://{bucket}/doubles/21.out"]}]}
    return [
        _step("Make", "Model", {"ExecutionRoleArn": role, "PrimaryContainer": container}),
        _step("Configure", "EndpointConfig", {"ProductionVariants": [variant]}),
        _step(
            "Deploy",
            "Endpoint",
            {"EndpointName": NAME, "EndpointConfigName": _get("Steps.Configure.EndpointConfigName")},
        ),
        _step("Batch", "Transform", transform),
        _step("Tune", "Tuning", _tuning(role, bucket)),
        _step("Record", "Lineage", {"Artifacts": [artifact]}),
        _step("Clean", "Cleanup", {"Resources": again}),
    ]


def test_every_step_that_makes_something_makes_it(cloud: Cloud) -> None:
    sagemaker, s3 = cloud.client("sagemaker"), cloud.client("s3")
    role, bucket = cloud.make_role(NAME), small_models.bucket(cloud)
    _upload(s3, bucket)
    body = json.dumps({"Version": "2020-12-01", "Steps": _steps(role, bucket)})
    sagemaker.create_pipeline(PipelineName=NAME, PipelineDefinition=body, RoleArn=role)
    arn = sagemaker.start_pipeline_execution(PipelineName=NAME)["PipelineExecutionArn"]
    described = until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
        lambda found: found["PipelineExecutionStatus"] != "Executing",
        seconds=60,
    )
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    steps = {step["StepName"]: step for step in listed}
    assert described["PipelineExecutionStatus"] == "Succeeded", (described, steps)

    runtime = cloud.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=NAME, Body=b"4", ContentType="text/plain")
    assert json.load(answer["Body"])["double"] == 8
    left = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix="doubles/")["Contents"]]
    assert left == ["doubles/20.out"]
    arns = {
        name: next(iter(step["Metadata"].items()), ("", {}))
        for name, step in steps.items()
        if step["Metadata"]
    }
    assert arns["Make"][1]["Arn"].startswith("arn:aws:sagemaker:us-east-1:123456789012:model/pipelines-")
    assert {name: kind for name, (kind, _) in arns.items()} == {
        "Make": "Model",
        "Configure": "EndpointConfig",
        "Deploy": "Endpoint",
        "Batch": "TransformJob",
        "Tune": "TuningJob",
        "Record": "Lineage",
    }
    best = sagemaker.describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=arns["Tune"][1]["Arn"].rpartition("/")[2]
    )["BestTrainingJob"]["TrainingJobName"]
    recorded = sagemaker.describe_artifact(ArtifactArn=arns["Record"][1]["ArtifactArns"]["best"])
    assert (recorded["Source"]["SourceUri"], recorded["Properties"]) == (best, {"first": best})
    sagemaker.delete_endpoint(EndpointName=NAME)
