from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline_code.reviews.shards import ReviewShards
from pipeline_code.reviews.store import SCHEMA, parquet_files, read_batches


def batch(*numbers: int) -> pa.RecordBatch:
    empty: dict[str, Any] = dict.fromkeys(SCHEMA.names)
    rows = [empty | {"review_id": f"r{number}", "group_id": f"g{number // 2}"} for number in numbers]
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def read(path: Path) -> list[tuple[str, str]]:
    columns = ["review_id", "group_id"]
    return [
        (row["review_id"], row["group_id"])
        for part in read_batches(path, columns)
        for row in part.to_pylist()
    ]


def test_every_row_is_in_one_file_and_a_group_in_one_file_only(tmp_path: Path) -> None:
    with ReviewShards(tmp_path, 4) as shards:
        shards.add(batch(*range(100)))
        shards.add(batch(*range(100, 200)))
    paths = parquet_files(tmp_path, "reviews")
    assert [path.name for path in paths] == [f"part-{number:05d}.parquet" for number in range(4)]
    rows = [read(path) for path in paths]
    assert sorted(name for part in rows for name, _ in part) == sorted(f"r{number}" for number in range(200))
    groups = [{group for _, group in part} for part in rows]
    assert sum(map(len, groups)) == 100
    assert rows[0] == sorted(rows[0], key=lambda row: int(row[0][1:]))


def test_no_rows_are_no_files(tmp_path: Path) -> None:
    with ReviewShards(tmp_path, 4) as shards:
        shards.add(batch())
    assert not list(tmp_path.iterdir())


def test_a_failed_block_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), ReviewShards(tmp_path, 4) as shards:
        shards.add(batch(*range(100)))
        raise RuntimeError
    assert not list(tmp_path.iterdir())
