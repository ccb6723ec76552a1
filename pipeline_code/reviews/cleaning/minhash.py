"""MinHash with banding: which texts may be near duplicates, and how alike two texts really are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_code.reviews.cleaning.text import words

PERMUTATIONS = 128
SHINGLE_WORDS = 3
RECALL = 0.999
_SEED = 20240607
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SPACE = 32

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingles of several texts: text `i` has `values[starts[i] : starts[i + 1]]`, sorted, each once."""

    values: Hashes
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, number: int) -> Hashes:
        """The shingles of one text, as 64-bit hashes; none for a text without words."""
        return self.values[self.starts[number] : self.starts[number + 1]]


def shingles_of(texts: Sequence[str]) -> Shingles:
    """Sequences of three words of each text; of a shorter text its words.

    All texts are hashed at once: a word is a polynomial in its bytes modulo 2**64, taken from running
    sums over the batch, and three neighbouring words are mixed into one 64-bit hash.
    """
    joined = [" ".join(words(text)) for text in texts]
    counts = np.array([text.count(" ") + 1 if text else 0 for text in joined], dtype=np.int64)
    hashed = _word_hashes(" ".join(text for text in joined if text).encode())
    firsts = np.concatenate(([0], np.cumsum(counts)))
    owner = np.repeat(np.arange(len(texts)), counts)
    place = np.arange(len(hashed)) - firsts[owner]
    short = counts[owner] < SHINGLE_WORDS
    begins = short | (place + SHINGLE_WORDS <= counts[owner])
    values = _mixed(hashed + _BASE)
    padded = np.concatenate((hashed, np.zeros(SHINGLE_WORDS - 1, np.uint64)))
    for ahead in range(1, SHINGLE_WORDS):
        following = _mixed(values * _BASE + padded[ahead : len(hashed) + ahead])
        values = np.where(short, values, following)
    return _sorted_once(values[begins], owner[begins], len(texts))


def _word_hashes(content: bytes) -> Hashes:
    """Hash of each word of a text whose words are parted by one space."""
    if not content:
        return np.zeros(0, np.uint64)
    codes = np.frombuffer(content, np.uint8).astype(np.uint64) + np.uint64(1)
    spaces = np.flatnonzero(codes == _SPACE + 1)
    starts = np.concatenate(([0], spaces + 1))
    ends = np.concatenate((spaces, [len(codes)]))
    with np.errstate(over="ignore"):
        powers = np.multiply.accumulate(np.full(len(codes), _BASE))
        sums = np.concatenate(([np.uint64(0)], np.cumsum(codes * powers)))
        back = np.multiply.accumulate(np.full(len(codes), _inverse(int(_BASE))))
        return _mixed((sums[ends] - sums[starts]) * back[starts])


def _inverse(odd: int) -> np.uint64:
    return np.uint64(pow(odd, -1, 1 << 64))


def _mixed(values: Hashes) -> Hashes:
    """Spread the information of every bit over all 64 (the finaliser of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))


def _sorted_once(values: Hashes, owner: NDArray[np.int64], count: int) -> Shingles:
    order = np.lexsort((values, owner))
    values, owner = values[order], owner[order]
    fresh = np.ones(len(values), dtype=bool)
    fresh[1:] = (values[1:] != values[:-1]) | (owner[1:] != owner[:-1])
    values, owner = values[fresh], owner[fresh]
    return Shingles(values, np.searchsorted(owner, np.arange(count + 1)))


def similarity(first: Hashes, second: Hashes) -> float:
    """Jaccard similarity of two sets of shingles (sorted, each once); 0 when one is empty."""
    if not len(first) or not len(second):
        return 0.0
    common = len(np.intersect1d(first, second, assume_unique=True))
    return common / (len(first) + len(second) - common)


@dataclass(frozen=True)
class MinHash:
    """Signatures of 128 fixed permutations, cut into bands that a pair at the threshold shares.

    Each permutation is a multiply-shift hash of 32 bits (Dietzfelbinger, 1996). A pair of similarity s
    shares at least one of b bands of r values with probability 1 - (1 - s**r)**b; r is the greatest
    number with which a pair at the threshold is found in 99.9 of 100 cases.
    """

    threshold: float

    @cached_property
    def rows(self) -> int:
        """Values of a signature in one band."""
        fitting = (r for r in range(PERMUTATIONS, 0, -1) if self._recall(r) >= RECALL)
        return next(fitting)

    @cached_property
    def bands(self) -> int:
        """Bands of a signature."""
        return PERMUTATIONS // self.rows

    def _recall(self, rows: int) -> float:
        return 1 - (1 - self.threshold**rows) ** (PERMUTATIONS // rows)

    @cached_property
    def _factors(self) -> tuple[Any, Any]:
        draw = np.random.Generator(np.random.PCG64(_SEED))
        odd = draw.integers(0, 1 << 64, PERMUTATIONS, np.uint64) | np.uint64(1)
        return odd, draw.integers(0, 1 << 64, PERMUTATIONS, np.uint64)

    def signatures(self, shingles: Shingles, permutations: int = PERMUTATIONS) -> NDArray[np.uint32]:
        """Least hash of each permutation, (texts with shingles, permutations), in the order of the texts."""
        filled = np.flatnonzero(np.diff(shingles.starts))
        values = shingles.values >> np.uint64(32)
        begins = shingles.starts[filled]
        found = np.empty((permutations, len(filled)), np.uint32)
        if not len(filled):
            return found.T
        scratch = np.empty_like(values)
        for number in range(permutations):
            np.multiply(values, self._factors[0][number], out=scratch)
            np.add(scratch, self._factors[1][number], out=scratch)
            upper_half = scratch.view(np.uint32)[1::2]  # of little-endian numbers
            np.minimum.reduceat(upper_half, begins, out=found[number])
        return found.T

    def band_keys(self, shingles: Shingles) -> tuple[NDArray[np.int64], Hashes]:
        """Numbers of the texts that have shingles, and the keys of their bands, (those texts, bands).

        Texts that agree in one key are candidates; keys of different bands differ.
        """
        used = self.rows * self.bands
        parts = self.signatures(shingles, used).reshape(-1, self.bands, self.rows).astype(np.uint64)
        keys = np.broadcast_to(np.arange(1, self.bands + 1, dtype=np.uint64), parts.shape[:2])
        for number in range(self.rows):
            keys = _mixed(keys * _BASE + parts[:, :, number])
        return np.flatnonzero(np.diff(shingles.starts)), keys
