"""What Create takes for each kind of resource, beside its name; what a resource needs is made on the way."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from .conftest import Account

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/reviews:1"
Params = dict[str, Any]


def _once(account: Account, make: Callable[[], Any]) -> None:
    """Make what a resource needs, unless an earlier one of the case has made it."""
    try:
        make()
    except account.sagemaker.exceptions.ClientError as error:
        if "already exist" not in str(error):
            raise


def model(account: Account) -> Params:
    return {"PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": account.role}


def variant(name: str = "all", **more: Any) -> Params:
    base = {"VariantName": name, "ModelName": "needed", "InitialInstanceCount": 1}
    return {**base, "InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0, **more}


def endpoint_config(account: Account) -> Params:
    _once(account, lambda: account.sagemaker.create_model(ModelName="needed", **model(account)))
    return {"ProductionVariants": [variant()]}


def feature_group(account: Account) -> Params:
    return {
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "at",
        "FeatureDefinitions": [
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "Fractional"},
            {"FeatureName": "stars", "FeatureType": "Integral"},
        ],
        "OnlineStoreConfig": {"EnableOnlineStore": True},
    }


def definition(*steps: Params, **more: Any) -> str:
    fail = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "as told"}}
    return json.dumps({"Version": "2020-12-01", "Steps": list(steps) or [fail], **more})


def pipeline(account: Account) -> Params:
    return {
        "PipelineDefinition": definition(),
        "RoleArn": account.role,
        "ClientRequestToken": uuid.uuid4().hex,
    }


def processing(account: Account) -> Params:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    return {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["true"]},
        "RoleArn": account.role,
    }


def training(account: Account) -> Params:
    return {
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["true"],
        },
        "RoleArn": account.role,
        "OutputDataConfig": {"S3OutputPath": f"s3://none-{account.number}/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def transform(account: Account) -> Params:
    uri = f"s3://none-{account.number}"
    container = {"Image": IMAGE, "ModelDataUrl": f"{uri}/model.tar.gz"}
    given = {"PrimaryContainer": container, "ExecutionRoleArn": account.role}
    _once(account, lambda: account.sagemaker.create_model(ModelName="needed", **given))
    return {
        "ModelName": "needed",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{uri}/in"}}},
        "TransformOutput": {"S3OutputPath": f"{uri}/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }


def tuning(account: Account) -> Params:
    job = training(account)
    job["StaticHyperParameters"] = {"epochs": "1"}
    metrics = [{"Name": "f1", "Regex": "f1=([0-9.]+)"}]
    job["AlgorithmSpecification"] = {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": metrics,
    }
    ranges = {"ContinuousParameterRanges": [{"Name": "rate", "MinValue": "0.1", "MaxValue": "0.2"}]}
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "f1"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
        "ParameterRanges": ranges,
    }
    return {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": job}


def trial(account: Account) -> Params:
    _once(account, lambda: account.sagemaker.create_experiment(ExperimentName="needed"))
    return {"ExperimentName": "needed"}


def model_package(account: Account) -> Params:
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/m.tar.gz"}
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
        "SupportedTransformInstanceTypes": ["ml.m5.large"],
        "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
    }
    return {"InferenceSpecification": specification}
