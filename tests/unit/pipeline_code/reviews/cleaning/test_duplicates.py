import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.cleaning.duplicates import conflicts, majority, repeats
from pipeline_code.reviews.cleaning.partitions import KEYED, Records


def records(*rows: tuple[int, int, int]) -> Records:
    """Of (key, row, label)."""
    return np.array([(0, key, row, label) for key, row, label in sorted(rows)], KEYED)


def test_every_later_row_of_a_key_repeats_the_first() -> None:
    found = repeats(records((7, 3, 0), (7, 9, 0), (8, 4, 0), (7, 5, 0)))
    assert found.rows.tolist() == [5, 9]
    assert found.because_of.tolist() == [3, 3]
    assert not len(repeats(records()).rows)


def test_all_rows_of_a_text_with_two_labels_are_in_conflict() -> None:
    found = conflicts(records((1, 0, 0), (1, 1, 0), (1, 2, 1), (2, 3, 1), (2, 4, 1)))
    assert list(zip(found.rows.tolist(), found.because_of.tolist(), strict=True)) == [(0, 2), (1, 2), (2, 0)]
    assert not len(conflicts(records()).rows)


def test_the_majority_stays_and_a_tie_leaves_nothing() -> None:
    found = conflicts(records((1, 0, 0), (1, 1, 0), (1, 2, 1), (2, 3, 0), (2, 4, 1)), keep_majority=True)
    assert found.rows.tolist() == [2, 3, 4]


@given(st.lists(st.integers(0, 3), min_size=1))
def test_a_majority_has_more_rows_than_any_other(labels: list[int]) -> None:
    counts = sorted((labels.count(label) for label in set(labels)), reverse=True)
    chosen = majority(labels)
    if chosen is None:
        assert counts[0] == counts[1]
    else:
        assert labels.count(chosen) == counts[0]
        assert len(counts) == 1 or counts[1] < counts[0]
