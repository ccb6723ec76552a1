from pathlib import Path

import numpy as np

from pipeline_code.reviews.cleaning.partitions import BANDED, KEYED, Partitions, key_starts, keyed


def test_equal_keys_come_back_together_and_in_the_order_of_rows(tmp_path: Path) -> None:
    partitions = Partitions(tmp_path / "p", KEYED, 4)
    keys = [bytes([number % 50]) * 16 for number in range(100_000)]
    for start in range(0, len(keys), 7000):
        part = keys[start : start + 7000]
        rows = np.arange(start, start + len(part))
        partitions.add(keyed(part, rows, rows % 3))
    seen: dict[int, list[int]] = {}
    for records in partitions:
        starts = key_starts(records)
        for rows in np.split(records["row"], starts[1:]):
            assert int(rows[0]) % 50 not in seen
            seen[int(rows[0]) % 50] = rows.tolist()
        assert (records["label"] == records["row"] % 3).all()
    assert seen == {key: list(range(key, 100_000, 50)) for key in range(50)}


def test_nothing_added_is_nothing_read(tmp_path: Path) -> None:
    assert list(Partitions(tmp_path / "p", BANDED, 4)) == []
