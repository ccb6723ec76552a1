import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline_code.jobs import prepare
from pipeline_code.reviews.dataset import read_features
from pipeline_code.reviews.encoder import EncoderError
from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.feature_store import Ingestion
from pipeline_code.reviews.splits import SplitError
from tests.unit.pipeline_code.workspace import Workspace

FOLDERS = {"train": "train", "validation": "checked", "test": "test"}


def test_every_review_is_in_one_split_and_groups_never_straddle(prepared: Workspace) -> None:
    groups = {
        split: set(read_features(prepared.root / folder, split).group_ids)
        for split, folder in FOLDERS.items()
    }
    assert not groups["train"] & groups["validation"]
    assert not groups["train"] & groups["test"]
    assert not groups["validation"] & groups["test"]
    assert sum(len(read_features(prepared.root / folder, split)) for split, folder in FOLDERS.items()) == 200


def test_files_name_their_host_and_say_how_they_were_made(prepared: Workspace) -> None:
    (path,) = (prepared.root / "train").iterdir()
    assert path.name == "part-algo-1-00000.parquet"
    metadata = {key.decode(): value.decode() for key, value in pq.read_metadata(path).metadata.items()}
    assert metadata["max_seq_length"] == "12"
    assert json.loads(metadata["contract"]) == {"name": "amazon-snippets", "version": "1.0.0"}
    assert metadata["split_rule"].startswith("sha256(bertline, group_id)")
    table = pq.read_table(path)
    assert str(table.schema.field("input_ids").type) == "list<element: int32>"
    assert str(table.schema.field("attention_mask").type) == "list<element: int8>"
    assert "rating" not in table.column_names
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_report_counts_truncation(prepared: Workspace) -> None:
    report = json.loads((prepared.root / "prepared" / "prepare-algo-1.json").read_text())
    train = report["splits"]["train"]
    assert train["rows"] == sum(train["classes"].values()) == sum(train["length_histogram"].values())
    assert 0 < train["truncated_share"] < 1
    assert train["longest"] > 12
    assert report["feature_store"] is None


def test_preparing_again_gives_equal_bytes(copy: Workspace) -> None:
    before = {path: path.read_bytes() for path in (copy.root / "train").iterdir()}
    copy.prepare()
    assert {path: path.read_bytes() for path in (copy.root / "train").iterdir()} == before


def test_a_host_without_a_shard_writes_a_report_and_no_parts(copy: Workspace) -> None:
    for path in (copy.root / "reviews").iterdir():
        path.unlink()
    copy.prepare(host="algo-2", hosts=("algo-1", "algo-2"))
    report = json.loads((copy.root / "prepared" / "prepare-algo-2.json").read_text())
    assert report["splits"]["train"]["rows"] == 0
    assert not list((copy.root / "train").glob("part-algo-2*"))


def test_a_length_without_positions_is_refused(copy: Workspace) -> None:
    with pytest.raises(EncoderError, match="64 positions, got 65"):
        copy.prepare(length=65)


def arguments(workspace: Workspace, *more: str) -> list[str]:
    names = ("reviews", "encoder", "contract", "train", "validation", "test", "report")
    given = [item for name in names for item in (f"--{name}-dir", str(workspace.root / name))]
    config = str(workspace.root / "resourceconfig.json")
    return [*given, "--resource-config", config, "--max-seq-length", "12", *more]


def shares(train: str = ".8", validation: str = ".1", test: str = ".1") -> list[str]:
    named = {"train": train, "validation": validation, "test": test}
    return [item for name, value in named.items() for item in (f"--{name}-split-percentage", value)]


def test_shares_are_checked_before_anything_is_read(copy: Workspace) -> None:
    with pytest.raises(SplitError, match="add to 1"):
        prepare.main(arguments(copy, *shares(train=".9")))


@pytest.mark.parametrize("content", ["{}", '{"current_host": "../x", "hosts": []}'])
def test_a_wrong_resource_config_is_named(copy: Workspace, content: str) -> None:
    (copy.root / "resourceconfig.json").write_text(content)
    with pytest.raises(prepare.ResourceConfigError, match=r"resourceconfig\.json"):
        prepare.main(arguments(copy, *shares()))


def test_a_missing_resource_config_is_named(copy: Workspace) -> None:
    (copy.root / "resourceconfig.json").unlink()
    with pytest.raises(FileError, match=r"resourceconfig\.json is missing"):
        prepare.main(arguments(copy, *shares()))


def test_all_rows_reach_the_feature_group(copy: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[dict[str, Any]] = []

    class Client:
        def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
            taken.extend(Entries)
            return {"Errors": [], "UnprocessedEntries": []}

    monkeypatch.setattr(prepare, "runtime_client", Client)
    prepare.main(arguments(copy, *shares(), "--feature-group-name", "bertline-dev-reviews"))
    report = json.loads((copy.root / "report" / "prepare-algo-1.json").read_text())
    assert report["feature_store"] == {
        "feature_group": "bertline-dev-reviews",
        "records": 200,
        "calls": 8,
        "retried": 0,
    }
    assert len(taken) == 200
    assert {entry["FeatureGroupName"] for entry in taken} == {"bertline-dev-reviews"}


def test_the_client_is_made_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline_code.reviews.feature_store import runtime_client

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    client: Any = runtime_client()
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert isinstance(Ingestion(client, "g"), Ingestion)
    assert os.environ["AWS_ENDPOINT_URL"]


def test_temporary_files_do_not_stay(prepared: Workspace) -> None:
    assert not list(Path(prepared.root).rglob("*.tmp"))
