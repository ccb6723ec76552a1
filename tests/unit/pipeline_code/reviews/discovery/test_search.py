"""Slices from end to end."""

import numpy as np
import pytest

from pipeline_code.reviews.discovery import Candidates, discover_slices, search_slices
from pipeline_code.reviews.discovery.halves import first_half
from pipeline_code.reviews.discovery.search import holm
from tests.unit.pipeline_code.reviews.discovery.reviews import VOCABULARY, Rows, errors, rows

ROWS = rows()
CANDIDATES = Candidates(ROWS.texts, ROWS.attributes, ROWS.sources)
LAPTOPS = np.array(["laptop" in written for written in ROWS.attributes])
WORDY = ROWS.with_word(VOCABULARY[0])


def found(wrong: np.ndarray, seed: int = 1, of: Rows = ROWS, **options: float) -> list:
    return discover_slices(
        of.texts, of.groups, wrong, attributes=of.attributes, sources=of.sources, seed=seed, **options
    )


def planted(mask: np.ndarray, seed: int = 0) -> np.ndarray:
    return errors(np.where(mask, 0.8, 0.2), ROWS.groups, seed)


def test_a_planted_attribute_is_found_and_reported_with_figures_of_the_confirming_half() -> None:
    wrong = planted(LAPTOPS)
    (one,) = found(wrong)
    report = one.report()
    assert report["description"] == "texts whose product is 'laptop'"
    assert np.array_equal(one.mask, LAPTOPS)
    assert report["rows"] == LAPTOPS.sum()
    assert report["share"] == pytest.approx(LAPTOPS.mean())
    unseen = ~first_half(ROWS.groups, 1)
    assert report["error_rate"] == pytest.approx(wrong[LAPTOPS & unseen].mean())
    assert report["rest_error_rate"] == pytest.approx(wrong[~LAPTOPS & unseen].mean())
    assert report["p_value"] <= report["adjusted_p"] <= 0.05


def test_a_conjunction_is_found_where_neither_part_alone_is_it() -> None:
    both = ROWS.with_word(VOCABULARY[0]) & ROWS.with_word(VOCABULARY[1])
    (one,) = found(errors(np.where(both, 0.95, 0.15), ROWS.groups, 0), seed=4)
    assert np.array_equal(one.mask, both)


def test_two_planted_slices_are_two_and_not_parts_of_one() -> None:
    names = {one.description for one in found(planted(LAPTOPS | WORDY))}
    assert names == {"texts whose product is 'laptop'", f"texts with '{VOCABULARY[0]}'"}


def test_where_errors_are_anywhere_almost_nothing_is_found() -> None:
    """More than 9 of 100 would be a chance of 3 % if the level of 5 % were just held."""
    reports = 0
    for seed in range(100):
        wrong = errors(np.full(len(ROWS), 0.25), ROWS.groups, seed)
        reports += bool(search_slices(CANDIDATES, ROWS.groups, wrong, seed=seed, level=0.05, most=5))
    assert reports <= 9


def test_what_is_seen_in_one_half_only_is_not_reported() -> None:
    first = first_half(ROWS.groups, 1)
    assert found(planted(LAPTOPS & first)) == []


def test_no_more_than_wanted_are_tested() -> None:
    assert len(found(planted(LAPTOPS | WORDY), most=1)) == 1


def test_few_groups_or_no_errors_give_nothing() -> None:
    few = rows(reviews=9)
    assert found(np.arange(len(few)) % 2 == 0, of=few) == []
    assert found(np.zeros(len(ROWS), dtype=bool)) == []
    assert found(np.ones(len(ROWS), dtype=bool)) == []
    assert discover_slices([], [], np.zeros(0, bool), attributes=[], sources=[], seed=1) == []
    tiny = rows(reviews=10)
    assert isinstance(found(np.arange(len(tiny)) % 3 == 0, of=tiny), list)


def test_a_group_of_nearly_all_rows_leaves_nothing_to_compare() -> None:
    groups = [str(min(row, 10)) for row in range(len(ROWS))]
    one_giant = Rows(ROWS.texts, groups, ROWS.attributes, ROWS.sources)
    assert not any(found(planted(LAPTOPS), seed=seed, of=one_giant) for seed in range(20))


def test_rows_that_are_groups_of_their_own() -> None:
    alone = Rows(ROWS.texts, [str(row) for row in range(len(ROWS))], ROWS.attributes, ROWS.sources)
    (one,) = found(planted(LAPTOPS), of=alone)
    assert np.array_equal(one.mask, LAPTOPS)


def test_holm() -> None:
    """Sorted p-values times 4, 3, 2, 1, never falling and at most 1."""
    assert holm(np.array([0.03, 0.01, 0.6, 0.02])).tolist() == pytest.approx([0.06, 0.04, 0.6, 0.06])
    assert holm(np.array([0.4, 0.9])).tolist() == pytest.approx([0.8, 0.9])
    assert holm(np.array([0.7, 0.9])).tolist() == pytest.approx([1.0, 1.0])
