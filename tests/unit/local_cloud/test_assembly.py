"""Stacks come in dependency order, and equal assets give equal bytes."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local_cloud.assembly import Asset, DeploymentError, package, read_assets, read_stacks


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def stack(name: str, *dependencies: str, environment: str = "", **properties: Any) -> dict[str, Any]:
    return {
        "type": "aws:cloudformation:stack",
        "environment": environment,
        "properties": {"templateFile": f"{name}.template.json", **properties},
        "dependencies": list(dependencies),
    }


def test_stacks_follow_their_dependencies(tmp_path: Path) -> None:
    artifacts = {
        "Serving": stack("Serving", "Training", "Data"),
        "Training": stack("Training", "Data", "Training.assets"),
        "Training.assets": {
            "type": "cdk:asset-manifest",
            "properties": {"file": "Training.assets.json"},
        },
        "Data": stack("Data", stackName="the-data", tags={"a": "b"}, parameters={"P": "1"}),
        "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
    }
    write(tmp_path / "manifest.json", {"artifacts": artifacts})
    data, training, serving = read_stacks(tmp_path)
    assert (data.name, training.name, serving.name) == ("the-data", "Training", "Serving")
    assert (data.tags, data.parameters) == ({"a": "b"}, {"P": "1"})
    assert training.asset_manifests == (tmp_path / "Training.assets.json",)
    assert serving.template == tmp_path / "Serving.template.json"


def test_nested_assemblies_come_in_the_order_of_the_stages(tmp_path: Path) -> None:
    def stage(directory: str, *dependencies: str) -> dict[str, Any]:
        return {
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": directory},
            "dependencies": list(dependencies),
        }

    write(
        tmp_path / "manifest.json",
        {"artifacts": {"Prod": stage("assembly-prod", "Dev"), "Dev": stage("assembly-dev")}},
    )
    for name in ("dev", "prod"):
        write(tmp_path / f"assembly-{name}" / "manifest.json", {"artifacts": {f"{name}-data": stack("Data")}})
    assert [found.name for found in read_stacks(tmp_path)] == ["dev-data", "prod-data"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("aws://unknown-account/unknown-region", (None, None)),
        ("aws://123456789012/eu-west-1", ("123456789012", "eu-west-1")),
    ],
)
def test_environment_of_a_stack(tmp_path: Path, environment: str, expected: tuple[str, str]) -> None:
    write(tmp_path / "manifest.json", {"artifacts": {"A": stack("A", environment=environment)}})
    (found,) = read_stacks(tmp_path)
    assert (found.account, found.region) == expected


def test_directory_without_assembly_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match=r"manifest\.json does not exist; run `cdk synth` first"):
        read_stacks(tmp_path)


def test_assets_of_a_manifest(tmp_path: Path) -> None:
    destination = {"bucketName": "b-${AWS::Region}", "objectKey": "k.zip", "region": "eu-west-1"}
    files = {"1": {"source": {"path": "asset.1", "packaging": "zip"}, "destinations": {"here": destination}}}
    write(tmp_path / "assets.json", {"files": files})
    (asset,) = read_assets(tmp_path / "assets.json")
    assert (asset.source, asset.zipped) == (tmp_path / "asset.1", True)
    (place,) = asset.destinations
    assert (place.bucket, place.key, place.region) == ("b-${AWS::Region}", "k.zip", "eu-west-1")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"dockerImages": {"abc": {}}}, "abc is a container image"),
        (
            {"files": {"abc": {"source": {"executable": ["x"]}, "destinations": {}}}},
            "abc is made by a program",
        ),
    ],
)
def test_assets_that_cannot_be_published_are_named(tmp_path: Path, content: Any, reason: str) -> None:
    write(tmp_path / "assets.json", content)
    with pytest.raises(DeploymentError, match=reason):
        read_assets(tmp_path / "assets.json")


def test_zip_does_not_depend_on_times_or_order(tmp_path: Path) -> None:
    def folder(name: str, files: list[str]) -> Asset:
        for at, file in enumerate(files):
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
            os.utime(path, (at + 1, at + 1))
        (tmp_path / name / "run.sh").write_text("run")
        (tmp_path / name / "run.sh").chmod(0o755)
        return Asset(tmp_path / name, zipped=True, destinations=())

    first = package(folder("first", ["b.py", "a/c.py"]))
    assert first == package(folder("second", ["a/c.py", "b.py"]))
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["a/c.py", "b.py", "run.sh"]
        assert archive.read("a/c.py") == b"a/c.py"
        assert archive.getinfo("run.sh").external_attr >> 16 == 0o755


def test_file_is_uploaded_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "code.tar.gz").write_bytes(b"\x1f\x8b")
    assert package(Asset(tmp_path / "code.tar.gz", zipped=False, destinations=())) == b"\x1f\x8b"
