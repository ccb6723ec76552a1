from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.store import SCHEMA, ReviewShards, parquet_files, read_batches
from pipeline_code.reviews.validation import Review


def reviews(count: int) -> list[Review]:
    return [
        Review(f"{n // 3}_{n}", str(n // 3), "text", "amazon", 1.0, "positive", 2, 0.0) for n in range(count)
    ]


def write(directory: Path, count: int) -> list[Path]:
    with ReviewShards(directory, 4) as shards:
        for review in reviews(count):
            shards.add(review)
    return parquet_files(directory, "reviews")


def test_shards_hold_every_review_once_and_keep_groups_together(tmp_path: Path) -> None:
    paths = write(tmp_path, 90)
    assert len(paths) == 4
    home: dict[str, Path] = {}
    rows = [(path, row) for path in paths for batch in read_batches(path, SCHEMA, 7) for row in batch]
    assert sorted(row["review_id"] for _, row in rows) == sorted(review.review_id for review in reviews(90))
    for path, row in rows:
        assert home.setdefault(row["group_id"], path) == path


def test_equal_reviews_give_equal_bytes(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", 30), write(tmp_path / "b", 30)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_an_error_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ReviewShards(tmp_path, 2) as shards:
        shards.add(reviews(1)[0])
        _ = 1 / 0
    assert not list(tmp_path.iterdir())


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, 3)[0]
    pq.write_table(pq.read_table(path).drop_columns(["rating", "label"]), path)
    with pytest.raises(FileError, match="lacks the columns rating, label"):
        list(read_batches(path, SCHEMA))
