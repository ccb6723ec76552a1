"""Folds that keep the rows of a group together, the same on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from pipeline_code.reviews.levers.rows import LeverError
from pipeline_code.reviews.metrics import Ints
from pipeline_code.reviews.splits import hash_order


def group_folds(groups: Sequence[str], folds: int, seed: int) -> Ints:
    """The fold of each row [rows], 0 to folds - 1.

    Groups go, in the order of their hash with the seed, to the fold that has the fewest rows so far.

    Raises
    ------
    LeverError
        There are fewer groups than folds.
    """
    sizes = Counter(groups)
    if len(sizes) < folds:
        raise LeverError(f"{len(sizes)} groups cannot fill {folds} folds: lower --folds or bring more data")
    filled = [0] * folds
    fold_of: dict[str, int] = {}
    for group in sorted(sizes, key=lambda name: hash_order(f"{seed}\0{name}")):
        fold = min(range(folds), key=filled.__getitem__)
        fold_of[group] = fold
        filled[fold] += sizes[group]
    return np.array([fold_of[group] for group in groups], dtype=np.int64)
