import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.splits import SPLITS, SplitError, SplitShares, hash_order, unit_interval

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
