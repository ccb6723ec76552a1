"""The calls that the function makes, with the requests and answers of the SageMaker API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.stub import Stubber

from infra.training.runtime.sagemaker import SageMaker

ACCOUNT = "arn:aws:sagemaker:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/model"
LISTED = {
    "ModelPackageGroupName": "bertline-dev",
    "ModelApprovalStatus": "Approved",
    "SortBy": "CreationTime",
    "SortOrder": "Descending",
}
WHEN = "2026-11-23T12:00:00Z"
Json = dict[str, Any]


def arn(version: int) -> str:
    """ARN of a version of the model."""
    return f"{ACCOUNT}:model-package/bertline-dev/{version}"


def artifact(version: int) -> str:
    """Where the artifact of a version lies."""
    return f"s3://artifacts/executions/e{version}/train/pipelines-e{version}/output/model.tar.gz"


class Registry:
    """A stubbed client: the test says which calls come, in which order."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "sagemaker", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stub = Stubber(self.client)

    def no_endpoint(self, code: str = "ValidationException") -> None:
        self.stub.add_client_error(
            "describe_endpoint",
            code,
            'Could not find endpoint "bertline-dev".',
            expected_params={"EndpointName": "bertline-dev"},
        )

    def endpoint(self, status: str, version: int) -> None:
        answer = {
            "EndpointName": "bertline-dev",
            "EndpointArn": f"{ACCOUNT}:endpoint/bertline-dev",
            "EndpointConfigName": f"bertline-dev-v{version}",
            "EndpointStatus": status,
            "CreationTime": WHEN,
            "LastModifiedTime": WHEN,
        }
        self.stub.add_response("describe_endpoint", answer, {"EndpointName": "bertline-dev"})

    def served(self, version: int, container: Json) -> None:
        name = f"bertline-dev-v{version}"
        config = {
            "EndpointConfigName": name,
            "EndpointConfigArn": f"{ACCOUNT}:endpoint-config/{name}",
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": name}],
            "CreationTime": WHEN,
        }
        self.stub.add_response("describe_endpoint_config", config, {"EndpointConfigName": name})
        model = {"ModelName": name, "ModelArn": f"{ACCOUNT}:model/{name}", "CreationTime": WHEN}
        self.stub.add_response("describe_model", {**model, **container}, {"ModelName": name})

    def listed(self, *versions: int, more: bool = False, **asked: str) -> None:
        summaries = [
            {
                "ModelPackageArn": arn(version),
                "CreationTime": WHEN,
                "ModelPackageStatus": "Completed",
                "ModelPackageName": "bertline-dev",
            }
            for version in versions
        ]
        answer: Json = {"ModelPackageSummaryList": summaries}
        if more:
            answer["NextToken"] = "more"
        self.stub.add_response("list_model_packages", answer, {**LISTED, **asked})

    def package(self, version: int, **more: Any) -> None:
        answer = {
            "ModelPackageName": "bertline-dev",
            "ModelPackageArn": arn(version),
            "CreationTime": WHEN,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": artifact(version)}]},
            **more,
        }
        self.stub.add_response("describe_model_package", answer, {"ModelPackageName": arn(version)})

    def no_package(self, version: int) -> None:
        self.stub.add_client_error(
            "describe_model_package",
            "ValidationException",
            f"ModelPackage {arn(version)} does not exist.",
            expected_params={"ModelPackageName": arn(version)},
        )

    @contextmanager
    def asked(self) -> Iterator[SageMaker]:
        """The registry as the function sees it; every call that was announced has to come."""
        with self.stub:
            yield SageMaker(self.client)
            self.stub.assert_no_pending_responses()
