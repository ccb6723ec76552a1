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
