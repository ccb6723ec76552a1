"""The function of the step LiveModel as it is deployed, and the price table that goes along."""

from pathlib import Path

import pytest

from infra.training.stack import PRICES, price_table
from tests.unit.infra.synthesis import Assembly, resolve


def test_the_function_knows_its_endpoint_and_registry_and_logs_to_its_own_group(dev: Assembly) -> None:
    function = dev.only("training", "AWS::Lambda::Function", "LiveModel")["Properties"]
    assert function["Environment"]["Variables"] == {
        "ENDPOINT_NAME": "bertline-dev",
        "MODEL_PACKAGE_GROUP_NAME": "bertline-dev",
    }
    assert (function["Runtime"], function["Architectures"]) == ("python3.14", ["arm64"])
    assert resolve(function["LoggingConfig"]["LogGroup"]) == "<LiveModelLog>"
    assert function["Timeout"] < 600  # what SageMaker waits for a Lambda step
    log = dev.only("training", "AWS::Logs::LogGroup", "LiveModel")
    assert log["Properties"]["RetentionInDays"] == 14
    assert log["DeletionPolicy"] == "Delete"


def test_nothing_but_the_runtime_is_in_the_archive(dev: Assembly) -> None:
    function = dev.only("training", "AWS::Lambda::Function", "LiveModel")["Properties"]
    key = resolve(function["Code"]["S3Key"]).removesuffix(".zip")
    folder = dev.folder / f"asset.{key}"
    modules = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert modules == {
        f"runtime/{name}.py"
        for name in ("__init__", "config", "errors", "handlers", "live_model", "sagemaker")
    }


@pytest.mark.parametrize(("region", "used"), [("eu-west-1", "eu-west-1"), ("ap-south-1", "us-east-1")])
def test_a_region_without_prices_of_its_own_uses_those_of_us_east_1(
    tmp_path: Path, region: str, used: str
) -> None:
    for name in ("eu-west-1", "us-east-1"):
        (tmp_path / f"{name}.toml").touch()
    assert price_table(region, folder=tmp_path) == tmp_path / f"{used}.toml"


def test_the_price_table_of_last_resort_is_there() -> None:
    assert price_table("nowhere-1") == PRICES / "us-east-1.toml"
    assert price_table("nowhere-1").is_file()
