"""Whether a slice errs more than the rest, tested by exchanging the errors of whole groups."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline_code.reviews.metrics import Bools, Floats, Ints

DRAWS = 1999
_BLOCK = 12  # groups of like size that exchange their errors
_CELLS = 1 << 21


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
        How many; the least p-value is 1 / (draws + 1).
    """
    order = np.argsort(place, kind="stable")
    sorted_contrasts = contrasts[:, order].T.astype(np.float32)
    errors = wrong[order].astype(np.float32)
    _, sizes = np.unique(place, return_counts=True)
    observed = errors @ sorted_contrasts
    reached = np.zeros(len(contrasts))
    for rows in _exchanges(sizes, draws, np.random.default_rng(seed)):
        reached += (errors[rows] @ sorted_contrasts >= observed - 1e-4).sum(axis=0)
    found: Floats = (1 + reached) / (1 + draws)
    return found


def _exchanges(sizes: Ints, draws: int, generator: np.random.Generator) -> Iterator[Ints]:
    """Numbers of the rows whose errors each row gets [draws, rows], a chunk at a time."""
    starts = np.cumsum(sizes) - sizes
    group = np.repeat(np.arange(len(sizes)), sizes)
    within = (np.arange(len(group)) - starts[group]).astype(np.int32)
    by_size = np.argsort(sizes, kind="stable")
    blocks = max(1, len(sizes) // _BLOCK)
    block = np.arange(len(sizes)) * blocks // len(sizes)
    chunk = max(1, _CELLS // len(group))
    for start in range(0, draws, chunk):
        count = min(chunk, draws - start)
        # Sorting block number plus noise shuffles within blocks.
        shuffled = np.argsort(block + generator.random((count, len(sizes))), axis=1)
        donor = np.empty((count, len(sizes)), dtype=np.int64)
        donor[:, by_size] = by_size[shuffled]
        given = sizes[donor]
        turn = (generator.random(donor.shape) * given).astype(np.int32)
        shifted = within + turn[:, group]
        yield starts[donor][:, group] + shifted % given.astype(np.int32)[:, group]
