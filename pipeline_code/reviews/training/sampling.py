"""Resampling: every epoch shows each class equally often, in batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from pipeline_code.reviews.metrics import Ints

_MEGA_BATCHES = 50  # as the Trainer groups by length


class BalancedSampler(Sampler[int]):
    """Draws as many positions as there are rows, the same number of each class that occurs.

    A common class is cut to a fresh sample each epoch; a rare class appears as often as it must, no row
    twice before all have come once. Positions depend on the seed and the epoch alone, so that all hosts
    draw alike.

    Parameters
    ----------
    label_ids
        Class of each row.
    lengths
        Tokens of each row; neighbours in the order are of similar length.
    """

    def __init__(self, label_ids: Ints, lengths: Ints, *, batch_size: int, seed: int) -> None:
        self._members = [np.flatnonzero(label_ids == label) for label in np.unique(label_ids)]
        self._lengths, self._batch_size, self._seed = lengths, batch_size, seed
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration draws."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng([self._seed, self._epoch])
        self._epoch += 1
        return iter(self._by_length(self._draw(generator)).tolist())

    def _draw(self, generator: np.random.Generator) -> Ints:
        """Positions with the classes taking turns, so that every stretch is balanced too."""
        wanted, classes = len(self), len(self._members)
        drawn: Ints = np.empty(wanted, dtype=np.int64)
        for place, members in enumerate(generator.permutation(classes).tolist()):
            turns = len(range(place, wanted, classes))
            drawn[place::classes] = _passes(self._members[members], turns, generator)
        return drawn

    def _by_length(self, drawn: Ints) -> Ints:
        mega = max(1, min(len(drawn) // (self._batch_size * 4), _MEGA_BATCHES)) * self._batch_size
        parts = [drawn[start : start + mega] for start in range(0, len(drawn), mega)]
        return np.concatenate([part[np.argsort(-self._lengths[part], kind="stable")] for part in parts])


def _passes(members: Ints, count: int, generator: np.random.Generator) -> Ints:
    """`count` of the members: whole passes, each in a new order, and a sample for the rest."""
    rounds = -(-count // len(members))
    return np.concatenate([generator.permutation(members) for _ in range(rounds)])[:count]
