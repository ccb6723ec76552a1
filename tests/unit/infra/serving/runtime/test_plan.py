"""The same package gives the same names, anything else another, and nonsense is refused."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from infra.serving.runtime.config import Config
from infra.serving.runtime.errors import PackageError
from infra.serving.runtime.plan import make_plan

Json = dict[str, Any]


def test_the_package_says_on_what_it_runs(package: Json, config: Config) -> None:
    plan = make_plan(package, config)
    assert (plan.version, plan.instance_type, plan.instance_count) == ("3", "ml.c5.large", 2)
    assert plan.volume_key == config.volume_key


def test_the_settings_decide_when_the_package_does_not(package: Json, config: Config) -> None:
    del package["CustomerMetadataProperties"]
    plan = make_plan(package, config)
    assert (plan.instance_type, plan.instance_count) == ("ml.m5.large", 1)


def test_local_disks_get_no_key(package: Json, config: Config) -> None:
    package["CustomerMetadataProperties"]["DeployInstanceType"] = "ml.g5.xlarge"
    assert make_plan(package, config).volume_key is None


def test_names_are_stable_and_legal(package: Json, config: Config) -> None:
    plan = make_plan(package, config)
    assert plan == make_plan(copy.deepcopy(package), config)
    assert plan.model == f"bertline-dev-v3-{plan.fingerprint}"
    assert plan.model.replace("-", "").isalnum()
    assert len(replace(plan, prefix="bertline-staging", version="99999").model) <= 63


@pytest.mark.parametrize("change", ["artifact", "machine", "role", "account"])
def test_anything_different_gets_another_name(package: Json, config: Config, change: str) -> None:
    before = make_plan(package, config).endpoint_config
    if change == "artifact":
        package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] = "s3://a/other.tar.gz"
    elif change == "machine":
        package["CustomerMetadataProperties"]["DeployInstanceCount"] = "3"
    elif change == "account":
        package["ModelPackageArn"] = package["ModelPackageArn"].replace("123456789012", "210987654321")
    else:
        config = replace(config, model_role="arn:aws:iam::123456789012:role/other")
    assert make_plan(package, config).endpoint_config != before


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("DeployInstanceType", "m5.large", "DeployInstanceType 'm5.large'"),
        ("DeployInstanceType", "ml.", "DeployInstanceType 'ml.'"),
        ("DeployInstanceType", "ml.c7g.large", "DeployInstanceType 'ml.c7g.large' has ARM processors"),
        ("DeployInstanceType", "ml.m6gd.large", "DeployInstanceType 'ml.m6gd.large' has ARM processors"),
        ("DeployInstanceCount", "0", "DeployInstanceCount '0'"),
        ("DeployInstanceCount", "many", "DeployInstanceCount 'many'"),
    ],
)
def test_impossible_machines_are_refused(
    package: Json, config: Config, key: str, value: str, named: str
) -> None:
    package["CustomerMetadataProperties"][key] = value
    with pytest.raises(PackageError, match=named):
        make_plan(package, config)


@pytest.mark.parametrize("change", [{"ModelPackageGroupName": "other"}, {"ModelPackageVersion": None}])
def test_only_versions_of_our_group_are_planned(package: Json, config: Config, change: Json) -> None:
    changed = {key: value for key, value in {**package, **change}.items() if value is not None}
    with pytest.raises(PackageError, match="not a version of the group 'bertline-dev'"):
        make_plan(changed, config)
