"""Lineage that is kept by itself, from what the service announces."""

import json
from typing import Any

import pytest

from local_cloud.sagemaker import operations, resources
from local_cloud.sagemaker.context import Context, now

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/train:1"
ROLE = "arn:aws:iam::123456789012:role/r"
MODEL = "s3://b/out/t/output/model.tar.gz"


def _call(ctx: Context, name: str, **params: Any) -> dict[str, Any]:
    return operations.call(ctx, name, params)


def _training(ctx: Context, status: str, name: str = "t", **more: Any) -> None:
    job = {
        "TrainingJobName": name,
        "TrainingJobArn": resources.arn_of(ctx, "TrainingJob", name),
        "TrainingJobStatus": status,
        "HyperParameters": {"epochs": "3", "note": "x"},
        "AlgorithmSpecification": {"TrainingImage": IMAGE},
        "InputDataConfig": [
            {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://b/data"}}},
        ],
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        "FinalMetricDataList": [{"MetricName": "accuracy", "Value": 0.9, "Timestamp": now()}],
        "ModelArtifacts": {"S3ModelArtifacts": MODEL},
        **more,
    }
    ctx.emit("SageMaker Training Job State Change", job)


def _edges(ctx: Context) -> set[tuple[str, str, str]]:
    """All associations, by the tails of sources' URIs and the names of the others."""
    names = {
        one["ArtifactArn"]: one["Source"]["SourceUri"].rpartition("/")[2]
        for one in ctx.store.list("Artifact")
    }

    def shown(arn: str) -> str:
        return names.get(arn, arn.rpartition("/")[2])

    found = _call(ctx, "ListAssociations", MaxResults=100)["AssociationSummaries"]
    return {(shown(one["SourceArn"]), one["AssociationType"], shown(one["DestinationArn"])) for one in found}


def test_a_training_job_is_fed_and_makes_a_model(ctx: Context) -> None:
    _training(ctx, "InProgress")
    given = {
        ("train:1", "ContributedTo", "t-aws-training-job"),
        ("data", "ContributedTo", "t-aws-training-job"),
    }
    assert _edges(ctx) == given
    _training(ctx, "Completed")
    _training(ctx, "Completed")
    assert _edges(ctx) == {*given, ("t-aws-training-job", "Produced", "model.tar.gz")}
    told = _call(ctx, "DescribeTrialComponent", TrialComponentName="t-aws-training-job")
    assert told["Source"]["SourceType"] == "SageMakerTrainingJob"
    assert told["Status"]["PrimaryStatus"] == "Completed"
    assert told["Parameters"]["epochs"] == {"NumberValue": 3.0}
    assert told["Parameters"]["note"] == {"StringValue": "x"}
    assert told["OutputArtifacts"]["SageMaker.ModelArtifact"] == {"Value": MODEL}
    assert [(one["MetricName"], one["Last"]) for one in told["Metrics"]] == [("accuracy", 0.9)]


def test_a_failed_job_makes_nothing(ctx: Context) -> None:
    _training(ctx, "Failed", FailureReason="AlgorithmError: boom")
    assert not any(how == "Produced" for _, how, _ in _edges(ctx))
    told = _call(ctx, "DescribeTrialComponent", TrialComponentName="t-aws-training-job")
    assert told["Status"] == {"PrimaryStatus": "Failed", "Message": "AlgorithmError: boom"}


def test_processing_and_transform_jobs_are_recorded(ctx: Context) -> None:
    uri = {"S3Uri": "s3://b/raw"}
    processing = {
        "ProcessingJobName": "p",
        "ProcessingJobArn": resources.arn_of(ctx, "ProcessingJob", "p"),
        "ProcessingJobStatus": "Completed",
        "AppSpecification": {"ImageUri": IMAGE},
        "ProcessingInputs": [{"InputName": "in", "S3Input": uri}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://b/data"}}]},
    }
    ctx.emit("SageMaker Processing Job State Change", processing)
    container = {"Image": IMAGE, "ModelDataUrl": MODEL}
    _call(ctx, "CreateModel", ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    transform = {
        "TransformJobName": "x",
        "TransformJobArn": resources.arn_of(ctx, "TransformJob", "x"),
        "TransformJobStatus": "Completed",
        "ModelName": "m",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": "s3://b/data"}}},
        "TransformOutput": {"S3OutputPath": "s3://b/answers"},
    }
    ctx.emit("SageMaker Transform Job State Change", transform)
    assert _edges(ctx) == {
        ("train:1", "ContributedTo", "p-aws-processing-job"),
        ("raw", "ContributedTo", "p-aws-processing-job"),
        ("p-aws-processing-job", "Produced", "data"),
        ("data", "ContributedTo", "x-aws-transform-job"),
        ("model.tar.gz", "ContributedTo", "x-aws-transform-job"),
        ("x-aws-transform-job", "Produced", "answers"),
        ("train:1", "ContributedTo", "m"),
        ("model.tar.gz", "ContributedTo", "m"),
    }


def test_from_a_data_set_to_the_endpoint_that_serves_its_model(ctx: Context) -> None:
    _training(ctx, "Completed")
    _call(ctx, "CreateModelPackageGroup", ModelPackageGroupName="reviews")
    specification = {"Containers": [{"Image": IMAGE, "ModelDataUrl": MODEL}]}
    package = _call(
        ctx, "CreateModelPackage", ModelPackageGroupName="reviews", InferenceSpecification=specification
    )["ModelPackageArn"]
    _call(ctx, "UpdateModelPackage", ModelPackageArn=package, ModelApprovalStatus="Approved")
    container = {"ModelPackageName": package}
    _call(ctx, "CreateModel", ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    _call(ctx, "CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[variant])
    endpoint = {
        "EndpointName": "e",
        "EndpointArn": resources.arn_of(ctx, "Endpoint", "e"),
        "EndpointConfigName": "c",
        "EndpointStatus": "IN_SERVICE",
        "CreationTime": now(),
    }
    ctx.emit("SageMaker Endpoint State Change", endpoint)
    (start,) = _call(ctx, "ListArtifacts", SourceUri="s3://b/data")["ArtifactSummaries"]
    reached = _call(
        ctx,
        "QueryLineage",
        StartArns=[start["ArtifactArn"]],
        Direction="Descendants",
        IncludeEdges=False,
        Filters={"LineageTypes": ["Context"]},
    )["Vertices"]
    assert sorted(one["Type"] for one in reached) == ["Endpoint", "ModelGroup"]
    (serving,) = _call(ctx, "ListContexts", SourceUri=endpoint["EndpointArn"])["ContextSummaries"]
    jobs = _call(
        ctx,
        "QueryLineage",
        StartArns=[serving["ContextArn"]],
        Direction="Ascendants",
        IncludeEdges=False,
        Filters={"Types": ["TrainingJob"]},
    )["Vertices"]
    assert [one["Arn"].rpartition("/")[2] for one in jobs] == ["t-aws-training-job"]
    approvals = _call(ctx, "ListActions", ActionType="Approval", SourceUri=package)["ActionSummaries"]
    assert sorted(one["ActionName"].split("-")[2] for one in approvals) == [
        "Approved",
        "PendingManualApproval",
    ]


@pytest.mark.parametrize(
    ("config", "trial"),
    [
        ({"ExperimentName": "e", "TrialName": "one"}, "one"),
        ({"ExperimentName": "e"}, "t-aws-training-job-trial"),
    ],
)
def test_a_job_belongs_to_the_trial_that_it_names(ctx: Context, config: dict[str, str], trial: str) -> None:
    _call(ctx, "CreateExperiment", ExperimentName="e")
    _call(ctx, "CreateTrial", TrialName="one", ExperimentName="e")
    _training(ctx, "InProgress", ExperimentConfig={**config, "TrialComponentDisplayName": "Shown"})
    (found,) = _call(ctx, "ListTrialComponents", TrialName=trial)["TrialComponentSummaries"]
    assert found["DisplayName"] == "Shown"
    arn = resources.arn_of(ctx, "TrainingJob", "t")
    (found,) = _call(ctx, "ListTrialComponents", SourceArn=arn)["TrialComponentSummaries"]
    assert found["TrialComponentName"] == "t-aws-training-job"


def test_an_execution_of_a_pipeline_is_a_trial_of_its_experiment(ctx: Context) -> None:
    asked = {
        "ExperimentName": {"Get": "Execution.PipelineName"},
        "TrialName": {"Get": "Execution.PipelineExecutionId"},
    }
    steps = [{"Name": "No", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]
    definition = json.dumps({"Version": "2020-12-01", "PipelineExperimentConfig": asked, "Steps": steps})
    made = {"PipelineName": "shop", "RoleArn": ROLE, "ClientRequestToken": "t" * 32}
    arn = _call(ctx, "CreatePipeline", **made, PipelineDefinition=definition)["PipelineArn"]
    start = {"PipelineName": "shop", "ClientRequestToken": "s" * 32}
    execution = _call(ctx, "StartPipelineExecution", **start)["PipelineExecutionArn"]
    (trial,) = _call(ctx, "ListTrials", ExperimentName="shop")["TrialSummaries"]
    assert trial["TrialName"] == execution.rpartition("/")[2]
    both = {"pipelineArn": arn, "pipelineExecutionArn": execution}
    _training(ctx, "InProgress")
    step = {**both, "metadata": {"trainingJob": {"arn": resources.arn_of(ctx, "TrainingJob", "t")}}}
    ctx.emit("SageMaker Model Building Pipeline Execution Step Status Change", step)
    (found,) = _call(ctx, "ListTrialComponents", ExperimentName="shop")["TrialComponentSummaries"]
    assert found["TrialComponentName"] == "t-aws-training-job"


def test_what_cannot_be_recorded_stops_nobody(ctx: Context, events: list[Any]) -> None:
    ctx.emit("SageMaker Training Job State Change", {"TrainingJobName": "no status"})
    assert [kind for kind, _ in events] == ["SageMaker Training Job State Change"]
