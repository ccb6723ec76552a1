"""One model package group takes all versions."""

from tests.unit.infra.synthesis import Assembly


def test_the_registry_is_one_group(dev: Assembly) -> None:
    kinds = [item["Type"] for item in dev.template("registry")["Resources"].values()]
    assert kinds == ["AWS::SageMaker::ModelPackageGroup"]


def test_versions_outlive_the_stack_where_data_does(dev: Assembly, prod: Assembly) -> None:
    group = "AWS::SageMaker::ModelPackageGroup"
    assert dev.only("registry", group)["DeletionPolicy"] == "Delete"
    assert prod.only("registry", group)["DeletionPolicy"] == "RetainExceptOnCreate"
    assert prod.only("registry", group)["UpdateReplacePolicy"] == "Retain"


def test_the_output_is_the_name(dev: Assembly) -> None:
    # A reference to the group would give its ARN.
    assert dev.template("registry")["Outputs"]["ModelPackageGroupName"]["Value"] == "bertline-dev"
