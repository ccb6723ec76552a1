"""The platform is found through stack outputs."""

from collections.abc import Callable
from typing import Any

import pytest

from bertline import platform
from bertline.errors import NotDeployed

from .conftest import client_error

OUTPUTS = {
    "bertline-dev-data": {"RawBucket": "raw", "ArtifactBucket": "art", "FeatureGroupName": "fg"},
    "bertline-dev-registry": {"ModelPackageGroupName": "mpg"},
    "bertline-dev-training": {"PipelineName": "p"},
    "bertline-dev-serving": {"EndpointName": "e"},
}


def describe(stacks: dict[str, dict[str, str]]) -> Callable[..., Any]:
    def answer(StackName: str) -> Any:
        if StackName not in stacks:
            raise client_error("ValidationError", f"Stack with id {StackName} does not exist")
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in stacks[StackName].items()]
        return {"Stacks": [{"Outputs": outputs}]}

    return answer


def test_names_come_from_the_outputs(fake: Callable[..., Any]) -> None:
    found = platform.find(fake(cloudformation={"describe_stacks": describe(OUTPUTS)}), "dev")
    assert (found.raw_bucket, found.artifact_bucket, found.feature_group) == ("raw", "art", "fg")
    assert (found.model_package_group, found.pipeline, found.endpoint) == ("mpg", "p", "e")


def test_a_missing_stack_is_named_with_the_remedy(fake: Callable[..., Any]) -> None:
    stacks = {name: outputs for name, outputs in OUTPUTS.items() if "training" not in name}
    with pytest.raises(NotDeployed, match="bertline-dev-training is not deployed.*bertline deploy"):
        platform.find(fake(cloudformation={"describe_stacks": describe(stacks)}), "dev")


def test_a_missing_output_is_named(fake: Callable[..., Any]) -> None:
    stacks = {**OUTPUTS, "bertline-dev-serving": {}}
    with pytest.raises(NotDeployed, match="EndpointName"):
        platform.find(fake(cloudformation={"describe_stacks": describe(stacks)}), "dev")


def test_other_errors_of_the_service_are_not_hidden(fake: Callable[..., Any]) -> None:
    def refuse(StackName: str) -> Any:
        raise client_error("AccessDenied", "not authorised")

    with pytest.raises(Exception, match="not authorised"):
        platform.find(fake(cloudformation={"describe_stacks": refuse}), "dev")
