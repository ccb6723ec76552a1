import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline_code.jobs import prepare
from pipeline_code.jobs.entry import ArgumentsError
from pipeline_code.reviews.dataset import read_features
from pipeline_code.reviews.encoder import EncoderError
from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.preparation import merge_reports
from pipeline_code.reviews.processing_hosts import ResourceConfigError
from pipeline_code.reviews.splits import SplitError
from tests.unit.pipeline_code.workspace import Workspace

FOLDERS = {"train": "train", "validation": "checked", "test": "test"}


def report_of(workspace: Workspace, host: str = "algo-1") -> dict[str, Any]:
    return dict(json.loads((workspace.root / "prepared" / f"prepare-{host}.json").read_text()))


def rows_of(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """All features by review_id, over all hosts and splits."""
    paths = [path for folder in FOLDERS.values() for path in (workspace.root / folder).iterdir()]
    rows = [row for path in paths for row in pq.read_table(path).to_pylist()]
    found = {row["review_id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


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
    card = json.loads((prepared.root / "validation" / "validation.json").read_text())["dataset"]
    assert json.loads(metadata["contract"]) == card["contract"]
    for name in ("max_seq_length", "truncation", "split_rule", "tokenizer_fingerprint"):
        assert metadata[name] == str(card[name])
    assert metadata["dataset_hash"] == card["hash"]
    assert metadata["features_version"] == report_of(prepared)["features_version"]
    assert metadata["split"] == "train"
    table = pq.read_table(path)
    assert str(table.schema.field("input_ids").type) == "list<element: int32>"
    assert str(table.schema.field("attention_mask").type) == "list<element: int8>"
    assert "rating" not in table.column_names
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_report_counts_truncation_and_names_the_dataset(prepared: Workspace) -> None:
    report = report_of(prepared)
    train = report["splits"]["train"]
    assert train["rows"] == sum(train["classes"].values()) == sum(train["length_histogram"].values())
    assert 0 < train["truncated_share"] < 1
    assert train["longest"] > 12
    assert report["feature_store"] is None
    assert (report["truncation"], report["features_as_of"], report["retokenised"]) == ("Head", "run", 0)
    for split, tally in report["dataset"]["splits"].items():
        assert tally["rows"] == report["splits"][split]["rows"]
    assert not (prepared.root / "stored-datasets").exists()


def test_preparing_again_gives_equal_bytes(copy: Workspace) -> None:
    before = {path: path.read_bytes() for path in (copy.root / "train").iterdir()}
    copy.prepare()
    assert {path: path.read_bytes() for path in (copy.root / "train").iterdir()} == before


@pytest.mark.parametrize("hosts", [2, 5])
def test_any_number_of_hosts_makes_the_same_rows(prepared: Workspace, copy: Workspace, hosts: int) -> None:
    for folder in FOLDERS.values():
        next((copy.root / folder).iterdir()).unlink()
    (copy.root / "prepared" / "prepare-algo-1.json").unlink()
    copy.prepare_on(hosts)
    assert rows_of(copy) == rows_of(prepared)
    one, several = merge_reports(prepared.root / "prepared"), merge_reports(copy.root / "prepared")
    assert several["splits"] == one["splits"]
    assert len(several["host"]) == hosts
    for split, folder in FOLDERS.items():
        whole, parts = (read_features(root / folder, split) for root in (prepared.root, copy.root))
        assert parts.content_hash == whole.content_hash
        assert np.array_equal(parts.tokens, whole.tokens)
        print(f"{split}: 1 host {whole.content_hash}, {hosts} hosts {parts.content_hash}")


def test_head_and_tail_keep_the_end_of_long_texts(prepared: Workspace, copy: Workspace) -> None:
    copy.validate(truncation="HeadTail")
    copy.prepare(truncation="HeadTail")
    head, both = rows_of(prepared), rows_of(copy)
    long = [name for name, row in head.items() if row["input_ids"] != both[name]["input_ids"]]
    assert len(long) == sum(split["truncated"] for split in report_of(copy)["splits"].values())
    assert all(both[name]["length"] == 12 for name in long)
    assert report_of(copy)["dataset"]["hash"] != report_of(prepared)["dataset"]["hash"]


def test_the_length_that_validate_chose_is_used(copy: Workspace) -> None:
    copy.validate(max_seq_length="0")
    copy.prepare(max_seq_length="0")
    chosen = json.loads((copy.root / "validation" / "validation.json").read_text())["lengths"]["chosen"]
    assert read_features(copy.root / "train", "train").max_seq_length == chosen == 24
    assert report_of(copy)["splits"]["train"]["truncated"] == 0


def test_the_course_protocol_balances_and_leaves_the_rest_out(copy: Workspace) -> None:
    copy.validate(split_protocol="Course")
    copy.prepare(split_protocol="Course")
    card = report_of(copy)["dataset"]
    assert len(set(card["classes"].values())) == 1
    assert card["left_out"] == 200 - card["rows"] == 200 - len(rows_of(copy))


def test_a_host_without_a_shard_writes_a_report_and_no_parts(copy: Workspace) -> None:
    for path in (copy.root / "reviews").iterdir():
        path.unlink()
    copy.prepare(host="algo-2", hosts=("algo-1", "algo-2"))
    assert report_of(copy, "algo-2")["splits"]["train"]["rows"] == 0
    assert not list((copy.root / "train").glob("part-algo-2*"))


def test_a_length_without_positions_is_refused(copy: Workspace) -> None:
    with pytest.raises(EncoderError, match="64 positions, got 65"):
        copy.prepare(max_seq_length="65")


def test_shares_are_checked_before_anything_is_read(copy: Workspace) -> None:
    with pytest.raises(SplitError, match="add to 1"):
        copy.prepare(train_split_percentage=".9")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"truncation": "HeadTail"}, "truncation: Head / HeadTail"),
        ({"max_seq_length": "16"}, "max_seq_length: 12 / 16"),
        ({"train_split_percentage": ".7", "test_split_percentage": ".1"}, "split_rule"),
    ],
)
def test_validate_and_prepare_must_be_given_the_same(
    copy: Workspace, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(prepare.PreparationError, match=said):
        copy.prepare(**changes)


def test_a_changed_contract_is_noticed(copy: Workspace) -> None:
    path = copy.root / "contract" / "contract.toml"
    path.write_text(path.read_text() + "\n# changed\n")
    with pytest.raises(prepare.PreparationError, match="differ in contract"):
        copy.prepare()


def test_a_failed_validation_is_not_prepared(copy: Workspace) -> None:
    (copy.root / "validation" / "validation.json").write_text('{"failed": "all rows quarantined"}')
    with pytest.raises(prepare.PreparationError, match="no dataset: all rows quarantined"):
        copy.prepare()


def test_a_wrong_resource_config_is_named(copy: Workspace) -> None:
    with pytest.raises(ResourceConfigError, match=r"resourceconfig\.json"):
        copy.prepare(host="algo-7")


def test_a_missing_resource_config_is_named(copy: Workspace) -> None:
    arguments = copy.prepare_arguments()
    (copy.root / "resourceconfig.json").unlink()
    with pytest.raises(FileError, match=r"resourceconfig\.json is missing"):
        prepare.main(arguments)


@pytest.mark.parametrize("time", ["now", "2026-11-24", "2026-11-24T10:00:00"])
def test_a_time_without_a_zone_is_refused(copy: Workspace, time: str) -> None:
    with pytest.raises(ArgumentsError, match="such as 2026-11-24T10:00:00.000Z"):
        copy.prepare(features_as_of=time, feature_group_name="g")


def test_the_store_cannot_be_read_without_a_group(copy: Workspace) -> None:
    with pytest.raises(ArgumentsError, match="--feature-group-name"):
        copy.prepare(features_as_of="2026-11-24T10:00:00.000Z")


def test_temporary_files_do_not_stay(prepared: Workspace) -> None:
    assert not list(Path(prepared.root).rglob("*.tmp"))
