from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.splits import (
    COURSE,
    SPLITS,
    SplitError,
    SplitShares,
    course_split,
    hash_order,
    unit_interval,
)

SHARES = SplitShares(0.8, 0.1, 0.1)


@given(st.text())
def test_every_group_has_one_place_in_the_unit_interval(group: str) -> None:
    assert 0 <= unit_interval(group) < 1
    assert SHARES.split_of(group) in SPLITS


@given(st.sets(st.text(), min_size=1), st.sets(st.text()))
def test_groups_that_come_later_move_nobody(groups: set[str], later: set[str]) -> None:
    before = {group: SHARES.split_of(group) for group in groups}
    after = {group: SHARES.split_of(group) for group in sorted(groups | later)}
    assert {group: after[group] for group in groups} == before


@given(st.text(), st.floats(0.1, 0.7), st.floats(0.01, 0.1))
def test_a_larger_train_share_keeps_its_groups(group: str, share: float, more: float) -> None:
    small, large = SplitShares(share, 0.2, 0.8 - share), SplitShares(share + more, 0.2, 0.8 - share - more)
    if small.split_of(group) == "train":
        assert large.split_of(group) == "train"


def test_shares_are_kept_on_many_groups() -> None:
    found = [SHARES.split_of(f"group-{number}") for number in range(20_000)]
    assert found.count("train") / 20_000 == pytest.approx(0.8, abs=0.01)
    assert found.count("test") / 20_000 == pytest.approx(0.1, abs=0.01)


def test_the_place_of_a_group_is_a_fixed_fact() -> None:
    assert unit_interval("309") == pytest.approx(0.2350541, abs=1e-7)
    assert SHARES.split_of("309") == "train"


def test_without_a_test_share_nothing_goes_there() -> None:
    shares = SplitShares(0.9, 0.1 - 5e-7, 0.0)
    assert {shares.split_of(str(number)) for number in range(2000)} == {"train", "validation"}


@pytest.mark.parametrize(
    ("shares", "named"),
    [
        ((0.8, 0.1, 0.2), "add to 1"),
        ((0.0, 0.5, 0.5), "train"),
        ((0.9, 0.0, 0.1), "validation"),
        ((1.2, 0.1, -0.3), "test"),
        ((float("nan"), 0.5, 0.5), "train"),
    ],
)
def test_shares_that_make_no_whole_are_refused(shares: tuple[float, float, float], named: str) -> None:
    with pytest.raises(SplitError, match=named):
        SplitShares(*shares)


def test_hash_order_has_nothing_to_do_with_the_split() -> None:
    names = [str(number) for number in range(4000)]
    first = sorted(names, key=hash_order)[:1000]
    assert sum(unit_interval(name) < 0.5 for name in first) / 1000 == pytest.approx(0.5, abs=0.06)


COURSE_SHARES = SplitShares(0.9, 0.05, 0.05)


def lab(counts: dict[int, int]) -> tuple[list[str], np.ndarray]:
    """Ids and classes with this many rows of each class."""
    labels = np.repeat(list(counts), list(counts.values()))
    return [f"r{number}" for number in range(len(labels))], labels


def test_the_course_protocol_gives_the_sizes_of_the_labs() -> None:
    ids, labels = lab({0: 2051, 1: 2464, 2: 15147})
    splits = course_split(ids, labels, COURSE_SHARES, 42)
    counted = Counter(splits)
    assert [counted[split] for split in SPLITS] == [5537, 307, 309]
    assert counted[None] == 2464 + 15147 - 2 * 2051
    test = Counter(label for label, split in zip(labels.tolist(), splits, strict=True) if split == "test")
    assert test == {0: 103, 1: 103, 2: 103}


def test_the_course_protocol_depends_on_the_seed_and_not_on_the_order() -> None:
    ids, labels = lab({0: 40, 1: 60, 2: 90})
    once = dict(zip(ids, course_split(ids, labels, COURSE_SHARES, 1), strict=True))
    mixed = np.random.default_rng(0).permutation(len(ids))
    again = course_split([ids[row] for row in mixed], labels[mixed], COURSE_SHARES, 1)
    assert dict(zip([ids[row] for row in mixed], again, strict=True)) == once
    other = dict(zip(ids, course_split(ids, labels, COURSE_SHARES, 2), strict=True))
    assert other != once
    assert {name for name in ids if other[name] is None} != {name for name in ids if once[name] is None}


def test_the_course_protocol_works_without_a_test_share() -> None:
    ids, labels = lab({0: 20, 1: 20})
    assert set(course_split(ids, labels, SplitShares(0.9, 0.1, 0.0), 1)) == {"train", "validation"}


def test_classes_too_rare_for_the_course_protocol_are_refused() -> None:
    ids, labels = lab({0: 1, 1: 30})
    with pytest.raises(SplitError, match="split-protocol Course cannot split 2 balanced rows"):
        course_split(ids, labels, COURSE_SHARES, 1)


def test_the_rule_tells_protocols_and_seeds_apart() -> None:
    rules = [SHARES.rule(), SHARES.rule(COURSE, 1), SHARES.rule(COURSE, 2), COURSE_SHARES.rule()]
    assert len(set(rules)) == 4
    assert SHARES.rule(seed=1) == SHARES.rule(seed=2)
