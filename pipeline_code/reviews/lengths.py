"""How long texts are in tokens, and the shortest limit that cuts almost none of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

TRUNCATED_SHARE = 0.005
STEP = 8
SHORTEST_CHOICE = 16
HISTOGRAM_BIN = 8
_PERCENTILES = (50, 90, 99)
_LIMITS = (64, 128, 256, 512)
_TEXTS = 512


class LengthTally:
    """Counts texts by their length in tokens, special tokens included."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(1, np.int64)

    @property
    def texts(self) -> int:
        """How many texts were counted."""
        return int(self._counts.sum())

    def add(self, texts: Sequence[str], tokenizer: Tokenizer) -> None:
        """Count texts; the tokenizer must neither pad nor truncate."""
        for start in range(0, len(texts), _TEXTS):
            encodings = tokenizer.encode_batch_fast(list(texts[start : start + _TEXTS]))
            self.add_lengths([len(encoding.ids) for encoding in encodings])

    def add_lengths(self, lengths: Sequence[int]) -> None:
        """Count texts of known lengths."""
        fresh = np.bincount(np.asarray(lengths, np.int64), minlength=len(self._counts))
        fresh[: len(self._counts)] += self._counts
        self._counts = fresh

    def choose(self, positions: int) -> int:
        """The least multiple of 8, from 16 to `positions`, that cuts at most 0.5 % of the texts."""
        most = max(STEP, positions // STEP * STEP)
        fitting = (
            limit
            for limit in range(SHORTEST_CHOICE, most, STEP)
            if self.truncated_share(limit) <= TRUNCATED_SHARE
        )
        return next(fitting, most)

    def truncated_share(self, limit: int) -> float:
        """Share of the texts with more than `limit` tokens."""
        return float(self._counts[limit + 1 :].sum()) / self.texts if self.texts else 0.0

    def report(self, limit: int, chosen_by: str) -> dict[str, Any]:
        """As it goes to validation.json; `limit` is in use, `chosen_by` is "data" or "parameter"."""
        lengths = np.arange(len(self._counts))
        return {
            "mean": float((lengths * self._counts).sum()) / self.texts if self.texts else 0.0,
            "longest": int(np.flatnonzero(self._counts)[-1]) if self.texts else 0,
            "percentiles": {str(percent): self._percentile(percent) for percent in _PERCENTILES},
            "histogram": self._histogram(),
            "truncated_share": {str(other): self.truncated_share(other) for other in _LIMITS},
            "chosen": limit,
            "chosen_by": chosen_by,
            "truncated_share_at_chosen": self.truncated_share(limit),
        }

    def _percentile(self, percent: int) -> int:
        """Nearest rank: the least length that at least `percent` of 100 texts do not exceed."""
        rank = math.ceil(self.texts * percent / 100)
        return int(np.searchsorted(np.cumsum(self._counts), rank)) if self.texts else 0

    def _histogram(self) -> dict[str, int]:
        bins = np.add.reduceat(self._counts, np.arange(0, len(self._counts), HISTOGRAM_BIN))
        return {str(number * HISTOGRAM_BIN): int(bins[number]) for number in np.flatnonzero(bins).tolist()}
