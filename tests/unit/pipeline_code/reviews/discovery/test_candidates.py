"""Which slices are looked at."""

import numpy as np

from pipeline_code.reviews.discovery import Candidates
from tests.unit.pipeline_code.reviews.discovery.reviews import VOCABULARY, rows

ROWS = rows()
CANDIDATES = Candidates(ROWS.texts, ROWS.attributes, ROWS.sources)
NUMBERS = {CANDIDATES.describe(number): number for number in range(len(CANDIDATES))}


def test_a_conjunction_holds_where_both_parts_do() -> None:
    first, second = VOCABULARY[:2]
    name = next(one for one in NUMBERS if f"'{first}'" in one and f"'{second}'" in one)
    both = ROWS.with_word(first) & ROWS.with_word(second)
    assert both.any()
    assert np.array_equal(CANDIDATES.mask(NUMBERS[name]), both)


def test_sizes_lie_between_a_percent_and_a_half() -> None:
    sizes = np.array([CANDIDATES.mask(number).sum() for number in range(len(CANDIDATES))])
    assert sizes.min() >= max(16, 0.01 * len(ROWS))
    assert sizes.max() <= 0.5 * len(ROWS)


def test_a_part_that_says_the_same_as_the_conjunction_is_enough() -> None:
    texts = [f"{text} twin brother" if row % 9 == 0 else text for row, text in enumerate(ROWS.texts)]
    found = Candidates(texts, ROWS.attributes, ROWS.sources)
    names = [found.describe(number) for number in range(len(found))]
    assert "texts with 'brother'" in names
    assert not [name for name in names if "'twin'" in name]


def test_two_lengths_are_not_combined() -> None:
    assert not [name for name in NUMBERS if name.count("words") > 1]


def test_no_rows_have_no_slices() -> None:
    assert len(Candidates([], [], [])) == 0
