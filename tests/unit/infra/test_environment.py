"""An environment is five stacks with the names, outputs and tags that everything else relies on."""

import pytest

from tests.unit.infra.synthesis import COMPONENTS, Assembly

OUTPUTS = {
    "data": {"RawBucket", "ArtifactBucket", "FeatureGroupName"},
    "registry": {"ModelPackageGroupName"},
    "training": {"PipelineName"},
    "experiments": {"PipelineName"},
    "serving": {"EndpointName", "AlarmTopic"},
}


def test_the_stacks_have_their_names(dev: Assembly) -> None:
    artifacts = dev.manifest()["artifacts"]
    stacks = [name for name, item in artifacts.items() if item["type"] == "aws:cloudformation:stack"]
    assert sorted(stacks) == sorted(f"bertline-dev-{component}" for component in COMPONENTS)
    assert all(artifacts[name]["properties"].get("stackName", name) == name for name in stacks)


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_outputs_have_their_keys(dev: Assembly, component: str) -> None:
    keys = {key for key in dev.template(component)["Outputs"] if not key.startswith("ExportsOutput")}
    assert keys == OUTPUTS[component]


def test_pipeline_group_endpoint_and_features_have_their_names(dev: Assembly) -> None:
    pipeline = dev.only("training", "AWS::SageMaker::Pipeline")["Properties"]
    group = dev.only("registry", "AWS::SageMaker::ModelPackageGroup")["Properties"]
    features = dev.only("data", "AWS::SageMaker::FeatureGroup")["Properties"]
    assert pipeline["PipelineName"] == group["ModelPackageGroupName"] == "bertline-dev"
    assert dev.template("serving")["Outputs"]["EndpointName"]["Value"] == "bertline-dev"
    assert features["FeatureGroupName"] == "bertline-dev-reviews"


def test_everything_is_tagged_but_the_feature_group(dev: Assembly) -> None:
    tagged = dev.only("training", "AWS::SageMaker::Pipeline")["Properties"]["Tags"]
    assert {"Key": "environment", "Value": "dev"} in tagged
    assert {"Key": "application", "Value": "bertline"} in tagged
    assert "Tags" not in dev.only("data", "AWS::SageMaker::FeatureGroup")["Properties"]


@pytest.mark.parametrize("component", COMPONENTS)
def test_stacks_are_plain_cloudformation(dev: Assembly, component: str) -> None:
    kinds = {item["Type"] for item in dev.template(component)["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith(("Custom::", "AWS::CloudFormation::"))}
