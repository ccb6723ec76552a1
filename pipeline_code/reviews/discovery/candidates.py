"""All slices that are looked at: single conditions and conjunctions of two, none of them twice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from pipeline_code.reviews.discovery.parts import Met, Part, describe, finer_lengths, parts_of
from pipeline_code.reviews.metrics import Bools

_FEWEST_ROWS = 16
_FEWEST_SHARE, _MOST_SHARE = 0.01, 0.5
_ALIKE = 0.9  # of a part's rows in the conjunction: then the part alone says it better
_MOST_PARTS, _MOST_PAIRS = 600, 30_000
_CHUNK = 1024


class Candidates:
    """Slices of some texts; they depend on no model's errors, so that one set serves for many models.

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
        blocks = [sparse.csr_array(masks, dtype=np.float64)]
        for pairs, block in _conjunctions(met, masks, fewest):
            self._parts += pairs
            blocks.append(block)
        for part, rows in finer_lengths(texts, fewest, most):
            self._parts.append((part,))
            blocks.append(sparse.csr_array(rows[None, :], dtype=np.float64))
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
    commonest = np.sort(np.argsort(-together[first, second], kind="stable")[:_MOST_PAIRS])
    first, second = first[commonest], second[commonest]
    for start in range(0, len(first), _CHUNK):
        one, other = first[start : start + _CHUNK], second[start : start + _CHUNK]
        pairs: list[tuple[Part, ...]] = [
            (met[i][0], met[j][0]) for i, j in zip(one.tolist(), other.tolist(), strict=True)
        ]
        yield pairs, sparse.csr_array(masks[one] & masks[other], dtype=np.float64)
