"""What commands read of a contract, and that a changed one needs a new version."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertline import contracts, runs
from bertline.errors import BadContract
from bertline.paths import CONFIG
from bertline.platform import Platform
from bertline.sources import LocalFile
from bertline.uploads import send

from .conftest import FakeS3

TEXT = """
name = "shop"
version = "1.0.0"

[[classes]]
id = 0
name = "bad"
label = -1

[[classes]]
id = 1
name = "good"
label = 1

[[sources]]
kind = "table"
tag = "joined"
files = "joined.parquet"
columns = { id = "review", text = "body", rating = "stars" }
attributes = { shop = "shop_name" }
required = ["body", "title"]
query = { engine = "duckdb", sql = "SELECT 1" }
"""


def written(folder: Path, text: str, name: str = "shop.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def files(folder: Path, text: str, name: str = "shop.toml") -> dict[str, LocalFile]:
    return {name: LocalFile(written(folder, text, name))}


def test_classes_and_queries_are_read(tmp_path: Path) -> None:
    found = contracts.read(written(tmp_path, TEXT))
    assert (found.name, found.version, found.classes) == ("shop", "1.0.0", {"bad": 0, "good": 1})
    (query,) = found.queries
    assert (query.source, query.engine, query.sql, query.file) == (
        "joined",
        "duckdb",
        "SELECT 1",
        "joined.parquet",
    )
    assert query.columns == ("review", "body", "stars", "shop_name", "title")


@pytest.mark.parametrize("path", sorted((CONFIG / "contracts").glob("*.toml")), ids=lambda path: path.stem)
def test_every_contract_of_the_project_is_read(path: Path) -> None:
    found = contracts.read(path)
    assert found.name == path.stem
    assert sorted(found.classes.values()) == list(range(len(found.classes)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "is not a data contract in TOML"),
        (TEXT.replace('version = "1.0.0"', ""), "lacks or misuses 'version'"),
        (TEXT.replace('[[sources]]', '[sources]'), "not a whole data contract"),
        (TEXT.replace("joined.parquet", "**/joined.parquet"), "names its one file without wildcards"),
    ],
)  # fmt: skip
def test_a_broken_contract_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadContract, match=said):
        contracts.read(written(tmp_path, text))


def test_a_missing_contract_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadContract, match=r"nowhere\.toml cannot be read"):
        contracts.read(tmp_path / "nowhere.toml")


@pytest.fixture
def s3(tmp_path: Path) -> FakeS3:
    found = FakeS3()
    send(found, files(tmp_path, TEXT), "raw", "contracts")
    found.objects["contracts/0/broken.toml"] = b"name = "
    return found


def test_the_same_contract_may_be_uploaded_again(s3: FakeS3, tmp_path: Path) -> None:
    contracts.check_versions(s3, "raw", "contracts", files(tmp_path, TEXT, "renamed.toml"))


def test_a_changed_contract_needs_a_new_version(s3: FakeS3, tmp_path: Path) -> None:
    changed = TEXT.replace('name = "bad"', 'name = "awful"')
    with pytest.raises(
        BadContract, match=r"shop 1\.0\.0 was uploaded before .*shop\.toml\): bump the version"
    ):
        contracts.check_versions(s3, "raw", "contracts", files(tmp_path, changed))
    contracts.check_versions(s3, "raw", "contracts", files(tmp_path, changed.replace("1.0.0", "1.0.1")))
    contracts.check_versions(s3, "raw", "contracts", files(tmp_path, changed.replace('"shop"', '"other"')))


def test_the_first_upload_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    contracts.check_versions(FakeS3(), "raw", "contracts", files(tmp_path, TEXT))


def test_a_contract_is_one_file(tmp_path: Path) -> None:
    two = {**files(tmp_path, TEXT), **files(tmp_path, TEXT, "b.toml")}
    with pytest.raises(BadContract, match=r"one \.toml file, not 2: b\.toml, shop\.toml"):
        contracts.check_versions(FakeS3(), "raw", "contracts", two)


@pytest.mark.parametrize("own", [True, False])
def test_the_contract_in_use_is_that_of_the_newest_run_or_the_deployed_one(
    own: bool, fake: Callable[..., Any], place: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = FakeS3()
    s3.objects["contracts/1/mine.toml"] = TEXT.replace("1.0.0", "2.0.0").encode()
    s3.objects["assets/4567.toml"] = TEXT.encode()
    target = fake()
    target.clients["s3"] = s3
    deployed = {"Name": "ContractUri", "DefaultValue": "s3://assets/4567.toml"}
    monkeypatch.setattr(runs, "definition", lambda *_: {"Parameters": [deployed]})
    given = {"ContractUri": "s3://raw/contracts/1/"} if own else {}
    monkeypatch.setattr(runs, "last_inputs", lambda *_: given)
    assert contracts.in_use(target, place).version == ("2.0.0" if own else "1.0.0")
