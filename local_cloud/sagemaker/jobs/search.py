"""Search strategies of tuning jobs: which values the next training job gets."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Protocol

from local_cloud.sagemaker.jobs.ranges import Candidate, Choice, Range

_ATTEMPTS = 50


class Search(Protocol):
    """Proposes hyperparameters, one training job at a time."""

    def propose(self, results: Sequence[tuple[Candidate, float]]) -> Candidate | None:
        """The next values, given what the ended jobs reached (less is better); None at the end."""
        ...


class GridSearch:
    """Every combination of categorical values, once."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        values = [one.values for one in ranges if isinstance(one, Choice)]
        names = [one.name for one in ranges]
        self._left = (dict(zip(names, combined, strict=True)) for combined in itertools.product(*values))

    def propose(self, results: Sequence[tuple[Candidate, float]]) -> Candidate | None:
        """The next combination."""
        return next(self._left, None)


class RandomSearch:
    """Independent draws from the ranges; a combination comes again only when nearly all have been tried."""

    def __init__(self, ranges: Sequence[Range], seed: int | None) -> None:
        self._ranges = ranges
        self._random = random.Random(seed)  # noqa: S311 - no secret is made of it
        self._seen: set[tuple[str, ...]] = set()

    def propose(self, results: Sequence[tuple[Candidate, float]]) -> Candidate | None:
        """The next draw."""
        for _ in range(_ATTEMPTS):
            drawn = {one.name: one.at(self._random.random()) for one in self._ranges}
            if (*drawn.values(),) not in self._seen:
                break
        self._seen.add((*drawn.values(),))
        return drawn


def grid_size(ranges: Sequence[Range]) -> int | None:
    """How many combinations a grid has; None when a range is not categorical."""
    size = 1
    for one in ranges:
        if not isinstance(one, Choice):
            return None
        size *= len(one.values)
    return size
