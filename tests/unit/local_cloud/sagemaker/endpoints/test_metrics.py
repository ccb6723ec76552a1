"""Many latencies are sent as a few values that keep their number, sum and bounds."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from local_cloud.sagemaker.endpoints.metrics import condensed


def test_few_values_stay_as_they_are() -> None:
    assert condensed(Counter({2.0: 3, 1.0: 1})) == [(1.0, 1), (2.0, 3)]
    assert condensed(Counter()) == []


@pytest.mark.parametrize("seed", range(5))
def test_many_values_become_few_and_keep_their_statistics(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - latencies, not secrets
    values = [float(round(draw.lognormvariate(8, 1))) for _ in range(2000)]
    few = condensed(Counter(values))
    assert len(few) <= 24
    assert sum(count for _, count in few) == len(values)
    assert sum(value * count for value, count in few) == pytest.approx(sum(values))
    assert (few[0][0], few[-1][0]) == (min(values), max(values))
    assert few == sorted(few)
    spread = [value for value, count in few for _ in range(count)]
    for rank in (0.5, 0.9):
        near = sorted(values)
        at = int(rank * len(values))
        assert near[at - 100] <= spread[at] <= near[at + 100]
