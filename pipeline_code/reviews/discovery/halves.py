"""Two halves of the data: one to find slices in, one to confirm them on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from pipeline_code.reviews.metrics import Bools


def first_half(group_ids: Sequence[str], seed: int) -> Bools:
    """Rows of the half to search [rows]: whole groups in the order of a hash, until half of the rows are in.

    Errors play no part in it, so what is found in this half is tested on rows that it has not seen.
    """
    names, place, sizes = np.unique(np.asarray(group_ids), return_inverse=True, return_counts=True)
    order = np.argsort([_hash(seed, name) for name in names.tolist()], kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = np.zeros(len(names), dtype=bool)
    chosen[order] = 2 * before + sizes[order] <= len(place)
    found: Bools = chosen[place]
    return found


def _hash(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}\0{name}".encode()).hexdigest()
