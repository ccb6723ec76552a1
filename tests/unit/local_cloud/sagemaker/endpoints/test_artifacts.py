"""Model data is unpacked safely, and what is wrong with it is named."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from local_cloud.sagemaker.endpoints import artifacts
from local_cloud.sagemaker.endpoints.artifacts import ModelContainer
from local_cloud.sagemaker.endpoints.errors import DeploymentFailed
from local_cloud.sagemaker.errors import ServiceError

from .conftest import ROLE, Account

SOURCE = {
    "ChannelName": "draft",
    "S3DataSource": {"S3Uri": "s3://models/a/", "S3DataType": "S3Prefix", "CompressionType": "None"},
}


def container(uri: str) -> ModelContainer:
    return ModelContainer(image="image", uri=uri, compressed=True, environment={}, role=ROLE)


def test_archive_is_unpacked(account: Account, tmp_path: Path) -> None:
    uri = account.archive("model.tar.gz", {"weights": "w", "code/inference.py": "c"})
    artifacts.fetch(account.ctx, container(uri), tmp_path / "model")
    assert (tmp_path / "model" / "code" / "inference.py").read_text() == "c"
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["code", "weights"]
    assert not (tmp_path / "model.tar.gz").exists()


def test_archive_that_leaves_its_folder_is_refused(account: Account, tmp_path: Path) -> None:
    uri = account.archive("evil.tar.gz", {"../outside": "x"})
    with pytest.raises(DeploymentFailed, match="Failed to extract model data from s3://models/evil"):
        artifacts.fetch(account.ctx, container(uri), tmp_path / "model")
    assert not (tmp_path / "outside").exists()


def test_file_that_is_no_archive_is_refused(account: Account, tmp_path: Path) -> None:
    target = account.ctx.aws.folder / "models" / "text.tar.gz"
    target.parent.mkdir(parents=True)
    target.write_text("not an archive")
    with pytest.raises(DeploymentFailed, match="Failed to extract"):
        artifacts.fetch(account.ctx, container("s3://models/text.tar.gz"), tmp_path / "model")


def test_truncated_archive_is_refused(account: Account, tmp_path: Path) -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        entry = tarfile.TarInfo("weights")
        entry.size = 100_000
        tar.addfile(entry, io.BytesIO(bytes(range(250)) * 400))
    target = account.ctx.aws.folder / "models" / "half.tar.gz"
    target.parent.mkdir(parents=True)
    target.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    with pytest.raises(DeploymentFailed, match="Failed to extract"):
        artifacts.fetch(account.ctx, container("s3://models/half.tar.gz"), tmp_path / "model")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ({"Containers": [{"Image": "a"}, {"Image": "b"}]}, "has 2 containers"),
        ({"PrimaryContainer": {"Image": "a"}}, "has no model data"),
        ({"PrimaryContainer": {"ModelPackageName": "group/9"}}, "group/9"),
        (
            {"PrimaryContainer": {"Image": "a", "Mode": "MultiModel", "ModelDataUrl": "s3://a/b/"}},
            "MultiModel",
        ),
        (
            {"PrimaryContainer": {"Image": "a", "AdditionalModelDataSources": [SOURCE]}},
            "has AdditionalModelDataSources, which is not served here",
        ),
    ],
)
def test_model_that_cannot_be_served_is_refused(account: Account, model: dict[str, Any], reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        account.call("CreateModel", ModelName="odd", ExecutionRoleArn=ROLE, **model)
        artifacts.resolve(account.ctx, "odd")


def test_data_source_of_either_form_is_understood(account: Account) -> None:
    source = {"S3Uri": "s3://models/folder/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    primary = {"Image": "a", "ModelDataSource": {"S3DataSource": source}}
    account.call("CreateModel", ModelName="folder", ExecutionRoleArn=ROLE, PrimaryContainer=primary)
    found = artifacts.resolve(account.ctx, "folder")
    assert (found.uri, found.compressed, found.role) == ("s3://models/folder/", False, ROLE)


def test_a_model_may_name_another_specification_of_its_package(account: Account) -> None:
    def containers(name: str) -> list[dict[str, str]]:
        return [{"Image": "image:1", "ModelDataUrl": f"s3://models/{name}.tar.gz"}]

    account.call("CreateModelPackageGroup", ModelPackageGroupName="group")
    made = account.call(
        "CreateModelPackage",
        ModelPackageGroupName="group",
        InferenceSpecification={"Containers": containers("plain")},
        AdditionalInferenceSpecifications=[{"Name": "small", "Containers": containers("small")}],
    )
    package = made["ModelPackageArn"]
    for name, wanted in (("plain", {}), ("small", {"InferenceSpecificationName": "small"})):
        primary = {"ModelPackageName": package, **wanted}
        account.call("CreateModel", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=primary)
        assert artifacts.resolve(account.ctx, name).uri == f"s3://models/{name}.tar.gz"
    primary = {"ModelPackageName": package, "InferenceSpecificationName": "other"}
    account.call("CreateModel", ModelName="other", ExecutionRoleArn=ROLE, PrimaryContainer=primary)
    with pytest.raises(ServiceError, match='no inference specification named "other"'):
        artifacts.resolve(account.ctx, "other")


def test_a_model_without_a_role_is_served_only_where_permissions_are_not_enforced(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = account.archive("model.tar.gz", {"weights": "w"})
    account.call("CreateModel", ModelName="bare", PrimaryContainer={"Image": "i:1", "ModelDataUrl": uri})
    assert artifacts.resolve(account.ctx, "bare").role is None
    monkeypatch.setattr(account.ctx, "authority", object())
    with pytest.raises(ServiceError, match='Model "bare" has no ExecutionRoleArn'):
        artifacts.resolve(account.ctx, "bare")
