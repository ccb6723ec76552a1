"""Halves of whole groups."""

import numpy as np
import pytest

from pipeline_code.reviews.discovery.halves import first_half
from tests.unit.pipeline_code.reviews.discovery.reviews import rows

GROUPS = rows().groups


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_whole_and_halves_of_like_size(seed: int) -> None:
    first = first_half(GROUPS, seed)
    both = {group for group, inside in zip(GROUPS, first, strict=True) if inside}
    assert not both & {group for group, inside in zip(GROUPS, first, strict=True) if not inside}
    assert first.mean() == pytest.approx(0.5, abs=0.02)


def test_a_seed_is_a_half_of_its_own_whatever_the_order_of_rows() -> None:
    first = first_half(GROUPS, 1)
    assert not np.array_equal(first, first_half(GROUPS, 2))
    assert np.array_equal(first[::-1], first_half(GROUPS[::-1], 1))


def test_each_half_has_rows_even_if_one_group_has_nearly_all() -> None:
    groups = ["giant"] * 90 + [str(row) for row in range(10)]
    shares = [first_half(groups, seed).mean() for seed in range(30)]
    assert min(shares) > 0 and max(shares) < 1
    assert max(shares) > 0.9  # the giant alone or nearly so, in some of them
