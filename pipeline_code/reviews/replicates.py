"""Which groups each bootstrap replicate holds, drawn once and in pieces that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline_code.reviews.metrics import Floats

Counts = np.ndarray[Any, np.dtype[np.uint8]]
_CHUNK_BYTES = 32 << 20
_GROUP_BYTES = 24  # a group's draw in one replicate: its number, its count, the count as a float
_KEPT_BYTES = 32 << 20


class Replicates:
    """How often each group occurs in each replicate: as many draws as groups, with replacement.

    Draws of up to 32 MB are kept; larger ones are drawn again, equal, for each use.
    """

    def __init__(self, groups: int, samples: int, seed: int) -> None:
        self.groups, self.samples, self.seed = groups, samples, seed
        self._kept: Counts | None = None

    def chunks(self, samples: int) -> Iterator[Counts]:
        """Counts [replicates, groups] of the first `samples` replicates, some 32 MB at a time."""
        size = max(1, _CHUNK_BYTES // (_GROUP_BYTES * self.groups))
        if self._kept is None and self.samples * self.groups <= _KEPT_BYTES:
            self._kept = np.vstack(list(self._drawn(self.samples, size)))
        if self._kept is None:
            yield from self._drawn(samples, size)
        else:
            for start in range(0, samples, size):
                yield self._kept[start : min(start + size, samples)]

    def sums(self, cells: Floats) -> Floats:
        """Sums over the drawn groups [samples, cells] of `cells` [groups, cells]."""
        return np.vstack([counts.astype(float) @ cells for counts in self.chunks(self.samples)])

    def _drawn(self, samples: int, size: int) -> Iterator[Counts]:
        generator = np.random.default_rng(self.seed)
        for start in range(0, samples, size):
            rows = min(size, samples - start)
            drawn = generator.integers(0, self.groups, (rows, self.groups))
            drawn += np.arange(rows)[:, None] * self.groups
            counts = np.bincount(drawn.ravel(), minlength=rows * self.groups)
            # a group is drawn about once: 255 times never happens
            yield counts.astype(np.uint8).reshape(rows, self.groups)
