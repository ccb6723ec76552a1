"""All slices that are looked at: single conditions and conjunctions of two."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from pipeline_code.reviews.discovery.parts import Met, Part, describe, finer_lengths, parts_of
from pipeline_code.reviews.metrics import Bools, Ints

_FEWEST_ROWS = 16
_FEWEST_SHARE, _MOST_SHARE = 0.01, 0.5
_ALIKE = 0.9  # of a part's rows in the conjunction: then the part alone says it better
_MOST_PARTS, _MOST_PAIRS = 600, 30_000
_MOST_CELLS = 20_000_000  # rows of all conjunctions together: about 240 MB
_CHUNK = 1 << 24  # cells of conjunctions that are made at once


class Candidates:
    """Slices of some texts; they depend on no model's errors, so that one set serves for many models.

    A slice has 1 to 50 % of the rows, and at least 16. Of very many long texts, conjunctions of few rows are
    left out: those of most rows come first.

    Parameters
    ----------
    texts, attributes, sources
        Of each row; `attributes` are JSON objects with text values.

    Attributes
    ----------
    rows
        Sparse matrix [slices, rows] of 0 and 1.
    """

    def __init__(self, texts: Sequence[str], attributes: Sequence[str], sources: Sequence[str]) -> None:
        count = len(texts)
        fewest, most = max(_FEWEST_ROWS, math.ceil(_FEWEST_SHARE * count)), int(_MOST_SHARE * count)
        met = _different(parts_of(texts, attributes, sources, fewest, most))
        self._parts: list[tuple[Part, ...]] = [(part,) for part, _ in met]
        masks = np.array([rows for _, rows in met], dtype=bool).reshape(len(met), count)
        blocks = [_sparse(masks)]
        for pairs, block in _conjunctions(met, masks, fewest):
            self._parts += pairs
            blocks.append(block)
        for part, rows in finer_lengths(texts, fewest, most):
            self._parts.append((part,))
            blocks.append(_sparse(rows[None, :]))
        self.rows: Any = sparse.vstack(blocks, format="csr")

    def __len__(self) -> int:
        return len(self._parts)

    def describe(self, number: int) -> str:
        """In words, as "texts of at most 5 words"."""
        return describe(self._parts[number])

    def mask(self, number: int) -> Bools:
        """The rows of a slice [rows]."""
        found = np.zeros(self.rows.shape[1], dtype=bool)
        found[self.rows.indices[self.rows.indptr[number] : self.rows.indptr[number + 1]]] = True
        return found


def _different(met: list[Met]) -> list[Met]:
    """The most frequent parts, without those that hold for the very rows of an earlier one."""
    seen: set[bytes] = set()
    kept = []
    for part, rows in met:
        key = np.packbits(rows).tobytes()
        if key not in seen:
            seen.add(key)
            kept.append((part, rows))
    return sorted(kept, key=lambda one: (one[0].kind == "word", -int(one[1].sum())))[:_MOST_PARTS]


def _conjunctions(met: list[Met], masks: Bools, fewest: int) -> Iterator[tuple[list[tuple[Part, ...]], Any]]:
    """Conjunctions of two parts that enough rows meet and that say more than either, in chunks."""
    if not met:
        return
    dense = masks.astype(np.float32)
    together, alone = dense @ dense.T, dense.sum(axis=1)
    subjects = np.array([part.subject for part, _ in met])
    worth = (together >= fewest) & (together < _ALIKE * np.minimum(alone[:, None], alone[None, :]))
    worth &= subjects[:, None] != subjects[None, :]
    first, second = np.nonzero(np.triu(worth, 1))
    kept = _that_fit(together[first, second])
    first, second = first[kept], second[kept]
    chunk = max(1, _CHUNK // masks.shape[1])
    for start in range(0, len(first), chunk):
        one, other = first[start : start + chunk], second[start : start + chunk]
        pairs: list[tuple[Part, ...]] = [
            (met[i][0], met[j][0]) for i, j in zip(one.tolist(), other.tolist(), strict=True)
        ]
        yield pairs, _sparse(masks[one] & masks[other])


def _that_fit(sizes: Any) -> Ints:
    """Numbers of the conjunctions that memory has room for, those of most rows first."""
    order = np.argsort(-sizes, kind="stable")[:_MOST_PAIRS]
    found: Ints = np.sort(order[np.cumsum(sizes[order], dtype=float) <= _MOST_CELLS])
    return found


def _sparse(masks: Bools) -> Any:
    """The masks [slices, rows] as a sparse matrix of ones."""
    slices, rows = np.nonzero(masks)
    ends = np.searchsorted(slices, np.arange(len(masks) + 1))
    return sparse.csr_array((np.ones(len(rows)), rows.astype(np.int32), ends.astype(np.int32)), masks.shape)
