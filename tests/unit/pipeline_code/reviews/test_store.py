from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.store import ParquetPart, parquet_files, read_batches

SCHEMA = pa.schema([("review_id", pa.string()), ("label", pa.string())])


def rows(count: int, first: int = 0) -> pa.RecordBatch:
    made = [{"review_id": str(first + number), "label": "a"} for number in range(count)]
    return pa.RecordBatch.from_pylist(made, schema=SCHEMA)


def write(path: Path, *batches: pa.RecordBatch) -> Path:
    with ParquetPart(path, SCHEMA) as part:
        for batch in batches:
            part.add(batch)
        part.metadata = {"split": "train"}
    return path


def test_rows_and_metadata_come_back_in_batches(tmp_path: Path) -> None:
    path = write(tmp_path / "part-1.parquet", rows(50), rows(40, first=50))
    batches = list(read_batches(path, ["review_id"], 7))
    assert {batch.num_rows for batch in batches[:-1]} == {7}
    names = [name for batch in batches for name in batch.column("review_id").to_pylist()]
    assert names == [str(number) for number in range(90)]
    assert pq.read_metadata(path).metadata[b"split"] == b"train"
    assert parquet_files(tmp_path, "x") == [path]


def test_many_small_batches_become_large_row_groups(tmp_path: Path) -> None:
    batches = (rows(1000, first=1000 * number) for number in range(70))
    groups = pq.read_metadata(write(tmp_path / "part-1.parquet", *batches)).num_row_groups
    assert groups == 5


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    first, second = (write(tmp_path / f"part-{number}.parquet", rows(30)) for number in range(2))
    assert first.read_bytes() == second.read_bytes()


def test_an_error_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ParquetPart(tmp_path / "part-1.parquet", SCHEMA) as part:
        part.add(rows(1))
        _ = 1 / 0
    assert not list(tmp_path.iterdir())


def test_a_missing_column_and_a_damaged_file_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "part-1.parquet", rows(3))
    with pytest.raises(FileError, match="lacks the columns rating, split"):
        list(read_batches(path, ["rating", "label", "split"]))
    path.write_bytes(b"no parquet")
    with pytest.raises(FileError, match=r"part-1\.parquet is not readable Parquet"):
        list(read_batches(path, ["label"]))
