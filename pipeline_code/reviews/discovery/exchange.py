"""Whether a slice errs more than the rest, tested by exchanging the errors of whole groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline_code.reviews.metrics import Bools, Floats, Ints

Singles = np.ndarray[Any, np.dtype[np.float32]]
DRAWS = 1999
_BLOCK = 12  # groups of like size that exchange their errors
_CELLS = 1 << 17  # of draws times rows at once: they stay in the cache
_ENOUGH = 50
_ROUNDING = 1e-3


def exchange_test(contrasts: Floats, wrong: Bools, place: Ints, seed: int, draws: int = DRAWS) -> Floats:
    """One-sided p-values [contrasts] of sums over contrasts times errors.

    If errors have nothing to do with what the texts say, a group could as well have had those of another
    one: in each draw every group gets the errors of a group of about its size, turned round to start at a
    random row, and over again if they are too few. Errors of one group stay together, so that however much
    they depend on each other, the draws do as well.

    Parameters
    ----------
    contrasts
        Weights of rows [contrasts, rows], each with the sum 0: more than 0 in the slice, less in the rest.
    wrong
        Which rows are errors.
    place
        Number of each row's group.
    seed
        Of the draws.
    draws
        How many at most; the least p-value is 1 / (draws + 1). Once all sums were reached often enough to
        know that their p-values are large, there are no more (Besag and Clifford 1991).
    """
    order = np.argsort(place, kind="stable")
    sorted_contrasts = contrasts[:, order].T.astype(np.float32)
    errors: Singles = wrong[order].astype(np.float32)
    _, sizes = np.unique(place, return_counts=True)
    observed = errors @ sorted_contrasts
    reached, made = np.zeros(len(contrasts)), 0
    for exchanged in _exchanges(errors, sizes, draws, np.random.default_rng(seed)):
        reached += (exchanged @ sorted_contrasts >= observed - _ROUNDING).sum(axis=0)
        made += len(exchanged)
        if reached.min() >= _ENOUGH:
            break
    found: Floats = (1 + reached) / (1 + made)
    return found


def _exchanges(errors: Singles, sizes: Ints, draws: int, generator: np.random.Generator) -> Iterator[Singles]:
    """Errors that the rows get [draws, rows], a chunk of draws at a time; rows are sorted by group."""
    blocks = max(1, len(sizes) // _BLOCK)
    by_size = np.argsort(sizes, kind="stable")
    block = np.arange(len(sizes)) * blocks // len(sizes)
    longest = np.empty(len(sizes), dtype=np.int64)
    longest[by_size] = np.maximum.reduceat(sizes[by_size], np.searchsorted(block, np.arange(blocks)))[block]
    repeated, starts = _over_again(errors, sizes, longest)
    group = np.repeat(np.arange(len(sizes)), sizes)
    within = _numbered(sizes)
    chunk = max(1, _CELLS // len(group))
    for start in range(0, draws, chunk):
        count = min(chunk, draws - start)
        # Sorting block number plus noise shuffles within blocks.
        shuffled = np.argsort(block + generator.random((count, len(sizes))), axis=1)
        donor = np.empty((count, len(sizes)), dtype=np.int64)
        donor[:, by_size] = by_size[shuffled]
        turn = (generator.random(donor.shape) * sizes[donor]).astype(np.int64)
        yield repeated[(starts[donor] + turn)[:, group] + within]


def _over_again(errors: Singles, sizes: Ints, longest: Ints) -> tuple[Singles, Ints]:
    """Errors of each group, again and again for its size and the longest receiver's; and where they start."""
    lengths = sizes + longest
    starts = np.cumsum(sizes) - sizes
    found: Singles = errors[np.repeat(starts, lengths) + _numbered(lengths) % np.repeat(sizes, lengths)]
    return found, np.cumsum(lengths) - lengths


def _numbered(lengths: Ints) -> Ints:
    """0, 1, 2 ... for each length, one after the other."""
    found: Ints = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return found
