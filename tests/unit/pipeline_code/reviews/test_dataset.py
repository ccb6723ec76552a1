from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline_code.reviews.dataset import DatasetError, balanced_rows, first_rows, read_features
from tests.unit.pipeline_code.workspace import Workspace


def rewrite(path: Path, table: pa.Table, into: Path, **changes: str) -> None:
    """Write a table with the metadata of `path`, changed."""
    old = {key.decode(): value.decode() for key, value in pq.read_metadata(path).metadata.items()}
    kept = {key: value for key, value in old.items() if not key.startswith("ARROW")}
    pq.write_table(table.replace_schema_metadata(kept | changes), into)


def test_features_are_read_in_the_order_of_ids_with_their_hash(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    assert train.review_ids == sorted(train.review_ids)
    assert train.max_seq_length == 12
    assert train.lengths().max() <= 12
    path = next((prepared.root / "train").iterdir())
    assert pq.read_metadata(path).metadata[b"content_hash"].decode() == train.content_hash
    table = pq.read_table(path).to_pylist()
    by_id = {row["review_id"]: row["input_ids"] for row in table}
    assert all(train.ids(n).tolist() == by_id[name] for n, name in enumerate(train.review_ids))


def test_changed_rows_are_noticed(copy: Workspace) -> None:
    path = next((copy.root / "test").iterdir())
    table = pq.read_table(path)
    flipped = pa.array([2 - value for value in table["label_id"].to_pylist()])
    rewrite(path, table.set_column(table.schema.get_field_index("label_id"), "label_id", flipped), path)
    with pytest.raises(DatasetError, match="do not match the hash"):
        read_features(copy.root / "test", "test")


def test_parts_made_with_other_parameters_do_not_mix(copy: Workspace) -> None:
    path = next((copy.root / "test").iterdir())
    rewrite(path, pq.read_table(path), path.with_name("part-algo-2-00000.parquet"), max_seq_length="64")
    with pytest.raises(DatasetError, match="differ in max_seq_length"):
        read_features(copy.root / "test", "test")


def test_a_split_in_the_wrong_place_is_refused(prepared: Workspace) -> None:
    with pytest.raises(DatasetError, match="belongs to the test split, not to train"):
        read_features(prepared.root / "test", "train")


def test_an_empty_split_and_foreign_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the test split is empty"):
        read_features(tmp_path, "test")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "part-x.parquet")
    with pytest.raises(DatasetError, match="not written by Prepare"):
        read_features(tmp_path, "test")


def test_balancing_leaves_equal_classes_and_does_not_depend_on_order(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    rows = balanced_rows(train)
    counts = Counter(train.label_ids[rows].tolist())
    assert set(counts.values()) == {min(Counter(train.label_ids.tolist()).values())}
    assert len(counts) == 3
    assert rows == balanced_rows(train)


def test_a_sample_in_hash_order_grows_without_exchange(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    small, large = first_rows(train, 10), first_rows(train, 20)
    assert len(small) == 10
    assert set(small) < set(large)
    assert np.any(np.diff(small) > 1)
