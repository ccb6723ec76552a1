"""What cleaning decided about each row: kept, or out because of which other row; and its split key."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline_code.reviews.cleaning.duplicates import Found
from pipeline_code.reviews.reasons import Reason

DETAILS = {
    Reason.DUPLICATE_ID: "the id was read before: {}",
    Reason.CONFLICTING_LABELS: "the same text has another label: {}",
    Reason.EXACT_DUPLICATES: "the same text: {}",
    Reason.NEAR_DUPLICATES: "nearly the same text: {}",
}
_CODES = {reason: code for code, reason in enumerate(DETAILS, start=1)}
_BY_CODE = dict(zip(_CODES.values(), DETAILS, strict=True))


class Verdicts:
    """One byte and one number of 4 bytes for each row."""

    def __init__(self, rows: int) -> None:
        self._codes = np.zeros(rows, np.uint8)
        self._because = np.zeros(rows, np.uint32)
        self._keys: dict[int, str] = {}
        self._linked: NDArray[np.uint32] | None = None

    @property
    def any_kept(self) -> bool:
        """True if a row stays."""
        return not self._codes.all()

    def is_kept(self, rows: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """True for each of the rows that stays."""
        kept: NDArray[np.bool_] = self._codes[rows] == 0
        return kept

    def kept_in(self, first: int, count: int) -> NDArray[np.int64]:
        """Which rows stay of `count` from `first` on, counted from there."""
        return np.flatnonzero(self._codes[first : first + count] == 0)

    def remove(self, found: Found, reason: Reason) -> None:
        """Take rows out."""
        self._codes[found.rows] = _CODES[reason]
        self._because[found.rows] = found.because_of

    def removed(self, first: int, count: int) -> Iterator[tuple[int, Reason, str, int]]:
        """Yield number, reason, detail (with {} for a place) and explaining row of what is out in a range."""
        codes = self._codes[first : first + count]
        for offset in np.flatnonzero(codes).tolist():
            reason = _BY_CODE[int(codes[offset])]
            number = first + offset
            yield number, reason, DETAILS[reason], int(self._because[number])

    def link(self, components: NDArray[np.uint32], keys: dict[int, str]) -> None:
        """Let rows share a split key: `keys` of the linked components, by their name."""
        self._linked, self._keys = components, keys

    def split_key(self, number: int, group_id: str) -> str:
        """The key whose hash decides the split of a row."""
        if self._linked is None:
            return group_id
        return self._keys.get(int(self._linked[number]), group_id)
